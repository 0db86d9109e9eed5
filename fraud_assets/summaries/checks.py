"""Dagster wiring of the checks on the business summaries."""

from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg

from fraud_assets.declarations.tables import Table, gold
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import checks
from fraud_assets.settings import settings
from fraud_assets.summaries import activity
from fraud_assets.summaries.reconciliation import reconcile

CONSERVATION = "every payment of silver, as far as it was read, is counted once"


def _conserved(table: Table) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=f"{table.name}_checks", specs=[checks.check_spec(table, "conservation", CONSERVATION)])
    def summary_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        """Nothing lost, nothing twice."""
        found = reconcile(table, context.partition_key, Lake.of(settings()))
        yield checks.result(table, "conservation", found.balanced, asdict(found))

    return summary_checks


hourly_category_summary_checks = _conserved(gold.HOURLY_CATEGORY_SUMMARY)
customer_profiles_checks = _conserved(gold.CUSTOMER_PROFILES)


@dg.multi_asset_check(
    specs=[
        checks.check_spec(
            gold.ACTIVITY_WINDOWS,
            "conservation",
            "no payment is twice in the one-minute windows; those that came too late for theirs are counted",
        )
    ]
)
def activity_windows_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Payments = in closed windows + in open windows + too late."""
    stand = activity.reconcile(context.partition_key, Lake.of(settings()))
    facts = {name: getattr(stand, name) for name in ("payments", "closed", "open", "late", "corrected")}
    yield checks.result(gold.ACTIVITY_WINDOWS, "conservation", stand.balanced, facts)
