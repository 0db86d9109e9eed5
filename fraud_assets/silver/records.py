"""Raw bytes → typed canonical columns in this process, equal to what ``parse.py`` has Spark do.

What belongs here: applying a stream's description to records without Spark. Reading a record's bytes into fields is
``fields.py``'s business, reading a time ``instants.py``'s.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from fraud_assets.declarations.sources.mapping import conditions, constraints, mapped, signal
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream, Time
from fraud_assets.declarations.tables import Column, Table
from fraud_assets.expressions import Node, renamed, to_polars
from fraud_assets.silver import fields
from fraud_assets.silver.instants import reader
from fraud_assets.silver.shapes import BLANK, COMPOSITE, FUTURE_TOLERANCE, NUMBER
from fraud_assets.silver.streams import COORDINATES

_ALONG = [*COORDINATES, "kafka_time", "ingested_at"]
_INSTANT = pl.Datetime("us", "UTC")
_CHANGE_TIME = Time(format="milliseconds")
_TYPES: dict[str, Any] = {"string": pl.String, "double": pl.Float64, "boolean": pl.Boolean, "timestamp": _INSTANT}
_YES, _NO = ["t", "true", "y", "yes", "1"], ["f", "false", "n", "no", "0"]
_SPACES = "".join(map(chr, range(33)))
"""White space and control characters, which Java strips from a number."""
_STRIPPED = _SPACES + "\x7f"
"""What Spark strips from a boolean's text."""
_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"


def canonical(raw: pl.DataFrame, source: Source, stream: Stream, table: Table) -> pl.DataFrame:
    """Bronze rows with the silver table's mapped columns beside them and ``reasons``; see `parse.parse`."""
    return Parser(source, stream, table).parsed(raw)


