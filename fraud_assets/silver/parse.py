"""Raw bytes → typed canonical columns, with every reason why a record cannot be trusted."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from fraud_assets.sources.source import Source, Stream, mapped_columns
from fraud_assets.tables import Column as Declared
from fraud_assets.tables import Table

NOT_UTF8 = "record is not UTF-8 text"
NOT_JSON = "record is not a JSON object"
FUTURE_TOLERANCE = "1 hour"
_CORRUPT = "_corrupt"


def parse(raw: DataFrame, source: Source, stream: Stream, table: Table) -> DataFrame:
    """Bronze rows with the silver table's columns beside them and ``reasons``, empty for a record to trust.

    A field is text until its column's type is applied, so that an odd field is named in the reasons. The raw key
    and value stay only with a record that goes to quarantine.
    """
    mapped = [column for column in table.columns if column.name in stream.columns]
    empty = [column for column in table.columns if column.name in mapped_columns(table) and column not in mapped]
    given = [F.expr(stream.columns[column.name]).alias(_given(column)) for column in mapped]
    typed = [F.expr(f"try_cast(`{_given(column)}` as {column.type})").alias(column.name) for column in mapped]
    parsed = (
        raw.drop("headers")
        .select(F.struct("*").alias("_raw"), _record(stream).alias("_record"))
        .select("_raw", _readable().alias("_readable"), "_record.*")
        .select("_raw.*", "_readable", *given)
        .select("*", *typed)
        .withColumn("reasons", _reasons(source, stream, mapped, table.time))
    )
    bad = F.size("reasons") > 0
    return parsed.withColumns(
        {
            "key": F.when(bad, F.col("key")),
            "value": F.when(bad, F.col("value")),
            "attributes": F.lit(None).cast("map<string, string>"),
            **{column.name: F.lit(None).cast(column.type) for column in empty},
        }
    ).drop("_readable", *(_given(column) for column in mapped))


def _given(column: Declared) -> str:
    """Where a column's value stands before its type is applied."""
    return f"_{column.name}_given"


def _record(stream: Stream) -> Column:
    """The record's fields as texts."""
    schema = ", ".join(f"`{field}` string" for field in (*stream.fields, _CORRUPT))
    return F.from_json(F.col("value").cast("string"), schema, {"columnNameOfCorruptRecord": _CORRUPT})


def _readable() -> Column:
    is_object = F.ltrim(F.col("_raw.value").cast("string")).startswith("{")
    return is_object & F.col(f"_record.{_CORRUPT}").isNull()


def _reasons(source: Source, stream: Stream, mapped: list[Declared], time: str) -> Column:
    """Every rule the record breaks, in words; only that of the format when it could not be read at all.

    The list is built for the records that break one only: most records cost a few comparisons.
    """
    broken = [
        *(rule for column in mapped for rule in _column_rules(column)),
        (F.col(time) > F.col("kafka_time") + F.expr(f"INTERVAL {FUTURE_TOLERANCE}"), f"{time} is in the future"),
        (F.col(time) < F.lit(source.began), f"{time} is before the source began"),
        *((~F.expr(condition), reason) for reason, condition in stream.rules.items()),
    ]
    utf8 = F.expr("is_valid_utf8(value)")
    sound = utf8 & F.col("_readable")
    for condition, _ in broken:
        sound &= ~F.coalesce(condition, F.lit(False))
    return (
        F.when(sound, F.array().cast("array<string>"))
        .when(~utf8, F.array(F.lit(NOT_UTF8)))
        .when(~F.col("_readable"), F.array(F.lit(NOT_JSON)))
        .otherwise(F.array_compact(F.array(*(F.when(condition, reason) for condition, reason in broken))))
    )


def _column_rules(column: Declared) -> list[tuple[Column, str]]:
    """When a column's value is missing though required, or is not of the column's type; with the reason."""
    given, typed = F.col(_given(column)), F.col(column.name)
    empty = given.isNull() | (given.cast("string") == "")
    rules = [] if column.nullable else [(empty, f"{column.name} is missing")]
    if column.type != "string":
        unusable = typed.isNull()
        if column.type == "double":
            unusable |= F.isnan(typed) | (F.abs(typed) == float("inf"))
        rules.append((~empty & unusable, f"{column.name} is not a {column.type}"))
    return rules
