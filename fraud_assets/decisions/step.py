"""gold.features → gold.decision_inputs and gold.scores: each new payment is scored and decided once.

The inputs are committed before the scores. A run that died between the two commits is completed by the next from the
inputs that were kept, so that both tables say the same.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow as pa

from fraud_assets.decisions import context as contexts
from fraud_assets.decisions import inputs
from fraud_assets.decisions.context import Context
from fraud_assets.decisions.policy import decide
from fraud_assets.declarations.policy.schema import Policy
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.features.compatibility import incompatibility
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.lake.staged import StagedFiles
from fraud_assets.lake.step_result import StepResult
from fraud_assets.models.algorithms.interface import Floats
from fraud_assets.models.model_store import Champion
from fraud_assets.parallel import CORES, each

if TYPE_CHECKING:
    from fraud_assets.models.artifact import TrainedModel

LANE = "batch"
_FACTS = [name for name in gold.SCORES.column_names if name in gold.FEATURES.column_names]
_INPUTS = ["source", "transaction_id", "score", "decided_at", "context"]


class Decided(NamedTuple):
    """Rows of gold.scores and, in the same order, of gold.decision_inputs."""

    scores: pl.DataFrame
    inputs: pa.Table


def score(source: Source, champion: Champion | None, policy: Policy, lake: Lake) -> StepResult:
    """Score and decide the source's new rows of gold.features; rows recomputed later change no decision.

    Without a champion the cursors stay, so that the first champion scores all payments so far. The result's notes are
    ``model_version``, None without a champion, and ``decisions``, how many there were of each.

    Raises:
        FraudError: the champion was trained on features that gold.features does not have, or has with other values.
    """
    result = StepResult(notes={"model_version": champion.version if champion else None})
    decisions: Counter[str] = Counter()
    result.written[gold.SCORES] = _complete(source.name, decisions, lake)
    todo = cursor.pending_by_target(gold.FEATURES, (gold.DECISION_INPUTS, gold.SCORES), source.name, lake)
    if todo:
        result.versions = todo[0].range
    if champion is not None and todo:
        context = Context(source, champion, policy)
        _require(context)
        result.written[gold.DECISION_CONTEXTS] = int(contexts.keep(context, lake))
        of_inputs, of_scores = todo
        written = _score(context, of_inputs, of_scores, decisions, lake)
        result.written.update(dict.fromkeys((gold.DECISION_INPUTS, gold.SCORES), written))
    result.notes["decisions"] = dict(decisions.most_common())
    return result


def _score(context: Context, of_inputs: Increment, of_scores: Increment, decisions: Counter[str], lake: Lake) -> int:
    """Write both tables in one pass, commit the inputs and then the scores; returns the decisions written."""
    needed = list(dict.fromkeys([*_FACTS, *context.champion.card.features, *inputs.FLAGS]))
    kept, scored = StagedFiles(of_inputs, lake), StagedFiles(of_scores, lake)
    loaded(context.champion.model)  # once, and not by every thread
    with ThreadPoolExecutor(CORES) as pool, ThreadPoolExecutor(1) as writer:
        gained = reading.read_batches(of_inputs, lake, needed)
        for made in each(pool, lambda payments: decided_by(context, payments), gained):
            keeping = writer.submit(kept.add, made.inputs)
            scored.add(made.scores)
            _count(made.scores, decisions)
            keeping.result()
    if kept.commit() != kept.rows:
        return 0  # another run has read the increment meanwhile; the next one completes what that left
    return scored.commit()


def decided_by(context: Context, payments: pl.DataFrame) -> Decided:
    """Rows of gold.features as decisions and their inputs."""
    from fraud_assets.models.artifact import rows, score_rows

    model = loaded(context.champion.model)
    vectors = rows(model, payments)
    scored = payments.with_columns(
        score=pl.Series(_probabilities(score_rows(model, vectors), context.champion.version)),
        decided_at=pl.lit(datetime.now(UTC), pl.Datetime("us", "UTC")),
        context=pl.lit(context.hash),
    )
    kept = scored.select(*_INPUTS, inputs.watchlist_hits(payments))
    return Decided(
        _scores(scored, context.policy, context.champion.card.threshold, context.champion.version),
        kept.to_arrow(compat_level=pl.CompatLevel.oldest()).append_column("vector", inputs.encoded(vectors)),
    )


def _probabilities(scores: Floats, version: int) -> Floats:
    """The scores, each a number from 0 to 1: files written outside Delta's writer pass no CHECK constraint."""
    if not ((scores >= 0) & (scores <= 1)).all():
        raise FraudError(f"model version {version} gave a score that is no probability; train again: fraud run train")
    return scores


def _scores(scored: pl.DataFrame, policy: Policy, threshold: float, model_version: int) -> pl.DataFrame:
    facts = scored.with_columns(model_version=pl.lit(model_version, pl.Int32), lane=pl.lit(LANE))
    return decide(policy, facts, threshold).select(gold.SCORES.column_names)


def _complete(source: str, decisions: Counter[str], lake: Lake) -> int:
    """Write the scores of inputs that a run kept before it died; returns how many."""
    kept, scored = (
        cursor.last_read_version(gold.FEATURES, table, source, lake) for table in (gold.DECISION_INPUTS, gold.SCORES)
    )
    if kept == scored:
        return 0
    assert kept is not None  # inputs are committed first
    (of_scores,) = cursor.pending_by_target(gold.FEATURES, (gold.SCORES,), source, lake)
    behind = replace(of_scores, last=kept)
    return writing.append_batches(_again(behind, decisions, lake), behind, lake)


def _again(increment: Increment, decisions: Counter[str], lake: Lake) -> Iterator[pl.DataFrame]:
    """The rows of gold.scores that follow from the inputs that were kept for an increment."""
    names = ["transaction_id", "score", "decided_at", "context"]
    kept = lake.scan(gold.DECISION_INPUTS).filter(pl.col("source") == increment.source).select(names).collect()
    for facts in reading.read_batches(increment, lake, _FACTS):
        for (context,), scored in facts.join(kept, on="transaction_id").group_by("context"):
            made = _scores(scored, *contexts.rules(increment.source, str(context), lake))
            _count(made, decisions)
            yield made


def _count(scores: pl.DataFrame, decisions: Counter[str]) -> None:
    decisions.update(dict(scores["decision"].value_counts().iter_rows()))


def _require(context: Context) -> None:
    champion, source = context.champion, context.source.name
    reason = incompatibility(champion.card.features, champion.card.features_fingerprint)
    if reason:
        raise FraudError(
            f"model version {champion.version} {reason}; train again: fraud run train --source {source}, "
            "or score with the release that trained it"
        )


@lru_cache(maxsize=4)
def loaded(model: bytes) -> "TrainedModel":
    """The model of its bytes, loaded once in a process."""
    from fraud_assets.models.artifact import from_bytes

    return from_bytes(model)
