"""The job ``references`` as Dagster runs it: what can be read is loaded, what cannot fails the run and says so."""

from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from fraud_assets.definitions import defs
from fraud_assets.lake.location import Lake
from fraud_assets.lake.query import query
from fraud_assets.settings import settings

pytestmark = pytest.mark.stack


def run(**given: str) -> dg.ExecuteInProcessResult:
    with pytest.MonkeyPatch.context() as patch, dg.instance_for_test() as instance:
        for name, value in given.items():
            patch.setenv(f"FRAUD_{name.upper()}", value)
        settings.cache_clear()
        job = defs.resolve_job_def("references")
        result = job.execute_in_process(partition_key="cards", instance=instance, raise_on_error=False)
    settings.cache_clear()
    return result


def test_the_job(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "cards.csv").write_text("customer_id\nC1\n\n,\n")
    (tmp_path / "countries.csv").write_text("start,end,country\n10.0.0.0,10.0.0.255,DE\n")
    given = {"suspicious_cards": str(tmp_path / "cards.csv"), "ip_countries": str(tmp_path / "countries.csv")}

    result = run(**given)
    assert result.success
    (made,) = result.get_asset_materialization_events()
    facts = made.step_materialization_data.materialization.metadata
    assert facts["suspicious_cards"].value == "1 opened or revised, 0 closed, 0 unchanged, 1 bad lines"
    assert "| 4 | customer_id is missing | , |" in str(facts["suspicious_cards_bad_lines"].value)
    assert all(check.passed for check in result.get_asset_check_evaluations())

    assert not run(**given, blocked_ips=str(tmp_path / "nowhere.csv")).success
    held = query("select list, entry, valid_to from silver.watchlists order by 1", lake).rows
    assert held == [("ip_countries", "10.0.0.0-10.0.0.255", None), ("suspicious_cards", "C1", None)]

    assert run().success  # no list is set
