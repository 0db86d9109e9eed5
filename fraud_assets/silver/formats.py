"""Records that are not plain JSON objects, times that are not ISO 8601: how their texts become fields and values.

What belongs here: Spark expressions for each format that a source's file may name. Each reads a value as the list of
the records it holds, of which there must be one.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from fraud_assets.declarations.sources.stream import CHANGE_FIELDS, Stream, Time
from fraud_assets.declarations.sources.times import COUNTS, ISO, ISO_WRITTEN, ISO_ZONELESS, written
from fraud_assets.expressions.quoting import spark_text
from fraud_assets.silver.shapes import CHANGES, COMPOSITE, NUMBER, csv_line

_BROKEN = "_broken"
"""Where Spark puts a line of CSV that it could not read, beside its fields."""


def json(value: Column, _: Stream) -> Column:
    """The JSON objects, each a map from its names to texts; null when it is not JSON.

    Read as the elements of a list, as Spark would ignore whatever follows a first object.
    """
    text = value.cast("string")
    closed = text.endswith("}") | text.rlike(r"\}\s+$")  # or the list would be closed by the record
    listed = F.concat(F.lit("["), text, F.lit("]"))
    return F.when(closed, F.from_json(listed, "array<map<string, string>>", {"allowSingleQuotes": "false"}))


def is_unusual(record: Column, stream: Stream) -> Column:
    """Whether a JSON record has other names than those of declared fields with a value, each once; most have not."""
    return F.size(record) > sum((record[field].isNotNull().cast("int") for field in stream.fields), F.lit(0))


def last_of_each(record: Column, unusual: Column) -> Column:
    """A JSON record whose names stand once: of a repeated one the last value, as most readers of JSON take it."""
    names = F.array_distinct(F.map_keys(record))
    entries = F.transform(
        F.map_entries(record), lambda entry, place: F.struct(entry["key"].alias("name"), place, entry["value"])
    )
    ordered = F.array_sort(entries)
    last = F.zip_with(
        ordered,
        F.slice(ordered, 2, F.size(ordered)),
        lambda entry, after: F.when(~entry["name"].eqNullSafe(after["name"]), F.struct(entry["name"], entry["value"])),
    )
    once = F.map_from_entries(F.array_compact(last))
    return F.when(unusual & (F.size(names) < F.size(record)), once).otherwise(record)


def csv(value: Column, stream: Stream) -> Column:
    """The record, a struct of texts named by `places`; null when it has more or fewer, or is no line of CSV."""
    fields = ", ".join(f"`{field}` string" for field in (*places(stream).values(), _BROKEN))
    options = {"sep": stream.separator, "escape": '"', "mode": "PERMISSIVE", "columnNameOfCorruptRecord": _BROKEN}
    text = F.rtrim(value.cast("string"), F.lit("\r\n"))
    found = F.array(F.from_csv(text, fields, options))
    special = text.contains('"') | text.contains("\n") | text.contains("\r")
    sound = text.rlike(r"\S") & F.when(special, text.rlike(csv_line(stream.separator))).otherwise(True)
    return F.when(sound, F.filter(found, lambda record: record[_BROKEN].isNull()))


def places(stream: Stream) -> dict[str, str]:
    """The name of each field in a record as it was read; a struct's names must differ in more than case."""
    if stream.format != "csv":
        return {field: field for field in stream.known}
    return {field: f"_{number}" for number, field in enumerate(stream.fields)}


def debezium(value: Column, stream: Stream) -> Column:
    """The row of a change (before it for a delete, else after it) with op and ts_ms; null when there is none.

    The envelope stands alone or, with a schema beside it, as ``payload``. Read as the elements of a list, as Spark
    would ignore whatever follows a first object.
    """
    row = "struct<" + ", ".join(f"`{field}`: string" for field in stream.fields) + ">"
    envelope = f"before: {row}, after: {row}, " + ", ".join(f"{field}: string" for field in CHANGE_FIELDS)
    listed = F.concat(F.lit("["), value.cast("string"), F.lit("]"))
    kind = f"array<struct<{envelope}, payload: struct<{envelope}>>>"
    found = F.from_json(listed, kind, {"allowSingleQuotes": "false"})
    whole = (F.size(found) == 1) & value.cast("string").rlike(r"\}\s*$")
    alone = found.getItem(0)
    change = F.when(alone["payload"].isNotNull(), alone["payload"]).otherwise(
        F.struct(*(alone[name].alias(name) for name in ("before", "after", *CHANGE_FIELDS)))
    )
    image = F.when(change["op"] == "d", change["before"]).otherwise(change["after"])
    fields = [
        *(image[field].alias(field) for field in stream.fields),
        *(change[field].alias(field) for field in CHANGE_FIELDS),
    ]
    return F.when(whole & change["op"].isin(*CHANGES) & image.isNotNull(), F.array(F.struct(*fields)))


def timestamp(value: str, time: Time) -> str:
    """SQL: the instant in the SQL expression ``value``, a text in the stream's time format; null for any other text.

    A time without a date is none: Spark would take it as one of today.
    """
    text = f"cast({value} as string)"
    if time.format in COUNTS:
        start = int(time.since.timestamp() * 1_000_000)
        scale = 1_000_000 // COUNTS[time.format]
        # the range is that of years 1 to 9999, beyond which Spark cannot count
        count = f"try_add(try_multiply(try_cast({text} as decimal(38, 6)), {scale}), {start})"
        return f"if({count} between -62135596800000000 and 253402300799999999, timestamp_micros(bigint({count})), null)"
    if time.format == ISO:
        read = f"try_cast({text} as timestamp)"
        whole = f"if({text} rlike {spark_text(ISO_WRITTEN.regex)}, {read}, null)"
        if time.zone == "UTC":
            return whole
        return f"if({text} rlike {spark_text(ISO_ZONELESS)}, to_utc_timestamp({read}, '{time.zone}'), {whole})"
    pattern = written(time.format)
    parsed = f"try_to_timestamp({text}, {spark_text(time.format)})"
    read = f"if({text} rlike {spark_text(pattern.regex)}, {parsed}, null)"
    return read if time.zone == "UTC" or pattern.zoned else f"to_utc_timestamp({read}, '{time.zone}')"


def double(text: str) -> str:
    """SQL: the number in the SQL expression ``text``; null for others, and for Java's 1.5d, 1.5f and 0x1p3."""
    return f"if({text} rlike '[dDfFxX]', null, try_cast({text} as double))"


def kind(given: Column) -> Column:
    """What a field's text shows it to be, in words: an object, a list, a boolean, a number or a text."""
    text = given.cast("string")
    return (
        F.when(_composite(text), F.when(text.startswith("{"), "an object").otherwise("a list"))
        .when(F.lower(text).isin("true", "false"), "a boolean")
        .when(text.rlike(NUMBER), "a number")
        .otherwise("a text")
    )


def composite(given: Column) -> Column:
    """Whether a field that should be one value holds an object or a list."""
    text = given.cast("string")
    return (text.startswith("{") | text.startswith("[")) & _composite(text)


def _composite(text: Column) -> Column:
    return text.rlike(COMPOSITE)


def undeclared(record: Column, unusual: Column, stream: Stream) -> Column:
    """The fields of a JSON record that the source does not declare, as texts; null when there are none."""
    unknown = F.map_filter(record, lambda name, _: ~name.isin(*stream.fields))
    return F.when(unusual & (F.size(unknown) > 0), unknown)
