"""A source as its YAML file describes it: topics, mapping, rules, label delay, model settings."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from fraud_assets.declarations.features.catalogue import FAMILIES, of_families
from fraud_assets.declarations.sources.document import Document, SourceError
from fraud_assets.declarations.sources.mapping import wrong_expressions
from fraud_assets.declarations.sources.model import ModelConfig
from fraud_assets.declarations.sources.stream import Place, Stream, Strict, problems
from fraud_assets.declarations.tables import silver
from fraud_assets.settings import settings

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Features(Strict):
    """Which families of features the source computes and its model reads, and what its positions are.

    ``positions`` are degrees on the sphere, or units of a plane grid.
    """

    families: tuple[str, ...] = tuple(FAMILIES)
    positions: Literal["sphere", "plane"] = "sphere"

    @field_validator("families")
    @classmethod
    def _known(cls, families: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [family for family in families if family not in FAMILIES]:
            raise ValueError(f"family '{unknown[0]}' does not exist; allowed: {', '.join(FAMILIES)}")
        return families


class Source(Strict):
    """One source of payments; ``labels`` is a topic of labels, by default in the fields shown."""

    name: Name
    description: str
    owner: str
    began: datetime
    label_delay_days: float = Field(gt=0)
    transactions: Stream
    labels: Stream
    features: Features = Features()
    model: ModelConfig

    @model_validator(mode="before")
    @classmethod
    def _with_labels(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "labels" in content:
            return content
        columns = {"transaction_id": "transaction_id", "is_fraud": "is_fraud", "origin": "origin"}
        fields = ["transaction_id", "is_fraud", "labelled_at", "origin"]
        topic = f"{content.get('name')}-labels"
        return content | {
            "labels": {"topic": topic, "fields": fields, "columns": columns | {"known_at": "labelled_at"}}
        }

    @field_validator("began")
    @classmethod
    def _in_utc(cls, began: datetime) -> datetime:
        return began if began.tzinfo else began.replace(tzinfo=UTC)

    @field_validator("model")
    @classmethod
    def _reads_what_is_computed(cls, model: ModelConfig, info: ValidationInfo) -> ModelConfig:
        families = info.data.get("features", Features()).families
        if unknown := sorted(set(model.features or ()) - {feature.name for feature in of_families(families)}):
            raise ValueError(f"feature '{unknown[0]}' is of none of the source's families: {', '.join(families)}")
        return model

    @property
    def model_features(self) -> tuple[str, ...]:
        """The features that the source's model reads: those its section names, or all of the source's families."""
        return self.model.features or tuple(feature.name for feature in of_families(self.features.families))

    @property
    def label_delay(self) -> timedelta:
        """After how long a payment nobody complained about counts as genuine."""
        return timedelta(days=self.label_delay_days)

    @property
    def topics(self) -> tuple[str, str]:
        """The topics the source sends to."""
        return self.transactions.topic, self.labels.topic


def load(path: Path) -> Source:
    """The source described by a YAML file.

    Raises:
        SourceError: the file cannot be read, or a field is missing, unknown or wrong; a line for each.
    """
    document = Document(path)
    try:
        source = Source.model_validate(document.content)
    except ValidationError as error:
        raise document.error((_place(e["loc"]), _said(e)) for e in error.errors()) from None
    found = [
        *(
            ((name, *place), problem)
            for name, stream, table in (
                ("transactions", source.transactions, silver.TRANSACTIONS),
                ("labels", source.labels, silver.LABELS),
            )
            for place, problem in (*problems(stream, table), *wrong_expressions(stream, table))
        ),
        *([(("name",), f"must equal the file's name '{path.stem}'")] if source.name != path.stem else []),
    ]
    if found:
        raise document.error(found)
    return source


def _place(location: Place) -> Place:
    """Where an error of pydantic's stands; that of a key is the key's."""
    return location[:-1] if location[-1:] == ("[key]",) else location


def _said(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return f"no such setting; allowed: {', '.join(_settings(error['loc'][:-1]))}"
    message = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _settings(place: Place) -> list[str]:
    """The settings that the part of a source's file at the place can have."""
    part: Any = Source
    for step in place:  # a model's field, or a name in a mapping to models
        part = part.model_fields[step].annotation if hasattr(part, "model_fields") else get_args(part)[1]
    return list(part.model_fields)


@lru_cache
def catalogue() -> dict[str, Source]:
    """Every source by name, in alphabetical order.

    Raises:
        SourceError: a file is wrong, or there is none.
    """
    folder = settings().sources
    found = {path.stem: load(path) for path in sorted(folder.glob("*.yaml"))}
    if not found:
        what = "holds no *.yaml" if folder.is_dir() else "is no folder"
        raise SourceError(f"no sources: {folder} {what}; set FRAUD_SOURCES to a folder of sources' files, or unset it")
    return found


def named(name: str) -> Source:
    """The source of that name.

    Raises:
        SourceError: there is none; the message lists those there are.
    """
    if name not in catalogue():
        raise SourceError(f"no source '{name}'; there are: {', '.join(catalogue())}")
    return catalogue()[name]
