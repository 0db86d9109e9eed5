"""The job ``upkeep`` as Dagster runs it: every table, with what was found before and after."""

from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from fraud_assets.definitions import defs
from fraud_assets.lake.upkeep import MANY
from fraud_assets.tables import ALL
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


def test_the_job_keeps_every_table_and_says_what_it_did(spark: SparkSession, tables: Path) -> None:
    for number in range(MANY):
        send(spark, tables, "transactions", records([payment(number)], first=number))
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def("upkeep").execute_in_process(instance=instance)
    assert result.success
    outputs = {
        event.step_key: event.step_output_data.metadata
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.STEP_OUTPUT
    }
    assert set(outputs) == {f"upkeep_{table.layer}_{table.name}" for table in ALL}
    told = {name: fact.value for name, fact in outputs["upkeep_bronze_transactions"].items()}
    assert (told["files_before"], told["files_after"], told["compacted"]) == (MANY, 1, "cards")
    assert told["bytes_before"] > told["bytes_after"] > 0
