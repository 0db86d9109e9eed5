"""Dagster wiring of the checks on gold.scores."""

from collections.abc import Iterator

import dagster as dg

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import cursor, reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import checks
from fraud_assets.settings import settings


@dg.multi_asset_check(
    specs=[
        checks.check_spec(gold.SCORES, "complete", "every payment with features is scored, once there is a champion"),
        *checks.key_checks(gold.SCORES),
        checks.check_spec(gold.DECISION_INPUTS, "complete", "every score has its inputs, and every input its score"),
        *checks.key_checks(gold.DECISION_INPUTS),
    ]
)
def score_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """A decision for every payment, once, and the inputs of each."""
    source, lake = context.partition_key, Lake.of(settings())
    features, scores = (reads.count(table, lake, source) for table in (gold.FEATURES, gold.SCORES))
    waiting = cursor.last_read_version(gold.FEATURES, gold.SCORES, source, lake) is None
    yield checks.result(
        gold.SCORES,
        "complete",
        waiting or features == scores,
        {"features": features, "scores": scores, "waiting_for_a_champion": waiting},
    )
    yield from checks.key_results(gold.SCORES, source)
    kept = reads.count(gold.DECISION_INPUTS, lake, source)
    yield checks.result(gold.DECISION_INPUTS, "complete", kept == scores, {"inputs": kept, "scores": scores})
    yield from checks.key_results(gold.DECISION_INPUTS, source)
