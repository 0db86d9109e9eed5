"""The steps below bronze as one, to be interrupted at any commit, and what they leave behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.features.batch import recompute
from fraud_assets.features.batch import step as features
from fraud_assets.lake import cursor, reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.silver.streams import STREAMS

CARDS = named("cards")
MAX_ROWS_IN_MEMORY = 1_000_000
"""Payments of a first history whose features are not computed by Spark."""
WHEN_WRITTEN = {"ingested_at", "processed_at", "quarantined_at", "found_at", "computed_at", "recomputed_at"}

POINTS = [
    *(
        (f"{upstream.full_name} > {target.full_name}", when)
        for upstream, own in STREAMS.values()
        for target in (own, silver.QUARANTINE, silver.DUPLICATES)
        for when in ("before", "after")
    ),
    *(("recompute", when) for when in ("before", "after")),
    *(
        (f"{upstream.full_name} > {gold.FEATURES.full_name}", when)
        for upstream in (silver.TRANSACTIONS, silver.LABELS)
        for when in ("before", "after")
    ),
]
"""Every commit of the steps, and whether a run dies just before or just after it."""


class Interrupted(Exception):
    """The run died here."""


def run(spark: SparkSession, lake: Lake) -> None:
    """Bring everything below bronze up to date."""
    for stream in STREAMS:
        bronze_to_silver(spark, CARDS, stream, lake)
    features.compute(spark, CARDS, lake, MAX_ROWS_IN_MEMORY)


@contextmanager
def interrupted(at: str, when: str) -> Iterator[None]:
    """The block's run dies at this point; it must come by it."""

    def dying(real: Any, name: Any) -> Any:
        def commit(*arguments: Any) -> Any:
            here = name(*arguments) == at
            if here and when == "before":
                raise Interrupted
            outcome = real(*arguments)
            if here:
                raise Interrupted
            return outcome

        return commit

    def appended(_: Any, __: Any, increment: cursor.Increment, ___: Any) -> str:
        return f"{increment.upstream.full_name} > {increment.target.full_name}"

    def appended_here(_: Any, increment: cursor.Increment, __: Any) -> str:
        return appended(None, None, increment, None)

    def skipped(increment: cursor.Increment, _: Any) -> str:
        return appended(None, None, increment, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "append_spark", dying(writing.append_spark, appended))
        patch.setattr(writing, "append_in_process", dying(writing.append_in_process, appended_here))
        patch.setattr(writing, "append_batches", dying(writing.append_batches, appended_here))
        patch.setattr(writing, "skip", dying(writing.skip, skipped))
        patch.setattr(recompute, "rewrite_spark", dying(recompute.rewrite_spark, lambda *_: "recompute"))
        with pytest.raises(Interrupted):
            yield


def contents(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table below bronze, in order, without the times of writing."""
    tables = {}
    for table in (silver.TRANSACTIONS, silver.LABELS, silver.QUARANTINE, silver.DUPLICATES):
        tables[table.full_name] = _rows(lake, table).sort("topic", "offset")
    features = _rows(lake, gold.FEATURES).select("source", "transaction_id", "features_fingerprint", *NAMES)
    tables[gold.FEATURES.full_name] = features.sort("transaction_id")
    return tables


def _rows(lake: Lake, table: Any) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    columns = [c.name for c in table.columns if c.name not in WHEN_WRITTEN and not c.type.startswith("map")]
    return frame.select(columns).collect()


def assert_conserved(lake: Lake) -> None:
    """Each bronze record is in exactly one table of silver, and each payment has features."""
    below = contents(lake)
    for stream, (upstream, own) in STREAMS.items():
        frame = reads.scan(upstream, lake)
        assert frame is not None
        sent = frame.select("offset").collect()["offset"]
        found = [
            below[own.full_name]["offset"],
            *(
                below[table.full_name].filter(pl.col("stream") == stream)["offset"]
                for table in (silver.QUARANTINE, silver.DUPLICATES)
            ),
        ]
        assert sorted(sent) == sorted(pl.concat(found)), f"{bronze.TRANSACTIONS.layer}.{stream}"
    paid = below[silver.TRANSACTIONS.full_name]["transaction_id"]
    assert paid.is_unique().all()
    assert sorted(paid) == sorted(below[gold.FEATURES.full_name]["transaction_id"])
