"""Raw bytes → typed canonical columns, with every reason why a record cannot be trusted."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from fraud_assets.declarations.sources.mapping import conditions, constraints, signal
from fraud_assets.declarations.sources.mapping import mapped as expressions
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream, Time
from fraud_assets.declarations.tables import Column as Declared
from fraud_assets.declarations.tables import Table
from fraud_assets.expressions import Node, renamed, to_spark
from fraud_assets.silver import formats
from fraud_assets.silver.shapes import BLANK, FUTURE_TOLERANCE, NO_VALUE, NOT_UTF8, unreadable
from fraud_assets.silver.streams import COORDINATES

_ALONG = [f"_raw.{name}" for name in (*COORDINATES, "kafka_time", "ingested_at")]
_READ = ("_sent", "_utf8", "_readable")
"""Whether the record has a value, whether this is UTF-8 text, and whether that is one record of the stream's format."""


def parse(raw: DataFrame, source: Source, stream: Stream, table: Table) -> DataFrame:
    """Bronze rows with the silver table's mapped columns beside them and ``reasons``, empty for a record to trust.

    A field is text until its column's type is applied, so that an odd field is named in the reasons. Of bronze's
    columns only the place in Kafka and the times are kept. An embedded label is the column ``is_fraud``.
    """
    mapped = expressions(stream, table)
    fields = {field: _field(stream, field) for field in stream.known}
    given = [F.expr(to_spark(renamed(node, fields))).alias(_given(column)) for column, node in mapped.items()]
    typed = [F.expr(_typed(column, node, stream)).alias(column.name) for column, node in mapped.items()]
    parsed = (
        _read(raw, stream)
        .select(*_ALONG, *_READ, *given, *_attributes(stream, table), *_change(stream, table))
        .select("*", *typed)
        .withColumn("reasons", _reasons(source, stream, list(mapped), table))
        .select("*", *_signals(stream))
    )
    return parsed.drop(*_READ, *(_given(column) for column in mapped), *(signal(field) for field in stream.signals))


def _field(stream: Stream, field: str) -> str:
    """Where a field's text stands: Spark would take two names for one that differ in the case of letters alone."""
    return f"_field_{stream.known.index(field)}"


def _signals(stream: Stream) -> list[Column]:
    pairs = [part for field in stream.signals for part in (F.lit(field), F.col(f"`{signal(field)}`"))]
    return [F.create_map(*pairs).alias("signals")] if pairs else []


def _attributes(stream: Stream, table: Table) -> list[Column]:
    """The fields that are kept as they are: those the source names, and those of JSON records that it does not know."""
    if "attributes" not in table.column_names:
        return []
    pairs = [part for field in stream.attributes for part in (F.lit(field), F.col(_field(stream, field)))]
    named = F.map_filter(F.create_map(*pairs), lambda _, value: value.isNotNull()) if pairs else None
    if stream.format != "json":
        return [] if named is None else [named.alias("attributes")]
    unknown = formats.undeclared(F.col("_record"), F.col("_unusual"), stream)
    both = unknown if named is None else F.coalesce(F.map_concat(named, unknown), named)
    return [both.alias("attributes")]


def _change(stream: Stream, table: Table) -> list[Column]:
    """When a database changed the row, by its own clock if it has one; whether it began, or deleted, the row."""
    if stream.format != "debezium" or "deleted_at" not in table.column_names:
        return []
    changed = F.coalesce(
        F.expr(formats.timestamp(_field(stream, "ts_ms"), Time(format="milliseconds"))), F.col("_raw.kafka_time")
    )
    op = F.col(_field(stream, "op"))
    return [
        changed.alias("changed_at"),
        F.when(op == "d", changed).alias("deleted_at"),
        op.isin("c", "r").alias("began"),
    ]


def _given(column: Declared) -> str:
    """Where a column's value stands before its type is applied."""
    return f"_{column.name}_given"


