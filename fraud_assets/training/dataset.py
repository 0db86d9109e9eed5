"""The rows a model is made of, as they stood at pinned versions of the lake's tables.

What belongs here: reading them, and knowing them again. The same versions give the same rows, bit for bit, whatever the
lake has gained since; a digest of them is kept with the model.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads
from fraud_assets.tables import Table, gold, silver

TABLES = (gold.FEATURES, silver.LABELS)
Versions = Mapping[str, int]
"""Delta versions by the table's full name."""

_PAYMENT = ("transaction_id", "event_time", "customer_id", "amount")
_LABEL = ("transaction_id", "is_fraud", "known_at")


@dataclass(frozen=True)
class TrainingSet:
    """A source's payments with their features, and the labels that were known of them, at ``versions``."""

    source: str
    versions: Versions
    features: pl.DataFrame
    labels: pl.DataFrame

    @cached_property
    def digest(self) -> str:
        """A fingerprint of every value and its place."""
        found = hashlib.sha256()
        for frame in (self.features, self.labels):
            for column in frame.iter_columns():
                found.update(f"{column.name} {column.dtype} {column.len()} {column.null_count()};".encode())
                found.update(_bytes(column))
        return found.hexdigest()[:16]


def pinned(lake: str) -> dict[str, int]:
    """The newest version of each table now.

    Raises:
        FraudError: a table does not exist yet.
    """
    return {table.full_name: _exists(table, reads.version(table, lake)) for table in TABLES}


def training_set(source: str, versions: Versions, lake: str, names: Sequence[str]) -> TrainingSet:
    """The source's rows at those versions: payments with the features ``names``, in time's order, and their labels.

    Raises:
        FraudError: a table does not exist, or upkeep has removed the version's files.
    """
    features = _read(gold.FEATURES, source, versions, lake, dict.fromkeys((*_PAYMENT, *names)))
    labels = _read(silver.LABELS, source, versions, lake, _LABEL)
    return TrainingSet(
        source,
        dict(versions),
        features.sort("event_time", "transaction_id"),
        labels.sort("known_at", "transaction_id"),
    )


def _read(table: Table, source: str, versions: Versions, lake: str, columns: Iterable[str]) -> pl.DataFrame:
    version = _exists(table, versions.get(table.full_name))
    try:
        frame = reads.scan(table, lake, version)
        if frame is not None:
            return reads.standing(frame).filter(pl.col("source") == source).select(list(columns)).collect()
    except (OSError, pl.exceptions.ComputeError) as error:
        raise FraudError(
            f"version {version} of {table.full_name} can no longer be read: upkeep keeps 30 days "
            f"({str(error).splitlines()[0][:120]})"
        ) from error
    raise FraudError(f"{table.full_name} does not exist yet; {START}, then `fraud run refresh`")


def _exists(table: Table, version: int | None) -> int:
    if version is None:
        raise FraudError(f"{table.full_name} does not exist yet; {START}, then `fraud run refresh`")
    return version


def _bytes(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        return "\0".join(column.fill_null("").to_list()).encode()
    return column.to_physical().cast(pl.Float64 if column.dtype.is_float() else pl.Int64).to_numpy().tobytes()
