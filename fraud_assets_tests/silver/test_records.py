"""Records read in this process are what Spark makes of them: tables of odd cases, and records made at random."""

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import Source, named
from fraud_assets.declarations.sources.stream import Stream, Time
from fraud_assets.declarations.tables import silver
from fraud_assets.silver.parse import parse
from fraud_assets.silver.records import canonical
from fraud_assets_tests.raw import SENT, payment
from fraud_assets_tests.silver.cases import CARDS, CHANGES, CSV, LABELS, LEDGER, PAYMENTS, SPARKOV, change, line
from fraud_assets_tests.silver.odd import ENVELOPES, FLAGS, INSTANTS, JSON, LINES, NUMBERS, PATTERNS, WAYS

ULB = named("ulb")
TABLES_OF_CASES = [
    (CARDS, "transactions", PAYMENTS),
    (CARDS, "labels", LABELS),
    (SPARKOV, "transactions", CSV),
    (LEDGER, "transactions", CHANGES),
]
TABLES = {"transactions": silver.TRANSACTIONS, "labels": silver.LABELS}


def bronze(values: Sequence[bytes | None], source: str = "x") -> pl.DataFrame:
    """Bronze rows with these values, a second apart."""
    times = [SENT + timedelta(seconds=offset) for offset in range(len(values))]
    return pl.DataFrame(
        {
            "source": source,
            "topic": "t",
            "partition": 0,
            "offset": range(len(values)),
            "kafka_time": times,
            "key": b"k",
            "value": values,
            "ingested_at": SENT,
        },
        schema_overrides={
            "partition": pl.Int32,
            "offset": pl.Int64,
            "value": pl.Binary,
            "kafka_time": pl.Datetime("us", "UTC"),
            "ingested_at": pl.Datetime("us", "UTC"),
        },
    )


def by_spark(spark: SparkSession, raw: pl.DataFrame, source: Source, stream: str) -> pl.DataFrame:
    sent = spark.createDataFrame(raw.to_arrow(compat_level=pl.CompatLevel.oldest()))
    described: Stream = getattr(source, stream)
    return pl.DataFrame(pa.table(parse(sent, source, described, TABLES[stream]).toArrow())).sort("offset")


def here(raw: pl.DataFrame, source: Source, stream: str) -> pl.DataFrame:
    return canonical(raw, source, getattr(source, stream), TABLES[stream])


def plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as values that are equal if they are the same: NaN as a text, maps without an order, times as numbers.

    Of a record that could not be read, the reasons alone.
    """
    counted = frame.with_columns(pl.col(pl.Datetime("us", "UTC")).cast(pl.Int64)).to_dicts()
    unreadable = [any(reason.startswith("record ") for reason in row["reasons"]) for row in counted]
    return [
        {name: same(value) for name, value in row.items() if name in ("offset", "reasons") or not bad}
        for bad, row in zip(unreadable, counted, strict=True)
    ]


def same(value: Any) -> Any:
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else (value, math.copysign(1, value))
    return {name: same(each) for name, each in value.items()} if isinstance(value, dict) else value


def check(spark: SparkSession, values: Sequence[bytes | None], source: Source, stream: str = "transactions") -> None:
    raw = bronze(values)
    expected, found = by_spark(spark, raw, source, stream), here(raw, source, stream)
    assert found.schema == expected.schema
    differences = [
        (value, {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]})
        for value, mine, theirs in zip(values, plain(found), plain(expected), strict=True)
        if mine != theirs
    ]
    assert not differences, "\n".join(f"{of!r:.300}: {what!r:.300}" for of, what in differences[:8])


def source(like: Source = CARDS, **stream: Any) -> Source:
    return like.model_copy(update={"transactions": like.transactions.model_copy(update=stream)})


def texts(values: Sequence[str], field: str) -> list[bytes]:
    return [json.dumps(payment(number, **{field: value})).encode() for number, value in enumerate(values)]


def encoded(cases: Sequence[tuple[Any, ...]]) -> list[bytes | None]:
    """The values of a table of cases, which stand before the reasons."""
    return [json.dumps(case[-2]).encode() if isinstance(case[-2], dict) else case[-2] for case in cases]


@pytest.mark.parametrize(("described", "stream", "cases"), TABLES_OF_CASES)
def test_every_broken_rule_is_named(described: Source, stream: str, cases: list[tuple[Any, ...]]) -> None:
    found = here(bronze(encoded(cases)), described, stream)
    assert found["reasons"].to_list() == [case[-1] for case in cases]


def test_no_records_are_no_rows() -> None:
    for described in (CARDS, SPARKOV, LEDGER, ULB):
        assert here(bronze([]), described, "transactions").height == 0


@pytest.mark.stack
@pytest.mark.parametrize(("described", "stream", "cases"), TABLES_OF_CASES)
def test_the_cases_of_silver_are_as_spark_reads_them(
    spark: SparkSession, described: Source, stream: str, cases: list[tuple[Any, ...]]
) -> None:
    check(spark, encoded(cases), described, stream)


@pytest.mark.stack
@pytest.mark.parametrize("time", WAYS, ids=str)
def test_times(spark: SparkSession, time: Time) -> None:
    check(spark, texts(INSTANTS, "event_time"), source(time=time))


@pytest.mark.stack
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_times_by_patterns(spark: SparkSession, zone: str) -> None:
    for pattern, examples in PATTERNS:
        check(spark, texts([*examples, ""], "event_time"), source(time=Time(format=pattern, zone=zone)))


@pytest.mark.stack
def test_numbers_flags_and_identifiers(spark: SparkSession) -> None:
    check(spark, [*texts(NUMBERS, "amount"), *texts(NUMBERS, "customer_x"), *texts(NUMBERS, "channel")], CARDS)
    flags = [
        json.dumps({"transaction_id": "a", "is_fraud": flag, "labelled_at": "2026-02-01"}).encode() for flag in FLAGS
    ]
    check(spark, flags, CARDS, "labels")


@pytest.mark.stack
def test_numbers_that_expressions_give(spark: SparkSession) -> None:
    columns = CARDS.transactions.columns
    given = {
        "amount": "cast(amount as double) * 2",
        "event_time": "cast(event_time as bigint) * 3600",
        "channel": "length(channel) > 3",
    }
    values = [*texts(NUMBERS, "amount"), *texts(INSTANTS, "event_time"), *texts(NUMBERS, "channel")]
    check(spark, values, source(columns=columns | given, time=Time(format="seconds")))
    given = {"amount": "null", "event_time": "cast(event_time as double) / 10", "channel": "cast(amount as bigint)"}
    check(spark, values, source(columns=columns | given, time=Time(format="seconds")))


@pytest.mark.stack
def test_json(spark: SparkSession) -> None:
    check(spark, [text.encode() for text in JSON], CARDS)
    check(spark, [text.encode() for text in JSON], source(attributes=("amount", "channel")))
    both = source(
        fields=("transaction_id", "amount", "Amount"),
        attributes=("Amount",),
        rules={},
        columns={
            "transaction_id": "transaction_id",
            "amount": "Amount",
            "event_time": "null",
            "customer_id": "amount",
            "merchant_id": "concat(amount, Amount)",
        },
    )
    check(spark, [b'{"amount": 1, "Amount": 2}', b'{"Amount": 2}', b'{"AMOUNT": 3}'], both)


@pytest.mark.stack
@pytest.mark.parametrize("separator", [",", ";", "|", "\t", " ", "x", "^"])
def test_csv(spark: SparkSession, separator: str) -> None:
    columns = {"transaction_id": "a", "customer_id": "b", "merchant_id": "`C`", "amount": "a", "event_time": "b"}
    described = source(
        format="csv", separator=separator, fields=("a", "b", "C"), columns=columns, attributes=("a", "b"), rules={}
    )
    lines = [text.replace(",", separator).encode() for text in LINES]
    check(spark, lines, described)


@pytest.mark.stack
def test_changes_of_a_database(spark: SparkSession) -> None:
    check(spark, [text.encode() for text in ENVELOPES], LEDGER)


@pytest.mark.stack
def test_signals(spark: SparkSession) -> None:
    sound = dict.fromkeys(ULB.transactions.fields, 1.5) | {"row_number": 1, "Class": 1, "Time": 86_400.5}
    odd = [
        sound,
        sound | {"V3": "odd"},
        {k: v for k, v in sound.items() if k != "V4"},
        *(sound | {"V5": text} for text in NUMBERS),
    ]
    check(spark, [json.dumps(each).encode() for each in odd], ULB)


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ODD = st.sampled_from([*INSTANTS, *NUMBERS, *FLAGS])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, ODD)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
RAW = st.binary(max_size=40)


def some(made: st.SearchStrategy[bytes], count: int = 400) -> list[bytes]:
    """So many values made at random, for one batch of Spark's."""
    values: list[bytes] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(made)
    def collect(value: bytes) -> None:
        values.append(value)

    collect()
    return values


def record(fields: Sequence[str]) -> st.SearchStrategy[bytes]:
    """A JSON record with some of the fields and some others, some of them twice."""
    names = st.one_of(st.sampled_from(fields), WORDS)
    pairs = st.lists(st.tuples(names, st.one_of(VALUES, ODD)), max_size=8)
    return pairs.map(
        lambda found: (
            "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found) + "}"
        ).encode()
    )


def full(like: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """A sound record with one or two fields replaced."""
    odd = st.dictionaries(st.sampled_from(list(like)), VALUES, max_size=2)
    return odd.map(lambda some: json.dumps(like | some, ensure_ascii=False).encode())


@pytest.mark.stack
def test_json_made_at_random(spark: SparkSession) -> None:
    one = st.one_of(full(payment(1)), full(payment(1)), record(CARDS.transactions.fields), RAW)
    check(spark, some(one), CARDS)


@pytest.mark.stack
def test_lines_made_at_random(spark: SparkSession) -> None:
    fields = st.one_of(ODD, WORDS, st.sampled_from(['"a"', '"', '""', ",", "\n", '"a,b"', '"a\nb"', '"a""b"']))
    lines = st.lists(fields, min_size=2, max_size=4).map(lambda parts: ",".join(parts).encode())
    usual = st.dictionaries(st.sampled_from(SPARKOV.transactions.fields), fields, max_size=2).map(
        lambda odd: line(1, **odd)
    )
    three = source(
        format="csv",
        fields=("a", "b", "c"),
        rules={},
        attributes=("a",),
        columns={"transaction_id": "a", "customer_id": "b", "merchant_id": "c", "amount": "a", "event_time": "b"},
    )
    check(spark, some(st.one_of(lines, RAW)), three)
    check(spark, some(usual), SPARKOV)


@pytest.mark.stack
def test_changes_made_at_random(spark: SparkSession) -> None:
    row = change("c", 1)["after"]
    rows = st.dictionaries(st.sampled_from(list(row)), VALUES, max_size=2).map(lambda odd: row | odd)
    ops = st.sampled_from("curdt")
    changes = st.tuples(ops, rows, SCALARS).map(
        lambda made: json.dumps({"before": made[1], "after": made[1], "op": made[0], "ts_ms": made[2]}).encode()
    )
    check(spark, some(changes), LEDGER)
