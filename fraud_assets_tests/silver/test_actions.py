"""Quarantined records fixed, replayed and discarded, and read again by silver's own step."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.silver.actions import By, Chosen, discard, fix, replay
from fraud_assets.silver.quarantine import Id, State, cases, chosen, history
from fraud_assets.silver.reconciliation import Reconciliation, reconcile
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets_tests.raw import SENT, label, payment, records, send

pytestmark = pytest.mark.stack

CARDS = named("cards")
ME = By("ann", "a sign error")
NEGATIVE = "amount is negative"


def sent(offset: int, stream: str = "transactions") -> Id:
    return Id(f"cards-{stream}", offset % 2, offset)


def one(offset: int) -> Chosen:
    return Chosen("cards", (sent(offset),))


def states(lake: Lake) -> dict[int, str]:
    frame = cases("cards", lake)
    assert frame is not None
    return dict(frame.select("offset", "state").collect().iter_rows())


def load(spark: SparkSession, lake: Lake, values: Sequence[Any], stream: str = "transactions") -> StepResult:
    send(lake, stream, records(values))
    return bronze_to_silver(spark, CARDS, stream, lake)


def counts(result: StepResult) -> tuple[int, int, int, int]:
    """Payments read again, written to silver, duplicates and quarantined."""
    tables = (silver.TRANSACTIONS, silver.DUPLICATES, silver.QUARANTINE)
    written, duplicates, quarantined = (result.written[table] for table in tables)
    return result.read[silver.QUARANTINE_ACTIONS], written, duplicates, quarantined


def balance(lake: Lake, stream: int = 0) -> Reconciliation:
    found = reconcile("cards", lake)[stream]
    assert found.balanced, str(found)
    return found


def test_a_record_is_fixed_another_discarded_a_third_fails_again(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(0), payment(1, amount=-5), payment(2, amount=-6), payment(3, amount="x")])
    assert states(tables) == dict.fromkeys((1, 2, 3), State.OPEN)

    assert fix(one(1), lambda _, value: (value or b"").replace(b"-5", b"5"), ME, lake, "amount=abs(amount)") == 1
    assert discard(one(2), By("bob", "a test"), lake) == 1
    assert fix(one(3), lambda *_: b"{}", ME, lake) == 1
    assert states(tables) == {1: State.WAITING, 2: State.DISCARDED, 3: State.WAITING}
    assert (balance(tables).quarantined, balance(tables).discarded) == (2, 1)

    outcome = bronze_to_silver(spark, CARDS, "transactions", lake)
    assert counts(outcome) == (2, 1, 0, 1)
    assert outcome.read[bronze.TRANSACTIONS] == 0
    assert states(tables) == {1: State.RELEASED, 2: State.DISCARDED, 3: State.OPEN}
    assert (balance(tables).silver, balance(tables).quarantined, balance(tables).discarded) == (2, 1, 1)

    taken = reads.scan(silver.TRANSACTIONS, lake)
    assert taken is not None
    row = taken.filter(pl.col("offset") == 1).collect().row(0, named=True)
    assert (row["amount"], row["topic"], row["partition"], row["ingested_at"]) == (5.0, "cards-transactions", 1, SENT)
    frame = cases("cards", lake)
    assert frame is not None
    again = chosen(frame, (sent(3),)).collect().row(0, named=True)
    assert (again["attempt"], again["value"], len(again["reasons"])) == (1, b"{}", 5)
    told = history("cards", sent(1), lake).select("attempt", "what", "who", "why", "expression").rows()
    assert told == [
        (0, "quarantined", None, None, None),
        (1, "fix", "ann", "a sign error", "amount=abs(amount)"),
    ]
    assert history("cards", sent(3), lake)["what"].to_list() == ["quarantined", "fix", "quarantined"]

    assert discard(one(3), ME, lake) == 1
    assert bronze_to_silver(spark, CARDS, "transactions", lake).read[silver.QUARANTINE_ACTIONS] == 0
    assert (balance(tables).quarantined, balance(tables).discarded) == (0, 2)


def test_a_corrected_mapping_and_a_replay_are_enough(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(0), payment(1, amount="12,50 €"), payment(2, amount="7,00 €"), b"odd"])
    assert replay(Chosen("cards", reason="is not a DOUBLE"), By("ann", "amounts as texts"), lake) == 2
    amount = "replace(regexp_extract(amount, '[0-9.,]+', 0), ',', '.')"
    mapping = {**CARDS.transactions.columns, "amount": amount}
    corrected = CARDS.model_copy(update={"transactions": CARDS.transactions.model_copy(update={"columns": mapping})})
    outcome = bronze_to_silver(spark, corrected, "transactions", lake)
    assert counts(outcome) == (2, 2, 0, 0)
    assert states(tables) == {1: State.RELEASED, 2: State.RELEASED, 3: State.OPEN}
    assert balance(tables).silver == 3


def test_a_fix_may_make_a_duplicate_or_a_conflict(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(0), payment(0, amount=3), payment(0, amount=-1)])
    assert fix(one(1), lambda _, value: (value or b"").replace(b": 3,", b": 10.0,"), ME, lake) == 1
    assert replay(one(2), ME, lake) == 1
    outcome = bronze_to_silver(spark, CARDS, "transactions", lake)
    assert counts(outcome) == (2, 0, 1, 1)
    assert fix(one(2), lambda _, value: (value or b"").replace(b"-1", b"1"), ME, lake) == 1
    assert bronze_to_silver(spark, CARDS, "transactions", lake).written[silver.QUARANTINE] == 1
    frame = cases("cards", lake)
    assert frame is not None
    (reasons,) = chosen(frame, states=(State.OPEN,)).collect()["reasons"].to_list()
    assert reasons == ["transaction_id of an earlier record that has another amount"]
    assert (balance(tables).duplicates, balance(tables).quarantined) == (1, 1)


def test_each_stream_reads_its_own_records_again(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(0, amount=-1)])
    load(spark, tables, [label(0, is_fraud="perhaps")], "labels")
    assert fix(one(0), lambda _, value: (value or b"").replace(b"-1", b"1"), ME, lake) == 1
    bronze_to_silver(spark, CARDS, "labels", lake)
    label_ = Chosen("cards", (sent(0, "labels"),))
    assert fix(label_, lambda _, value: (value or b"").replace(b'"perhaps"', b"true"), ME, lake) == 1
    for stream in ("labels", "transactions", "labels"):
        bronze_to_silver(spark, CARDS, stream, lake)
    assert (balance(tables).silver, balance(tables, 1).silver) == (1, 1)
    assert (balance(tables).quarantined, balance(tables, 1).quarantined) == (0, 0)


def test_of_two_who_act_at_once_one_is_told(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(n, amount=-1) for n in range(3)])

    def act(number: int) -> int:
        try:
            return discard(Chosen("cards", reason=NEGATIVE), By(f"person {number}", "a race"), lake)
        except FraudError:
            return 0

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(act, range(4))) == [0, 0, 0, 3]
    assert reads.count(silver.QUARANTINE_ACTIONS, lake) == 3
    assert balance(tables).discarded == 3


def test_what_cannot_be_done_is_said(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    load(spark, tables, [payment(0, amount=-1)])
    with pytest.raises(FraudError, match="cards-transactions/1/7 is not in the quarantine of cards"):
        discard(one(7), ME, lake)
    with pytest.raises(FraudError, match="no open record of cards with a reason like 'no such'"):
        replay(Chosen("cards", reason="no such"), ME, lake)
    with pytest.raises(FraudError, match="say why"):
        replay(one(0), By("ann", " "), lake)
    with pytest.raises(FraudError, match="would stay as it is"):
        fix(one(0), lambda _, value: value or b"", ME, lake)
    assert reads.count(silver.QUARANTINE_ACTIONS, lake) == 0
    assert replay(one(0), ME, lake) == 1
    with pytest.raises(FraudError, match="cards-transactions/0/0 is waiting"):
        discard(one(0), ME, lake)
