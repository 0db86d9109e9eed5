"""The commands ``fraud quarantine …``, and the sensor that has silver read what they chose, on a lake without Spark."""

import json

import dagster as dg
import pytest
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.declarations.tables import silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import cursor, writing
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import run_status
from fraud_assets.silver.replays import waiting
from fraud_assets.silver.sensors import quarantine_sensor
from fraud_assets_tests.streamlit_app.dashboard_lake import HOSTILE, write_lake

FIRST = 300
"""The offset of the first record in quarantine."""
OWN = ("--source", "cards")


@pytest.fixture
def held(lake: Lake) -> Lake:
    write_lake(lake, transactions=FIRST)
    return lake


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["quarantine", *words], env={"COLUMNS": "200"})
    if result.exception:
        raise result.exception
    return result.stdout


def test_a_person_lists_shows_fixes_replays_and_discards(held: Lake) -> None:
    seen = json.loads(run("list", *OWN, "--json", "--most", "2"))
    assert (seen["total"], len(seen["records"])) == (59, 2)
    (counts,) = seen["reconciliation"]
    assert (counts["bronze"], counts["quarantined"], counts["discarded"], counts["balanced"]) == (385, 59, 1, True)
    assert "bronze 385 = silver 300 + duplicates 25 + corrections 0 + quarantine 59 + discarded 1" in run("list", *OWN)
    assert "15 of 15 records" in run("list", *OWN, "--reason", "IMPOSSIBLE")
    assert HOSTILE in run("show", f"cards/0/{FIRST + 3}", *OWN)

    patch = ("--set", "amount=abs(amount)", "--why", "a sign error", "--who", "ann")
    assert run("fix", f"cards/0/{FIRST + 1}", *OWN, *patch).startswith("fixed 1 of cards; silver reads them")
    assert json.loads(run("replay", *OWN, "--reason", "impossible", "--why", "mapped", "--json"))["replayed"] == 15
    assert run("discard", f"cards/0/{FIRST + 5}", *OWN, "--why", "[red] a test :x:") == "discarded 1 of cards\n"
    assert "[red] a test :x:" in run("show", f"cards/0/{FIRST + 5}", *OWN)
    told = json.loads(run("show", f"cards/0/{FIRST + 1}", *OWN, "--json"))
    assert told["state"] == "waiting"
    act = told["history"][1]
    assert (act["value"], act["who"], act["why"], act["expression"]) == (
        '{"amount": 5, "id": "a"}', "ann", "a sign error", "amount=abs(amount)",
    )  # fmt: skip
    after = json.loads(run("list", *OWN, "--json"))
    (counts,) = after["reconciliation"]
    assert (after["total"], counts["discarded"], counts["balanced"]) == (42, 2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay", "--why", "w"), "name records"),
        (("replay", "--reason", "amount", "--why", "w"), "give --source"),
        (("discard", "nowhere/0/1", "--why", "w"), "no source has topic nowhere"),
        (("fix", f"cards/0/{FIRST}", *OWN, "--why", "w"), "--set field=expression or --value"),
        (("fix", "--reason", "amount", *OWN, "--value", "{}", "--why", "w"), "name that record"),
        (("show", "cards/0/1", *OWN), "cards/0/1 is not in the quarantine of cards"),
        (("fix", f"cards/0/{FIRST}", *OWN, "--set", "amount=1", "--why", "w"), f"cards/0/{FIRST} is discarded"),
        (("fix", f"cards/0/{FIRST + 4}", *OWN, "--set", "amount=1", "--why", "w"), "not a json record"),
    ],
)
def test_what_cannot_be_done_is_said(held: Lake, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(FraudError, match=said):
        run(*words)


def tick(instance: dg.DagsterInstance) -> dg.SensorResult:
    result = quarantine_sensor("refresh")(dg.build_sensor_context(instance))
    assert isinstance(result, dg.SensorResult)
    return result


def test_records_to_be_read_again_start_one_run(held: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert not tick(instance).run_requests
        run("replay", *OWN, "--reason", "impossible", "--why", "mapped")
        (asked,) = tick(instance).run_requests or []
        assert asked.partition_key == "cards"
        assert [again.run_key for again in tick(instance).run_requests or []] == [asked.run_key]

        other = dg.DagsterRun("refresh", status=dg.DagsterRunStatus.STARTED, tags={run_status.PARTITION_TAG: "cards"})
        instance.add_run(other)
        busy = tick(instance)
        assert not busy.run_requests
        assert "15 records wait" in str(busy.skip_reason)
        instance.delete_run(other.run_id)

        todo = cursor.pending(silver.QUARANTINE_ACTIONS, silver.TRANSACTIONS, "cards", held, "transactions")
        assert todo
        writing.skip(todo, held)  # as silver's step does when it has read them
        assert waiting("cards", held) == 0
        assert not tick(instance).run_requests
