"""gold.features → gold.scores: new payments get a score from the champion and a decision from the policy, once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from fraud_assets.errors import FraudError
from fraud_assets.lake import increments, reads
from fraud_assets.lake.increments import SMALL, Increment
from fraud_assets.scoring.policy import Policy
from fraud_assets.tables import gold
from fraud_assets.training.champion import Champion

if TYPE_CHECKING:
    from fraud_assets.training.model import Model

LANE = "batch"


@dataclass(frozen=True)
class Scored:
    """What a step did; without a champion nothing is scored and ``model_version`` is None."""

    versions: str
    written: int
    model_version: int | None
    decisions: dict[str, int]


def score(spark: SparkSession, source: str, champion: Champion | None, policy: Policy, lake: str) -> Scored:
    """Score what gold.features gained for the source; a feature repaired later changes no decision.

    Without a champion the position stays, so that its first one scores all that came before it.

    Raises:
        FraudError: the champion needs features that gold.features no longer has.
    """
    increment = increments.pending(gold.FEATURES, gold.SCORES, source, lake)
    if champion is None or increment is None:
        return Scored(increment.range if increment else "nothing new", 0, champion.version if champion else None, {})
    before = reads.version(gold.SCORES, lake) or 0
    if increments.size(increment, lake) <= SMALL:
        gained = increments.rows(increment, lake, gold.FEATURES.column_names)
        _require(champion, gained.columns)
        written = increments.append_here(decide(gained, champion, policy), increment, lake)
    else:
        features = increments.read(spark, increment, lake)
        written = increments.append(spark, scored(features, champion, policy), increment, lake)
    decisions = _decisions(source, before + 1, lake) if written else {}
    return Scored(increment.range, written, champion.version, decisions)


def _decisions(source: str, first: int, lake: str) -> dict[str, int]:
    """How many payments each decision was taken for, from a version of gold.scores on."""
    last = reads.version(gold.SCORES, lake) or 0
    made = increments.rows(Increment(gold.SCORES, gold.SCORES, source, first, last, ""), lake, ["decision"])
    return dict(made["decision"].value_counts(sort=True).iter_rows())


def decide(payments: pl.DataFrame, champion: Champion, policy: Policy) -> pl.DataFrame:
    """Rows of gold.features as rows of gold.scores."""
    from fraud_assets.training.model import score

    if payments.is_empty():
        return payments
    facts = payments.with_columns(
        score=pl.Series(score(loaded(champion.model), payments)),
        model_version=pl.lit(champion.version, pl.Int32),
        lane=pl.lit(LANE),
        decided_at=pl.lit(datetime.now(UTC)),
    )
    return policy.decide(facts, champion.card.threshold).select(gold.SCORES.column_names)


def scored(features: DataFrame, champion: Champion, policy: Policy) -> DataFrame:
    """As `decide`, by Spark's workers."""
    _require(champion, features.columns)
    facts = [name for name in gold.SCORES.column_names if name in features.columns]
    needed = features.select(list(dict.fromkeys([*facts, *champion.card.features])))
    schema = ", ".join(f"`{column.name}` {column.type}" for column in gold.SCORES.columns)
    return needed.mapInArrow(_scorer(champion, policy), schema)


def _require(champion: Champion, columns: list[str]) -> None:
    missing = sorted(set(champion.card.features) - set(columns))
    if missing:
        raise FraudError(
            f"model version {champion.version} needs features that {gold.FEATURES.full_name} does not have: "
            f"{', '.join(missing)}; train again"
        )


@lru_cache(maxsize=4)
def loaded(model: bytes) -> "Model":
    """The model of its bytes, loaded once in each worker; one thread, as every core has a worker."""
    from fraud_assets.training.model import from_bytes

    return from_bytes(model, threads=1)


def _scorer(champion: Champion, policy: Policy) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    lean = replace(champion, card=replace(champion.card, reference={}))  # what the workers need, and no more

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            decided = decide(pl.DataFrame(pl.from_arrow(batch)), lean, policy)
            yield from decided.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()

    return work
