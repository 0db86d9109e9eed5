"""A source as its YAML file describes it: topics, mapping, rules, label delay, model settings."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from fraud_assets.settings import settings
from fraud_assets.tables import silver
from fraud_assets.tables.schema import Table

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class SourceError(ValueError):
    """A source's file is wrong; the message names the file, the field, what was found and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stream(_Strict):
    """One topic of a source and how its records become rows of a silver table.

    ``columns`` gives a SQL expression over the record's ``fields`` for each canonical column; every field is
    text until its column's type is applied. ``rules`` gives, by the reason reported when it is broken, a
    condition over the canonical columns that must hold.
    """

    topic: str
    format: Literal["json"] = "json"
    fields: tuple[str, ...]
    columns: dict[str, str]
    rules: dict[str, str] = {}


class Model(_Strict):
    """How the source's model is trained and what it must reach."""

    average_precision_floor: float = Field(ge=0, le=1)


class Source(_Strict):
    """One source of payments."""

    name: Name
    description: str
    owner: str
    began: datetime
    label_delay_days: float = Field(gt=0)
    transactions: Stream
    labels: Stream
    model: Model

    @field_validator("began")
    @classmethod
    def _in_utc(cls, began: datetime) -> datetime:
        return began if began.tzinfo else began.replace(tzinfo=UTC)

    @property
    def label_delay(self) -> timedelta:
        """After how long a payment nobody complained about counts as genuine."""
        return timedelta(days=self.label_delay_days)

    @property
    def topics(self) -> tuple[str, str]:
        """The topics the source sends to."""
        return self.transactions.topic, self.labels.topic

    @field_validator("transactions")
    @classmethod
    def _transactions_columns(cls, stream: Stream) -> Stream:
        return _checked(stream, silver.TRANSACTIONS)

    @field_validator("labels")
    @classmethod
    def _labels_columns(cls, stream: Stream) -> Stream:
        return _checked(stream, silver.LABELS)


def mapped_columns(table: Table) -> list[str]:
    """The columns of a silver table that a source's mapping may fill."""
    filled_by_us = {"source", "attributes", "topic", "partition", "offset", "kafka_time", "ingested_at", "processed_at"}
    return [name for name in table.column_names if name not in filled_by_us]


def _checked(stream: Stream, table: Table) -> Stream:
    allowed = mapped_columns(table)
    for name in stream.columns:
        if name not in allowed:
            raise ValueError(f"column '{name}' is not one of {table.full_name}; allowed: {', '.join(allowed)}")
    for column in table.columns:
        if not column.nullable and column.name in allowed and column.name not in stream.columns:
            raise ValueError(f"column '{column.name}' is required and not mapped")
    return stream


def load(path: Path) -> Source:
    """The source described by a YAML file.

    Raises:
        SourceError: the file cannot be read, or a field is missing, unknown or wrong.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SourceError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path.name}: found {type(content).__name__} where a mapping of settings belongs")
    try:
        source = Source.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SourceError(f"{path.name}: {field}: {first['msg']}; found {first['input']!r:.80}") from error
    if source.name != path.stem:
        raise SourceError(f"{path.name}: name: found '{source.name}', must equal the file's name '{path.stem}'")
    return source


@lru_cache
def catalogue() -> dict[str, Source]:
    """Every source by name, in alphabetical order."""
    return {path.stem: load(path) for path in sorted(settings().sources.glob("*.yaml"))}


def named(name: str) -> Source:
    """The source of that name.

    Raises:
        SourceError: there is none; the message lists those there are.
    """
    if name not in catalogue():
        raise SourceError(f"no source '{name}'; there are: {', '.join(catalogue()) or 'none'}")
    return catalogue()[name]
