"""One topic of a source, as its YAML file describes it: format, mapping, times, rules.

What belongs here: the shape of a stream's description and what follows from it alone. Reading the records is
``silver/``'s business.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

from fraud_assets.declarations.tables import silver
from fraud_assets.declarations.tables.schema import Column, Table

CHANGE_FIELDS = ("op", "ts_ms")
"""What a Debezium change tells besides the row: create, update, delete or read (snapshot), and when."""
COUNTS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
"""Formats of times that are counts since a start, and how many make a second."""
EMBEDDED, ANALYST = "embedded", "analyst"
"""Origins of labels that come in a payment's own record, or from an analyst; a labels topic names its own."""
ROW_NUMBER = "row_number"
"""The field that a replay adds to records of files that lack it, for sources that name it."""

_LABEL = next(column for column in silver.LABELS.columns if column.name == "is_fraud")
IS_FRAUD = Column(_LABEL.name, _LABEL.type, _LABEL.meaning)
"""The embedded label: what a payment's record may hold beyond the columns of silver.transactions."""

_RAISING = {
    r"(?<!\w)cast\s*\(": "try_cast(… as type)",
    r"::": "try_cast(… as type)",
    r"(?<!\w)(?:int|bigint|float|double|decimal|boolean|date|timestamp)\s*\(": "try_cast(… as type)",
    r"(?<!\w)to_timestamp(?:_ntz|_ltz)?\s*\(": "try_to_timestamp(…)",
    r"(?<!\w)to_date\s*\(": "try_to_date(…)",
    r"(?<!\w)to_number\s*\(": "try_to_number(…)",
}
"""Spark's expressions that stop a whole run at the first bad value, and what to use instead."""
_TEXTS = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`")

Place = tuple[str | int, ...]
"""Where something stands in a YAML file: the names and numbers on the way to it."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[^`]+$")]


class Strict(BaseModel):
    """A part of a source's file: no other settings than those declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Time(Strict):
    """How a stream's time is written; without any of it, ISO 8601 in UTC.

    ``format`` is iso, a pattern of Spark's (yyyy-MM-dd HH:mm:ss), or a count since ``since``: seconds, milliseconds
    or microseconds. ``zone`` is that of texts that name none.
    """

    format: str = "iso"
    zone: str = "UTC"
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)

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
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    pattern: str = ""

    def conditions(self, column: str) -> Iterator[tuple[str, str]]:
        """For each part of the check, the reason reported when it is broken and the SQL condition that must hold."""
        if self.required:
            yield f"{column} is missing", f"trim(`{column}`) is not null and trim(`{column}`) != ''"
        if self.at_least is not None:
            yield f"{column} is below {self.at_least:g}", f"`{column}` >= {self.at_least!r}D"
        if self.at_most is not None:
            yield f"{column} is above {self.at_most:g}", f"`{column}` <= {self.at_most!r}D"
        if self.one_of:
            allowed = ", ".join(map(_text, self.one_of))
            yield f"{column} is not one of {', '.join(self.one_of)}", f"`{column}` in ({allowed})"
        if self.pattern:
            yield f"{column} does not match {self.pattern}", f"`{column}` rlike {_text(f'^(?:{self.pattern})$')}"


class Stream(Strict):
    """One topic of a source and how its records become rows of a silver table.

    ``columns`` gives a SQL expression over the record's ``fields`` for each canonical column, ``is_fraud`` among them
    where the label is embedded; every field is text until its column's type is applied. ``signals`` and
    ``attributes`` are fields kept as they are, as numbers and as texts. ``checks`` say what must hold for a column,
    ``rules``, by the reason reported when it is broken, a condition over the columns. ``key`` is the field by which
    records are sent to Kafka.
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
        return self

    @property
    def known(self) -> tuple[str, ...]:
        """Everything that an expression may name."""
        return (*self.fields, *CHANGE_FIELDS) if self.format == "debezium" else self.fields

    @property
    def conditions(self) -> dict[str, str]:
        """Checks and rules alike: by the reason reported, the SQL condition that must hold."""
        checked = {reason: sql for name, check in self.checks.items() for reason, sql in check.conditions(name)}
        return checked | self.rules

    @property
    def label_field(self) -> str | None:
        """The field that holds the in-line label as it is; None where there is none or it has to be computed."""
        expression = self.columns.get(IS_FRAUD.name, "").strip("` ")
        return expression if expression in self.fields else None


def mapped_columns(table: Table) -> list[str]:
    """The columns of a silver table that a source's mapping may fill."""
    filled_by_us = {
        "source", "signals", "attributes",
        "topic", "partition", "offset", "kafka_time", "ingested_at", "processed_at",
        "changed_at", "deleted_at", "corrected_at",
    }  # fmt: skip
    in_line = [IS_FRAUD.name] if table is silver.TRANSACTIONS else []
    return [*(name for name in table.column_names if name not in filled_by_us), *in_line]


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
    for part in ("columns", "rules"):
        for name, sql in getattr(stream, part).items():
            yield from (((part, name), problem) for problem in _raising(sql))


def _raising(sql: str) -> Iterator[str]:
    bare = _TEXTS.sub("''", sql)
    for pattern, instead in _RAISING.items():
        if found := re.search(pattern, bare, re.IGNORECASE):
            yield f"'{found[0]}' would stop the run at the first bad record; use {instead}"


def _text(value: str) -> str:
    """A SQL text."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
