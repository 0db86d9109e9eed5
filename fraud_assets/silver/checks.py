"""Dagster wiring of the checks on silver."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from fraud_assets.declarations.tables import silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import checks
from fraud_assets.settings import settings
from fraud_assets.silver.reconciliation import reconcile

FRESH_WITHIN = timedelta(hours=24)


@dg.multi_asset_check(
    specs=[
        checks.check_spec(
            silver.TRANSACTIONS,
            "conservation",
            "every bronze record is in silver, a duplicate, a correction, in quarantine or discarded",
            blocking=True,
        ),
        *checks.key_checks(silver.TRANSACTIONS),
        checks.check_spec(silver.TRANSACTIONS, "freshness", f"the newest payment is at most {FRESH_WITHIN} old"),
    ]
)
def silver_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Reconciliation, unique and complete keys, freshness."""
    source, lake = context.partition_key, Lake.of(settings())
    reconciled = reconcile(source, lake)
    yield checks.result(
        silver.TRANSACTIONS,
        "conservation",
        all(stream.balanced for stream in reconciled),
        {stream.stream: str(stream) for stream in reconciled},
    )
    yield from checks.key_results(silver.TRANSACTIONS, source)
    newest = reads.newest_time(silver.TRANSACTIONS, lake, source)
    age = datetime.now(UTC) - newest if newest else None
    yield checks.result(
        silver.TRANSACTIONS,
        "freshness",
        age is not None and age <= FRESH_WITHIN,
        {"newest_payment": str(newest), "age": str(age)},
        dg.AssetCheckSeverity.WARN,
    )
