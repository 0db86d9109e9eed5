"""How long a live payment takes from Kafka until the dashboard can show its decision, the whole stack running.

As in ``fraud demo``: a history, a refresh that the sensor starts, a model, then live payments. The value is the median
over the payments of a round, of three rounds the middle one; the baseline is how long a refresh runs, which leaves out
the wait for the sensor and for the refresh before.
"""

import time
from statistics import median
from typing import Any

from rich.console import Console

from fraud_assets.declarations.sources.source import named
from fraud_assets.demo import history, pipeline
from fraud_assets.demo.watch import Delays, Watch
from fraud_assets.errors import FraudError
from fraud_assets.orchestration.jobs import Job
from fraud_assets.settings import settings
from fraud_assets.signals import stopped_by_signals
from fraud_assets.stack import operate

GOAL = 15.0  # seconds
ROUNDS = 3
ROUND_S = 60
LEAST = 60  # decided payments in a round, or it goes on for at most `PATIENCE_S`
PATIENCE_S = 240
RATE = 3.0  # payments a second
CUSTOMERS, TERMINALS, DAYS = 1_000, 2_000, 90

console = Console(stderr=True, highlight=False)


def run() -> dict[str, Any]:
    """Seconds from Kafka's time of a payment to its decision in the lake."""
    here, source = settings(), named("cards")
    operate.up(here)
    past = history.starting_now(CUSTOMERS, TERMINALS, 0, DAYS)
    watch = Watch(here, console.print)
    pipeline.send_history(past, source, here, lambda: None)
    pipeline.until_scored(source, here, watch, console.status, is_new=True)
    watch.seen.clear()
    medians = []
    with stopped_by_signals() as stop, pipeline.live_traffic(past, source, here, RATE, stop):
        for _ in range(ROUNDS):
            delays = Delays(here, source.name)
            delays.watch(watch, stop, ROUND_S)
            until = time.monotonic() + PATIENCE_S
            while len(delays.seen) < LEAST and time.monotonic() < until:
                delays.watch(watch, stop, 1)
            if not delays.seen:
                raise FraudError(f"no live payment was decided in {ROUND_S + PATIENCE_S} s; see `fraud status`")
            medians.append(median(delays.seen.values()))
    value = median(medians)
    baseline = median(
        each.ended - each.started
        for each in watch.seen.values()
        if each.job == Job.REFRESH and each.started and each.ended
    )
    return {
        "name": "event_to_dashboard_s",
        "value": round(value, 1),
        "unit": "s",
        "baseline": round(baseline, 1),
        "ratio": round(value / baseline, 2),
        "goal": GOAL,
        "met": value <= GOAL,
        "spread": round(max(medians) - min(medians), 1),
    }
