"""One topic of a source, as its YAML file describes it: format, mapping, times, rules.

What belongs here: the shape of a stream's description and what follows from it alone. Reading the records is
``silver/``'s business.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, FiniteFloat, StringConstraints, field_validator, model_validator

from fraud_assets.declarations.sources.times import COUNTS, ISO, written
from fraud_assets.declarations.tables import silver
from fraud_assets.declarations.tables.schema import Column, Filled, Table
from fraud_assets.expressions import Type
from fraud_assets.expressions.quoting import spark_text

CHANGE_FIELDS = ("op", "ts_ms")
"""Fields of a Debezium change beside the row: create, update, delete or read (snapshot), and when."""
EMBEDDED, ANALYST = "embedded", "analyst"
"""Origins of labels that come in a payment's own record, or from an analyst; a labels topic names its own."""
ROW_NUMBER = "row_number"
"""The field that a replay adds to records of files that lack it, for sources that name it."""

_LABEL = next(column for column in silver.LABELS.columns if column.name == "is_fraud")
IS_FRAUD = Column(_LABEL.name, _LABEL.type, _LABEL.meaning)
"""The embedded label: what a payment's record may hold beyond the columns of silver.transactions."""

Place = tuple[str | int, ...]
"""Where something stands in a YAML file: the names and numbers on the way to it."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[^`]+$")]


class Strict(BaseModel):
    """A part of a source's file: no other settings than those declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Time(Strict):
    """How a stream's time is written; without any of it, ISO 8601 in UTC.

    ``format`` is iso, a pattern such as yyyy-MM-dd HH:mm:ss (``times.py`` says of which letters), or a count since
    ``since``: seconds, milliseconds or microseconds. ``zone`` is that of texts that name none.
    """

    format: str = "iso"
    zone: str = "UTC"
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @field_validator("format")
    @classmethod
    def _readable(cls, format_: str) -> str:
        if format_ != ISO and format_ not in COUNTS:
            written(format_)
        return format_

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("not a time zone; allowed: IANA names such as UTC or Europe/Paris")
        return zone

    @field_validator("since")
    @classmethod
    def _in_utc(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=UTC)


class Check(Strict):
    """What must hold for one canonical column; a value that is absent only breaks ``required``."""

    required: bool = False
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    one_of: tuple[str, ...] = ()
    pattern: str = ""

    def conditions(self, column: str, type_: Type) -> Iterator[tuple[str, str]]:
        """For each part of the check, the reason reported when it is broken and the condition that must hold."""
        if self.required:
            blank = f" and trim(`{column}`) != ''" if type_ == "string" else ""
            yield f"{column} is missing", f"`{column}` is not null{blank}"
        if self.at_least is not None:
            yield f"{column} is below {self.at_least:g}", f"`{column}` >= {self.at_least!r}"
        if self.at_most is not None:
            yield f"{column} is above {self.at_most:g}", f"`{column}` <= {self.at_most!r}"
        if self.one_of:
            allowed = ", ".join(map(spark_text, self.one_of))
            yield f"{column} is not one of {', '.join(self.one_of)}", f"`{column}` in ({allowed})"
        if self.pattern:
            whole = spark_text(f"^(?:{self.pattern})$")
            yield f"{column} does not match {self.pattern}", f"`{column}` rlike {whole}"


class Stream(Strict):
    """One topic of a source and how its records become rows of a silver table.

    ``columns`` gives an expression (docs/expressions.md) over the record's ``fields`` for each canonical column,
    ``is_fraud`` among them where the label is embedded; every field is text until its column's type is applied.
    ``signals`` and ``attributes`` are fields kept as they are, as numbers and as texts. ``checks`` say what must hold
    for a column, ``rules``, by the reason reported when it is broken, a condition over the columns. ``key`` is the
    field by which records are sent to Kafka.
    """

    topic: str
    format: Literal["json", "csv", "debezium"] = "json"
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    fields: tuple[FieldName, ...]
    key: str = ""
    time: Time = Time()
    columns: dict[str, str]
    signals: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    checks: dict[str, Check] = {}
    rules: dict[str, str] = {}

    @model_validator(mode="after")
    def _separator_is_of_csv(self) -> "Stream":
        if self.format != "csv" and "separator" in self.model_fields_set:
            raise ValueError(f"separator: format {self.format} has none; allowed with format csv")
        if self.separator in '"\r\n\\':
            raise ValueError("separator: a quote, a backslash or an end of line cannot separate fields")
        return self

    @property
    def known(self) -> tuple[str, ...]:
        """Everything that an expression may name."""
        return (*self.fields, *CHANGE_FIELDS) if self.format == "debezium" else self.fields

    @property
    def label_field(self) -> str | None:
        """The field that holds the embedded label as it is; None where there is none or it has to be computed."""
        expression = self.columns.get(IS_FRAUD.name, "").strip("` ")
        return expression if expression in self.fields else None


def mapped_columns(table: Table) -> list[str]:
    """The columns of a silver table that a source's mapping may fill."""
    embedded = [IS_FRAUD.name] if table is silver.TRANSACTIONS else []
    return [*(column.name for column in table.columns if column.filled is Filled.MAPPING), *embedded]


def problems(stream: Stream, table: Table) -> Iterator[tuple[Place, str]]:
    """What is wrong with a stream as the description of ``table``'s rows, and where."""
    allowed = mapped_columns(table)
    for part in ("columns", "checks"):
        for name in getattr(stream, part):
            if name not in allowed:
                yield (part, name), f"no column of {table.full_name}; allowed: {', '.join(allowed)}"
    for column in table.columns:
        if not column.nullable and column.name in allowed and column.name not in stream.columns:
            yield ("columns",), f"column '{column.name}' is required and not mapped"
    if table is not silver.TRANSACTIONS and (stream.signals or stream.attributes):
        yield ("fields",), f"{table.full_name} has neither signals nor attributes"
    for part in ("signals", "attributes"):
        for number, field in enumerate(getattr(stream, part)):
            if field not in stream.known:
                yield (part, number), f"'{field}' is not among the fields: {', '.join(stream.known)}"
    if stream.key and stream.key not in stream.fields:
        yield ("key",), f"'{stream.key}' is not among the fields: {', '.join(stream.fields)}"
