"""gold.features → gold.scores: new payments get a score from the champion and a decision from the policy, once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from fraud_assets.decisions.policy import Policy
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.lake import increments
from fraud_assets.lake.location import Lake
from fraud_assets.models.model_store import Champion
from fraud_assets.parallel import each

if TYPE_CHECKING:
    from fraud_assets.models.artifact import TrainedModel

LANE = "batch"
AT_ONCE = 2
"""Batches scored at once: a model uses all cores for one, but not all of the time."""


@dataclass(frozen=True)
class Scored:
    """What a step did; without a champion nothing is scored and ``model_version`` is None."""

    versions: str
    written: int
    model_version: int | None
    decisions: dict[str, int]


def score(source: str, champion: Champion | None, policy: Policy, lake: Lake) -> Scored:
    """Score what gold.features gained for the source; a feature repaired later changes no decision.

    Without a champion the position stays, so that its first one scores all that came before it.

    Raises:
        FraudError: the champion needs features that gold.features no longer has.
    """
    increment = increments.pending(gold.FEATURES, gold.SCORES, source, lake)
    if champion is None or increment is None:
        return Scored(increment.range if increment else "nothing new", 0, champion.version if champion else None, {})
    _require(champion)
    facts = [name for name in gold.SCORES.column_names if name in gold.FEATURES.column_names]
    needed = list(dict.fromkeys([*facts, *champion.card.features]))
    decisions: Counter[str] = Counter()

    def decided() -> Iterator[pl.DataFrame]:
        gained = increments.batches(increment, lake, needed)
        loaded(champion.model)  # once, and not by both threads
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for made in each(pool, lambda payments: decide(payments, champion, policy), gained, AT_ONCE):
                decisions.update(dict(made["decision"].value_counts().iter_rows()))
                yield made

    written = increments.append_batches(decided(), increment, lake)
    return Scored(increment.range, written, champion.version, dict(decisions.most_common()))


def decide(payments: pl.DataFrame, champion: Champion, policy: Policy) -> pl.DataFrame:
    """Rows of gold.features as rows of gold.scores."""
    from fraud_assets.models.artifact import score

    facts = payments.with_columns(
        score=pl.Series(score(loaded(champion.model), payments)),
        model_version=pl.lit(champion.version, pl.Int32),
        lane=pl.lit(LANE),
        decided_at=pl.lit(datetime.now(UTC)),
    )
    return policy.decide(facts, champion.card.threshold).select(gold.SCORES.column_names)


def _require(champion: Champion) -> None:
    missing = sorted(set(champion.card.features) - set(gold.FEATURES.column_names))
    if missing:
        raise FraudError(
            f"model version {champion.version} needs features that {gold.FEATURES.full_name} does not have: "
            f"{', '.join(missing)}; train again"
        )


@lru_cache(maxsize=4)
def loaded(model: bytes) -> "TrainedModel":
    """The model of its bytes, loaded once in a process."""
    from fraud_assets.models.artifact import from_bytes

    return from_bytes(model)
