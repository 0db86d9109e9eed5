"""The rows a model is trained and tested on, read at pinned versions of the lake's tables.

What belongs here: reading them, and knowing them again. The same versions give the same rows, bit for bit, whatever the
lake has gained since; a digest of them is kept with the model. Few rows are read into memory, many stay in the lake and
are read a part or a column at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

TABLES = (gold.FEATURES, silver.LABELS)
Versions = Mapping[str, int]
"""Delta versions by the table's full name."""

_PAYMENT = ("transaction_id", "event_time", "customer_id", "amount")
_PAID, _TOLD = ["event_time", "transaction_id"], ["known_at", "transaction_id"]
_LABEL = ("transaction_id", "is_fraud", "known_at")
_SLICE = 1_000_000  # texts that the digest has as Python's at a time


@dataclass(frozen=True)
class TrainingSet:
    """A source's payments with their features, and the labels that were known of them, at ``versions``; unordered."""

    source: str
    versions: Versions
    features: pl.LazyFrame
    labels: pl.LazyFrame

    @cached_property
    def digest(self) -> str:
        """A hash of every value, in time's order."""
        found = hashlib.sha256()
        for frame, order in ((self.features, _PAID), (self.labels, _TOLD)):
            order_of_rows = frame.select(order).collect().select(pl.arg_sort_by(order)).to_series()
            for name in frame.collect_schema():
                column = frame.select(name).collect().to_series().gather(order_of_rows)
                found.update(f"{name} {column.dtype} {column.len()} {column.null_count()};".encode())
                for data in _bytes(column):
                    found.update(data)
        return found.hexdigest()[:16]

    def ordered(self) -> pl.LazyFrame:
        """The payments in time's order."""
        return self.features.sort(_PAID)


def pinned(lake: Lake) -> dict[str, int]:
    """The newest version of each table now.

    Raises:
        FraudError: a table does not exist yet.
    """
    return {table.full_name: _exists(table, reads.version(table, lake)) for table in TABLES}


def training_set(
    source: str, versions: Versions, lake: Lake, names: Sequence[str], max_rows_in_memory: int
) -> TrainingSet:
    """The source's rows at those versions: payments with the features ``names``, and their labels.

    Up to ``max_rows_in_memory`` payments are read now, with their labels; more stay in the lake until a part is read.

    Raises:
        FraudError: a table does not exist, or upkeep has removed the version's files.
    """
    wanted = {gold.FEATURES: dict.fromkeys((*_PAYMENT, *names)), silver.LABELS: _LABEL}
    frames = [_scan(table, source, versions, lake, columns) for table, columns in wanted.items()]
    if _collected(gold.FEATURES, versions, frames[0].select(pl.len())).item() <= max_rows_in_memory:
        frames = [_collected(table, versions, frame).lazy() for table, frame in zip(wanted, frames, strict=True)]
    return TrainingSet(source, dict(versions), *frames)


def with_features(payments: pl.DataFrame, names: Sequence[str], data: TrainingSet, lake: Lake) -> pl.DataFrame:
    """Payments of the set with those of the features ``names`` that the set was read without, at its versions.

    Raises:
        FraudError: upkeep has removed the version's files.
    """
    missing = [name for name in names if name not in payments.columns]
    if not missing:
        return payments
    frame = _scan(gold.FEATURES, data.source, data.versions, lake, ["transaction_id", "event_time", *missing])
    ours = frame.filter(pl.col("event_time").is_between(payments["event_time"].min(), payments["event_time"].max()))
    read = _collected(gold.FEATURES, data.versions, ours.drop("event_time"))
    return payments.join(read, on="transaction_id", how="left", maintain_order="left")


def _scan(table: Table, source: str, versions: Versions, lake: Lake, columns: Iterable[str]) -> pl.LazyFrame:
    with _kept(table, versions):
        frame = reads.scan(table, lake, _exists(table, versions.get(table.full_name)))
        if frame is not None:
            return reads.not_deleted(frame).filter(pl.col("source") == source).select(list(columns))
    raise FraudError(f"{table.full_name} does not exist yet; {START}, then `fraud run refresh`")


def _collected(table: Table, versions: Versions, frame: pl.LazyFrame) -> pl.DataFrame:
    with _kept(table, versions):
        return frame.collect()


@contextmanager
def _kept(table: Table, versions: Versions) -> Iterator[None]:
    """An error as one line that says that upkeep has removed the version's files."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        raise FraudError(
            f"version {versions[table.full_name]} of {table.full_name} can no longer be read: upkeep keeps 30 days "
            f"({str(error).splitlines()[0][:120]})"
        ) from error


def _exists(table: Table, version: int | None) -> int:
    if version is None:
        raise FraudError(f"{table.full_name} does not exist yet; {START}, then `fraud run refresh`")
    return version


def _bytes(column: pl.Series) -> Iterator[bytes]:
    if column.dtype != pl.String:
        yield column.to_physical().cast(pl.Float64 if column.dtype.is_float() else pl.Int64).to_numpy().tobytes()
        return
    for at in range(0, column.len(), _SLICE):
        yield ("\0" * (at > 0) + "\0".join(column.slice(at, _SLICE).fill_null("").to_list())).encode()
