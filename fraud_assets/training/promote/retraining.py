"""When a source's model is trained before its time: enough new labels, or payments that have moved away.

What belongs here: what is looked at in the lake, and the decision. Starting the run is sensors.py's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from fraud_assets.declarations.sources.model import Retrain
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

AT_MOST_EVERY = timedelta(days=1)
"""A model that did not help is not trained again at once on much the same payments."""


@dataclass(frozen=True)
class Observation:
    """The newest model of a source, the labels known since it was trained, and the widest drift measured since."""

    source: str
    version: int
    trained_at: datetime
    new_labels: int
    drift: float | None
    drifted: str | None


@dataclass(frozen=True)
class Decision:
    """Whether to train, and why or why not; the same model gives the same run key."""

    run_key: str | None
    reason: str


def decide(seen: Observation, asked: Retrain, now: datetime) -> Decision:
    """Train if enough labels are new or anything has drifted far enough, and the newest model is a day old."""
    if now - seen.trained_at < AT_MOST_EVERY:
        return Decision(None, f"{seen.source}: version {seen.version} was trained within a day")
    if asked.labels is not None and seen.new_labels >= asked.labels:
        return Decision(_key(seen), f"{seen.source}: {seen.new_labels:,} new labels, {asked.labels:,} asked for")
    if asked.drift is not None and seen.drift is not None and seen.drift >= asked.drift:
        return Decision(_key(seen), f"{seen.source}: {seen.drifted} drifted by {seen.drift:.2f} PSI")
    return Decision(None, f"{seen.source}: {seen.new_labels:,} new labels, drift {seen.drift or 0:.2f}")


def observe(source: Source, lake: Lake) -> Observation | None:
    """What the lake says of a source; None before its first model."""
    performance, mine = reads.scan(gold.MODEL_PERFORMANCE, lake), pl.col("source") == source.name
    if performance is None:
        return None
    newest = performance.filter(mine).top_k(1, by="model_version").collect()
    if newest.is_empty():
        return None
    version, test_end, trained_at = newest.select("model_version", "test_end", "computed_at").row(0)
    labels, drift = reads.scan(silver.LABELS, lake), reads.scan(gold.DRIFT, lake)
    new_labels = 0
    if labels is not None:
        used_until = test_end + source.label_delay
        new_labels = labels.filter(mine, pl.col("known_at") > used_until).select(pl.len()).collect().item()
    drifted: tuple[str, float] | tuple[None, None] = (None, None)
    if drift is not None:
        since = drift.filter(mine, pl.col("window_end") > trained_at).collect()
        latest = since.filter(pl.col("window_end") == pl.col("window_end").max())
        if latest.height:
            drifted = latest.top_k(1, by="psi").select("feature", "psi").row(0)
    return Observation(source.name, version, trained_at, new_labels, drifted[1], drifted[0])


def _key(seen: Observation) -> str:
    return f"{seen.source}-after-version-{seen.version}"
