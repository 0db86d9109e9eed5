"""The job ``upkeep`` as Dagster runs it: every table, with what was found before and after."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from fraud_assets.declarations.tables import ALL, bronze
from fraud_assets.definitions import defs
from fraud_assets.lake.location import Lake
from fraud_assets.lake.upkeep import MANY
from fraud_assets_tests.lakes import write
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


def test_the_job_keeps_every_table_and_says_what_it_did(tables: Lake) -> None:
    for number in range(MANY):
        send(tables, "transactions", records([payment(number)], first=number))
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 31)]
    write(bronze.LABELS, tables, {"topic": "t", "partition": [0, 0], "offset": [5, 5], "kafka_time": times})
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def("upkeep").execute_in_process(instance=instance, raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    assert failed.step_key == "upkeep_bronze_labels"
    assert "1 keys (topic, partition, offset) are in more than one row" in str(failed.step_failure_data.error)
    outputs = {
        event.step_key: event.step_output_data.metadata
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.STEP_OUTPUT
    }
    assert {*outputs, failed.step_key} == {f"upkeep_{table.layer}_{table.name}" for table in ALL}
    shown: dict[str, Any] = {name: fact.value for name, fact in outputs["upkeep_bronze_transactions"].items()}
    assert (shown["files_before"], shown["files_after"], shown["compacted"]) == (MANY, 1, "cards")
    assert shown["bytes_before"] > shown["bytes_after"] > 0
