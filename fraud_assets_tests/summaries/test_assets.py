"""The job ``summaries`` as Dagster runs it: every summary, every check."""

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.definitions import defs
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_the_job_makes_every_summary_and_its_checks_pass(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([payment(number) for number in range(5)]))
    bronze_to_silver(spark, named("cards"), "transactions", tables)
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def("summaries").execute_in_process(partition_key="cards", instance=instance)
    assert result.success
    checks = {check.asset_key.path[1]: check for check in result.get_asset_check_evaluations()}
    assert set(checks) == {"hourly_category_summary", "customer_profiles", "activity_windows"}
    assert all(check.passed for check in checks.values())
    assert checks["activity_windows"].metadata["open"].value == 5
    made = (gold.HOURLY_CATEGORY_SUMMARY, gold.CUSTOMER_PROFILES, gold.MERCHANT_PROFILES)
    assert [reads.count(table, tables, "cards") for table in made] == [1, 3, 4]


def test_a_lake_without_silver_yet_has_nothing_to_summarise(stack: Settings, lake: Lake) -> None:
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def("summaries").execute_in_process(partition_key="cards", instance=instance)
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    assert reads.version(silver.TRANSACTIONS, lake) is None


def test_no_decision_waits_for_a_summary() -> None:
    steps = {node.name for node in defs.resolve_job_def("refresh").nodes}
    assert {"gold__scores", "gold__alerts"} <= steps
    assert not {name for name in steps if "summary" in name or "profiles" in name or "windows" in name}
