"""How long all features of a payment take as it arrives, on one core, in micro-batches of 1, 16 and 200.

A stream of simulated card payments and their chargebacks, in the order in which they arrive, over customers and
merchants with four months of history. The time is that of ``LiveFeatures.add`` and ``label``; the median of the rounds.
"""

import os
import sys
from typing import Any

GOAL, STRETCH = 300.0, 50.0  # µs a payment in batches of 200
SIZES = {1: 150, 16: 800, 200: 8_000}
"""Payments that are timed, by size of the micro-batch."""
ROUNDS = 3


def run() -> dict[str, Any]:
    """Microseconds a payment for all declared features."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        live = warmed_up()
        found = {size: _timed(live, size) for size in SIZES}
    finally:
        os.sched_setaffinity(0, cores)
    print(f"features_live_us: {found}; {live.rows:,} events are kept", file=sys.stderr)
    return {
        "name": "features_live_us",
        "value": found[200],
        "unit": "µs/payment",
        **{f"in_batches_of_{size}": value for size, value in found.items()},
        "events_kept": live.rows,
        "goal": GOAL,
        "stretch": STRETCH,
        "met": found[200] <= GOAL,
    }
