"""gold.features → gold.decision_inputs and gold.scores: each new payment is scored and decided once.

The inputs are committed before the scores. A run that died between the two commits is completed by the next from the
inputs that were kept, so that both tables say the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from fraud_assets.decisions import context as contexts
from fraud_assets.decisions import inputs
from fraud_assets.decisions.context import Context
from fraud_assets.decisions.policy import decide
from fraud_assets.declarations.features.catalogue import of_names
from fraud_assets.declarations.policy.schema import Policy
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.features.fingerprint import fingerprint
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.models.model_store import Champion
from fraud_assets.parallel import CORES, Feed, each

if TYPE_CHECKING:
    from fraud_assets.models.artifact import TrainedModel

LANE = "batch"
_FACTS = [name for name in gold.SCORES.column_names if name in gold.FEATURES.column_names]
_INPUTS = ["source", "transaction_id", "score", "decided_at"]


@dataclass(frozen=True)
class Scored:
    """Result of the step; without a champion nothing is scored and ``model_version`` is None.

    ``contexts`` counts those that decided for the first time.
    """

    versions: str
    written: int
    contexts: int
    model_version: int | None
    decisions: dict[str, int]


class Decided(NamedTuple):
    """Rows of gold.scores and, in the same order, of gold.decision_inputs."""

    scores: pl.DataFrame
    inputs: pl.DataFrame


def score(source: Source, champion: Champion | None, policy: Policy, lake: Lake) -> Scored:
    """Score and decide the source's new rows of gold.features; rows recomputed later change no decision.

    Without a champion the cursors stay, so that the first champion scores all payments so far.

    Raises:
        FraudError: the champion was trained on features that gold.features does not have, or has with other values.
    """
    decisions: Counter[str] = Counter()
    completed = _complete(source.name, decisions, lake)
    todo = cursor.pending_by_target(gold.FEATURES, (gold.DECISION_INPUTS, gold.SCORES), source.name, lake)
    version = champion.version if champion else None
    if champion is None or not todo:
        return Scored(todo[0].range if todo else "nothing new", completed, 0, version, dict(decisions))
    context = Context(source, champion, policy)
    _require(context)
    new = contexts.keep(context, lake)
    needed = list(dict.fromkeys([*_FACTS, *champion.card.features, *inputs.FLAGS]))

    def decided() -> Iterator[Decided]:
        loaded(champion.model)  # once, and not by every thread
        with ThreadPoolExecutor(CORES) as pool:
            gained = reading.read_batches(todo[0], lake, needed)
            for made in each(pool, lambda payments: decided_by(context, payments), gained):
                _count(made.scores, decisions)
                yield made

    of_inputs, of_scores = todo
    written = _write(decided(), of_inputs, of_scores, lake)
    return Scored(todo[0].range, completed + written, int(new), version, dict(decisions.most_common()))


def decided_by(context: Context, payments: pl.DataFrame) -> Decided:
    """Rows of gold.features as decisions and their inputs."""
    from fraud_assets.models.artifact import rows, score_rows

    model = loaded(context.champion.model)
    vectors = rows(model, payments)
    scored = payments.with_columns(
        score=pl.Series(score_rows(model, vectors)), decided_at=pl.lit(datetime.now(UTC), pl.Datetime("us", "UTC"))
    )
    kept = scored.select(_INPUTS).with_columns(
        inputs.encoded(vectors), inputs.watchlist_hits(payments), context=pl.lit(context.hash)
    )
    return Decided(
        _scores(scored, context.policy, context.champion.card.threshold, context.champion.version),
        kept.select(gold.DECISION_INPUTS.column_names),
    )


def _scores(scored: pl.DataFrame, policy: Policy, threshold: float, model_version: int) -> pl.DataFrame:
    facts = scored.with_columns(model_version=pl.lit(model_version, pl.Int32), lane=pl.lit(LANE))
    return decide(policy, facts, threshold).select(gold.SCORES.column_names)


def _write(decided: Iterable[Decided], of_inputs: Increment, of_scores: Increment, lake: Lake) -> int:
    """Write both tables as one stream of batches; the scores are committed when the inputs are."""
    feed: Feed[pl.DataFrame] = Feed(CORES)

    def scores() -> Iterator[pl.DataFrame]:
        for made in decided:
            feed.put(made.inputs)
            yield made.scores
        feed.end()
        kept.result()

    def keep() -> int:
        try:
            return writing.append_batches(feed, of_inputs, lake)
        finally:
            feed.abandon()

    with ThreadPoolExecutor(1) as pool:
        kept = pool.submit(keep)
        try:
            return writing.append_batches(scores(), of_scores, lake)
        finally:
            feed.end(FraudError("the decisions of these inputs were not made"))


def _complete(source: str, decisions: Counter[str], lake: Lake) -> int:
    """Write the scores of inputs that a run kept before it died; returns how many."""
    kept, scored = (
        cursor.last_read_version(gold.FEATURES, table, source, lake) for table in (gold.DECISION_INPUTS, gold.SCORES)
    )
    if kept == scored:
        return 0
    if scored is not None and (kept is None or kept < scored):  # they were scored before inputs were kept
        (of_inputs,) = cursor.pending_by_target(gold.FEATURES, (gold.DECISION_INPUTS,), source, lake)
        writing.skip(replace(of_inputs, last=scored), lake)
        return 0
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
    missing = sorted(set(champion.card.features) - set(gold.FEATURES.column_names))
    if missing:
        raise FraudError(
            f"model version {champion.version} needs features that {gold.FEATURES.full_name} does not have: "
            f"{', '.join(missing)}; train again: fraud run train --source {source}"
        )
    now = fingerprint(of_names(champion.card.features))
    if now != champion.card.features_fingerprint:
        raise FraudError(
            f"model version {champion.version} was trained on features that are computed otherwise now (fingerprint "
            f"{champion.card.features_fingerprint}, now {now}); train again: fraud run train --source {source}, "
            "or score with the release that trained it"
        )


@lru_cache(maxsize=4)
def loaded(model: bytes) -> "TrainedModel":
    """The model of its bytes, loaded once in a process."""
    from fraud_assets.models.artifact import from_bytes

    return from_bytes(model)