class Parser:
    """One stream's description made ready to be applied to many batches of bronze rows."""

    def __init__(self, source: Source, stream: Stream, table: Table) -> None:
        """Nothing is read yet."""
        self._source, self._stream, self._table = source, stream, table
        self._mapped = mapped(stream, table)
        self._read = fields.reader(stream)
        places = {field: _field(place) for place, field in enumerate(stream.known)}
        self._given = [to_polars(renamed(node, places)).alias(_given(column)) for column, node in self._mapped.items()]
        self._typed = [_typed(column, node) for column, node in self._mapped.items() if column.type != "timestamp"]
        self._broken = self._rules()

    def parsed(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Bronze rows with the silver table's mapped columns beside them and ``reasons``."""
        found = [self._read(value) for value in raw["value"]]
        texts = pl.DataFrame(
            list(zip(*(record.texts for record in found), strict=True)) or [[]] * len(self._stream.known),
            schema=[(_field(place), pl.String) for place in range(len(self._stream.known))],
        )
        unreadable = pl.Series("_unreadable", [record.reason for record in found], pl.String)
        rows = raw.select(_ALONG).hstack([*texts, unreadable]).with_columns(self._given)
        rows = rows.with_columns(*self._typed, *self._times(rows))
        rows = rows.with_columns(self._reasons(rows))
        beside = [*self._attributes(rows, found), *self._change(rows)]
        typed = [rows[column.name] for column in self._columns]
        return rows.select(_ALONG).hstack([*beside, *typed, rows["reasons"], *self._signals(rows)])

    @property
    def _columns(self) -> list[Column]:
        """The mapped columns but the signals, which become one."""
        signals = {signal(field) for field in self._stream.signals}
        return [column for column in self._mapped if column.name not in signals]

    def _times(self, rows: pl.DataFrame) -> list[pl.Series]:
        """The columns that are times."""
        times = [column for column in self._mapped if column.type == "timestamp"]
        return [_instants(rows[_given(column)], self._stream.time).alias(column.name) for column in times]

    def _rules(self) -> list[tuple[pl.Expr, pl.Expr]]:
        """When each rule is broken, with its reason, in the order of the reasons."""
        time = self._table.time
        of_time = [
            (pl.col(time) > pl.col("kafka_time") + FUTURE_TOLERANCE, f"{time} is in the future"),
            (pl.col(time) < pl.lit(self._source.began, _INSTANT), f"{time} is before the source began"),
        ]
        held = {**constraints(self._stream, self._table)}.items(), conditions(self._stream, self._table).items()
        of_columns = [rule for column, node in self._mapped.items() for rule in _column_rules(column, node)]
        stated = [(~to_polars(holds), reason) for named in held for reason, holds in named]
        return [*of_columns, *((broken, pl.lit(reason)) for broken, reason in (*of_time, *stated))]

    def _reasons(self, rows: pl.DataFrame) -> pl.Series:
        """Every rule that a record breaks, in words; only that of the format when it could not be read at all."""
        names = [f"_broken_{place}" for place in range(len(self._broken))]
        broken = rows.select(
            flag.fill_null(False).alias(name) for name, (flag, _) in zip(names, self._broken, strict=True)
        )
        suspect = broken.select(pl.any_horizontal(names)).to_series() & rows["_unreadable"].is_null()
        said = [pl.when(pl.col(name)).then(reason) for name, (_, reason) in zip(names, self._broken, strict=True)]
        listed = rows.hstack(broken).filter(suspect).select(pl.concat_list(said).list.drop_nulls()).to_series()
        reasons: list[list[str]] = [[] if reason is None else [reason] for reason in rows["_unreadable"]]
        for place, words in zip(suspect.arg_true(), listed, strict=True):
            reasons[place] = words.to_list()
        return pl.Series("reasons", reasons, pl.List(pl.String))

    def _attributes(self, rows: pl.DataFrame, found: list[fields.Record]) -> list[pl.Series]:
        """The fields that are kept as they are: those the source names, and those of JSON that it does not know."""
        stream = self._stream
        if "attributes" not in self._table.column_names or not (stream.attributes or stream.format == "json"):
            return []
        places = [(name, stream.known.index(name)) for name in stream.attributes]
        kept: list[Mapping[str, str | None] | None] = []
        for record in found:
            named = {name: text for name, place in places if (text := record.texts[place]) is not None}
            both = {**named, **(record.unknown or {})}
            kept.append(both if places or record.unknown else None)
        return [pl.Series("attributes", kept, pl.Map(pl.String, pl.String))]

    def _signals(self, rows: pl.DataFrame) -> list[pl.Series]:
        if not self._stream.signals:
            return []
        numbers = rows.select(pl.col(signal(field)).alias(field) for field in self._stream.signals)
        return [pl.Series("signals", numbers.to_dicts(), pl.Map(pl.String, pl.Float64))]

    def _change(self, rows: pl.DataFrame) -> list[pl.Series]:
        """When a database told the row, by its own clock if it says so; whether how it began, or that it is deleted."""
        if self._stream.format != "debezium" or "deleted_at" not in self._table.column_names:
            return []
        op, ts_ms = (rows[_field(self._stream.known.index(name))] for name in ("op", "ts_ms"))
        changed = _instants(ts_ms, _CHANGE_TIME).fill_null(rows["kafka_time"])
        made = pl.DataFrame({"op": op, "changed": changed}).select(
            changed_at="changed",
            deleted_at=pl.when(pl.col("op") == "d").then("changed"),
            began=pl.col("op").is_in(["c", "r"]),
        )
        return made.get_columns()


def _field(place: int) -> str:
    """The name of a field's texts in the frame."""
    return f"_field_{place}"


def _given(column: Column) -> str:
    """The name of a column's value before its type is applied."""
    return f"_{column.name}_given"


def _typed(column: Column, node: Node) -> pl.Expr:
    """The column's type applied to its value, null where that is impossible; not for times, which `_instants` reads."""
    given = pl.col(_given(column))
    if node.type != "string" or column.type == "string":
        made = given.cast(_TYPES[column.type], strict=False)
    elif column.type == "boolean":
        low = given.str.strip_chars(_STRIPPED).str.to_lowercase()
        made = pl.when(low.is_in(_YES)).then(True).when(low.is_in(_NO)).then(False)
    else:
        made = _number(given)
    return made.alias(column.name)


def _number(text: pl.Expr) -> pl.Expr:
    """The number in a text, NaN if it says so; null for other texts, those with Java's suffixes too."""
    stripped = text.str.strip_chars(_SPACES)
    decimal = pl.when(stripped.str.contains(_DECIMAL)).then(stripped).cast(pl.Float64, strict=False)
    return pl.when(stripped.str.to_lowercase() == "nan").then(float("nan")).otherwise(decimal)


def _instants(given: pl.Series, time: Time) -> pl.Series:
    """The instants that texts, or numbers, tell in the stream's way."""
    read = reader(time)
    values: list[Any] = given.to_list()
    micros = [None if value is None else read(value if isinstance(value, str) else repr(value)) for value in values]
    return pl.Series(given.name, micros, pl.Int64).cast(_INSTANT)


def _column_rules(column: Column, node: Node) -> list[tuple[pl.Expr, pl.Expr]]:
    """When a column's value is missing though required, or is of another type; with the reason, which names both."""
    given, typed = pl.col(_given(column)), pl.col(column.name)
    text = given.cast(pl.String)
    empty = given.is_null() | text.str.contains(BLANK)
    rules = [] if column.nullable else [(empty, pl.lit(f"{column.name} is missing"))]
    composite = text.str.contains(COMPOSITE)
    if column.type == "string":
        wrong = composite
    else:
        wrong = typed.is_null() & ~empty
        if column.type == "double":
            wrong = (typed.is_null() | typed.is_nan() | typed.is_infinite()) & ~empty
    nested = pl.when(text.str.starts_with("{")).then(pl.lit("an object")).otherwise(pl.lit("a list"))
    kind = (
        pl.when(composite).then(nested)
        .when(text.str.to_lowercase().is_in(["true", "false"])).then(pl.lit("a boolean"))
        .when(text.str.contains(NUMBER)).then(pl.lit("a number"))
        .otherwise(pl.lit("a text"))
    )  # fmt: skip
    return [*rules, (wrong, pl.concat_str(pl.lit(f"{column.name} is not a {column.type} but "), kind))]