def _typed(column: Declared, given: Node, stream: Stream) -> str:
    """The column's type applied to its value, null where that is impossible."""
    value = f"`{_given(column)}`"
    if column.type == "timestamp":
        return formats.timestamp(value, stream.time)
    if column.type == "double" and given.type == "string":
        return formats.double(value)
    return f"try_cast({value} as {column.type})"


def _read(raw: DataFrame, stream: Stream) -> DataFrame:
    """The bronze row as ``_raw``, its record as ``_record``, the record's fields as texts beside them, `_READ`."""
    value, record = F.col("_raw.value"), F.col("_record")
    records = {"json": formats.json, "csv": formats.csv, "debezium": formats.debezium}[stream.format]
    found = raw.select(F.struct("*").alias("_raw"), records(F.col("value"), stream).alias("_records"))
    one = found.select(
        "_raw", F.size("_records").alias("_count"), F.try_element_at("_records", F.lit(1)).alias("_record")
    )
    if stream.format == "json":
        one = one.withColumn("_unusual", formats.is_unusual(record, stream))
        one = one.withColumn("_record", formats.last_of_each(record, F.col("_unusual")))
    whole = (F.col("_count") == 1) & record.isNotNull()
    read = (value.isNotNull(), F.is_valid_utf8(value.cast("string")), F.coalesce(whole, F.lit(False)))
    named = [flag.alias(name) for name, flag in zip(_READ, read, strict=True)]
    at = formats.places(stream)
    fields = (record[at[field]].alias(_field(stream, field)) for field in stream.known)
    return one.select("*", *named, *fields)


def _reasons(source: Source, stream: Stream, mapped: list[Declared], table: Table) -> Column:
    """Every rule the record breaks, in words; only that of the format when it could not be read at all.

    The table's own constraints are rules of every source: what breaks one could not be written.

    The list is built for the records that break one only: most records cost a few comparisons.
    """
    time = table.time
    broken = [
        *(rule for column in mapped for rule in _column_rules(column)),
        (
            F.col(time) > F.col("kafka_time") + F.expr(f"interval {FUTURE_TOLERANCE.total_seconds():g} seconds"),
            f"{time} is in the future",
        ),
        (F.col(time) < F.lit(source.began), f"{time} is before the source began"),
        *((~F.expr(to_spark(holds)), reason) for reason, holds in constraints(stream, table).items()),
        *((~F.expr(to_spark(holds)), reason) for reason, holds in conditions(stream, table).items()),
    ]
    sent, utf8, readable = (F.col(name) for name in _READ)
    sound = utf8 & readable & _all([~F.coalesce(condition, F.lit(False)) for condition, _ in broken])
    return (
        F.when(sound, F.array().cast("array<string>"))
        .when(~sent, F.array(F.lit(NO_VALUE)))
        .when(~utf8, F.array(F.lit(NOT_UTF8)))
        .when(~readable, F.array(F.lit(unreadable(stream))))
        .otherwise(F.array_compact(F.array(*(F.when(condition, reason) for condition, reason in broken))))
    )


def _all(conditions: list[Column]) -> Column:
    """Whether every condition holds, as a shallow tree: Spark Connect refuses an expression nested a hundred deep."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    return _all(conditions[:middle]) & _all(conditions[middle:])


def _column_rules(column: Declared) -> list[tuple[Column, str | Column]]:
    """When a column's value is missing though required, or is of another type; with the reason, which names both."""
    given, typed = F.col(f"`{_given(column)}`"), F.col(f"`{column.name}`")
    text = given.cast("string")
    empty = given.isNull() | ((text < "!") & text.rlike(BLANK))  # white space sorts before "!": few are searched
    rules: list[tuple[Column, str | Column]] = [] if column.nullable else [(empty, f"{column.name} is missing")]
    if column.type != "string":
        unusable = typed.isNull()
        if column.type == "double":
            unusable |= F.isnan(typed) | (F.abs(typed) == float("inf"))
        found = F.concat(F.lit(f"{column.name} is not a {column.type} but "), formats.kind(given))
        rules.append((unusable & ~empty, found))
    else:
        found = F.concat(F.lit(f"{column.name} is not a string but "), formats.kind(given))
        rules.append((formats.composite(given), found))
    return rules
