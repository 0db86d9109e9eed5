"""A seeded lake that conforms to the declared tables, written without Spark, for the dashboard's tests.

Run as a program it writes one: ``python -m fraud_assets_tests.streamlit_app.dashboard_lake FOLDER [TRANSACTIONS]``.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.lake import cursor, writing
from fraud_assets.lake.location import Lake
from fraud_assets_tests.lakes import SOURCE, write

LooksAt = Callable[[Lake], None]
"""The fixture that points this process's settings at a lake."""
Serve = Callable[[Lake], str]
"""The fixture that starts the dashboard on a lake; it gives the address."""

DAYS = 90
LABEL_DELAY = np.timedelta64(7, "D")  # as sources/catalogue/cards.yaml has it
NOW = datetime.now(UTC).replace(microsecond=0)
HOSTILE = '<script>alert("x")</script>![i](http://evil.test/i.png)'
NOT_UTF8 = b'\xff\xfe{"amount": -1}\x00<b>bold</b>'
RISK = ("medium", "high", "critical")


def write_lake(lake: Lake, transactions: int = 20_000, seed: int = 1) -> None:
    """Every table the dashboard reads: 90 days of payments ending now, about 2 % of them alerts."""
    rng = np.random.default_rng(seed)
    now = np.datetime64(NOW.replace(tzinfo=None), "us")
    ago = np.sort(rng.uniform(0, DAYS * 86_400, transactions))[::-1]
    event = now - (ago * 1e6).astype("timedelta64[us]") - np.timedelta64(30, "s")
    ids = np.array([f"t{i:07d}" for i in range(transactions)])
    merchants = np.array([f"m{i}" for i in rng.integers(0, 2000, transactions)], dtype=object)
    merchants[-1] = HOSTILE
    amount = np.round(rng.gamma(2, 30, transactions), 2)

    def after(low: float, high: float) -> np.ndarray:
        return (rng.uniform(low, high, transactions) * 1e6).astype("timedelta64[us]")

    processed = event + after(1, 6)
    computed = processed + after(1, 4)
    decided = computed + after(0.5, 3)
    payment = {
        "transaction_id": ids,
        "event_time": event,
        "customer_id": np.array([f"c{i}" for i in rng.integers(0, 1000, transactions)]),
        "merchant_id": merchants,
        "amount": amount,
        "kafka_time": event,
    }
    offsets = np.arange(transactions)
    stood = {"topic": "cards", "partition": np.zeros(transactions, int), "offset": offsets, "kafka_time": event}
    write(bronze.TRANSACTIONS, lake, {**stood, "value": [b"{}"] * transactions, "ingested_at": event})
    write(
        silver.TRANSACTIONS,
        lake,
        {
            **payment,
            **stood,
            "currency": "EUR",
            "country": "NL",
            "channel": "pos",
            "ingested_at": event,
            "processed_at": processed,
        },
    )
    values = {f.name: rng.normal(size=transactions) for f in FEATURES if f.name != "amount"}
    write(gold.FEATURES, lake, {**payment, **values, "features_fingerprint": "f1", "computed_at": computed})

    score = rng.beta(0.3, 12, transactions)
    top = rng.choice(transactions, transactions // 50, replace=False)
    top[0] = transactions - 1
    score[top] = rng.uniform(0.5, 0.999, top.size)
    score[-1] = 0.9999
    level = np.select([score >= 0.9, score >= 0.75, score >= 0.5], ["critical", "high", "medium"], "low")
    decision = np.select([score >= 0.9, score >= 0.5], ["block", "review"], "approve")
    judged = {
        **payment,
        "score": score,
        "risk_level": level,
        "decision": decision,
        "model_version": np.full(transactions, 2),
    }
    write(
        gold.SCORES,
        lake,
        {
            **judged,
            "context": "c1",
            "policy_hash": "p1",
            "lane": "batch",
            "decided_at": decided,
        },
    )
    flagged = np.flatnonzero(decision != "approve")
    reasons = [_reasons(rng, amount[i]) for i in flagged]
    write(
        gold.ALERTS,
        lake,
        {
            **{k: v[flagged] for k, v in judged.items() if k != "kafka_time"},
            "reasons": reasons,
            "raised_at": decided[flagged],
        },
    )

    known = event + LABEL_DELAY
    share = np.where(decision != "approve", 0.4, 0.002)
    fraud = np.flatnonzero((known < now) & (rng.random(transactions) < share))
    write(
        silver.LABELS,
        lake,
        {
            "transaction_id": ids[fraud],
            "is_fraud": np.full(fraud.size, True),
            "origin": "chargeback",
            "known_at": known[fraud],
        },
    )
    _write_drift(lake, rng)
    _write_operations(lake, rng, event)


def _reasons(rng: np.random.Generator, amount: float) -> list[dict[str, Any]]:
    names = rng.choice([f.name for f in FEATURES if f.name != "amount"], 4, replace=False)
    sizes = np.sort(rng.exponential(0.8, 4))[::-1]
    raised = [
        {"feature": str(n), "value": _plausible(rng, str(n)), "contribution": float(s)}
        for n, s in zip(names, sizes, strict=True)
    ]
    return [{"feature": "amount", "value": float(amount), "contribution": 2.2}, *raised]


def _plausible(rng: np.random.Generator, feature: str) -> float:
    if feature.startswith("time_"):
        return float(rng.integers(0, 2))
    return float(rng.random()) if "mean_fraud" in feature else float(np.round(rng.gamma(2, 20)))


def _write_drift(lake: Lake, rng: np.random.Generator) -> None:
    names = [*(f.name for f in FEATURES), "score"]
    for day in range(14, -1, -1):
        end = NOW - timedelta(days=day)
        psi = rng.exponential(0.03, len(names))
        psi[0], psi[3] = 0.31 - day * 0.018, 0.16 - day * 0.005
        write(
            gold.DRIFT,
            lake,
            {
                "model_version": np.full(len(names), 2),
                "feature": names,
                "psi": psi,
                "rows": np.full(len(names), 13_000),
                "window_start": [end - timedelta(days=7)] * len(names),
                "window_end": [end] * len(names),
                "computed_at": [end] * len(names),
            },
        )


def _write_operations(lake: Lake, rng: np.random.Generator, event: np.ndarray) -> None:
    metrics = ("auc_roc", "average_precision", "card_precision_100", "precision", "recall", "caught")
    for version, base in ((1, 0.0), (2, 0.02)):
        trained = NOW - timedelta(days=14 - 7 * version)
        write(
            gold.MODEL_PERFORMANCE,
            lake,
            {
                "model_version": np.full(len(metrics), version),
                "metric": metrics,
                "value": np.array([0.85, 0.62, 0.28, 0.71, 0.58, 1234]) + base,
                "role": "champion",
                "run_id": f"run{version}",
                "test_start": [trained - timedelta(days=7)] * len(metrics),
                "test_end": [trained] * len(metrics),
                "computed_at": [trained] * len(metrics),
            },
        )
    for run in range(40):
        started = NOW - timedelta(minutes=3 * run + 1)
        steps = ["bronze", "silver", "features", "scores", "alerts"]
        failed = run == 5
        status = ["success", "failure", "skipped", "skipped", "skipped"] if failed else ["success"] * 5
        seconds = np.where(np.array(status) == "skipped", 0, rng.uniform(0.5, 3, 5))
        ends = [started + timedelta(seconds=float(s)) for s in np.cumsum(seconds)]
        write(
            gold.PIPELINE_RUNS,
            lake,
            {
                "run_id": f"run-{run:03d}",
                "job": "refresh",
                "step": steps,
                "status": status,
                "seconds": seconds,
                "started_at": [started, *ends[:-1]],
                "ended_at": ends,
            },
        )
    values = [b"not json", b'{"amount": -5, "id": "a"}', NOT_UTF8, HOSTILE.encode()] * 15
    why = [["not JSON"], ["amount is negative"], ["not JSON", "amount is negative"], ["event_time is impossible"]] * 15
    bad = len(values)
    write(
        silver.QUARANTINE,
        lake,
        {
            "stream": "transactions",
            "topic": "cards",
            "partition": np.zeros(bad, int),
            "offset": event.size + np.arange(bad),
            "kafka_time": event[-bad:],
            "value": values,
            "reasons": why,
            "quarantined_at": event[-bad:],
        },
    )
    write(
        silver.QUARANTINE_ACTIONS,
        lake,
        {
            "stream": "transactions",
            "topic": "cards",
            "partition": [0],
            "offset": [event.size],
            "attempt": [1],
            "action": "discard",
            "who": "ann",
            "why": "a test of ours",
            "acted_at": [NOW],
        },
    )
    write(
        silver.DUPLICATES,
        lake,
        {
            "stream": "transactions",
            "topic": "cards",
            "partition": np.zeros(25, int),
            "offset": event.size + bad + np.arange(25),
            "kafka_time": event[-25:],
            "transaction_id": [f"t{i:07d}" for i in range(25)],
            "found_at": event[-25:],
        },
    )
    extra = bad + 25
    write(
        bronze.TRANSACTIONS,
        lake,
        {
            "topic": "cards",
            "partition": np.zeros(extra, int),
            "offset": event.size + np.arange(extra),
            "kafka_time": event[-extra:],
            "value": [b"{}"] * extra,
            "ingested_at": event[-extra:],
        },
    )
    read = cursor.pending(bronze.TRANSACTIONS, silver.TRANSACTIONS, SOURCE, lake)
    assert read is not None
    writing.skip(read, lake)  # silver holds what it took of them, so only the position is due


if __name__ == "__main__":
    write_lake(Lake(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 170_000)
