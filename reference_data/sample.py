"""Make the committed sample again: ``python -m reference_data.sample``; the same seed gives the same payments."""

from datetime import UTC, datetime

import polars as pl

from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World
from reference_data.files import SAMPLE

WORLD = World(customers=320, terminals=640, seed=17)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def sample() -> pl.DataFrame:
    """Five months of a small world's payments, in the columns of the Handbook's file."""
    payments = pl.concat(payments_between(WORLD, START.date(), END)).sort("event_time")
    seconds = (pl.col("event_time") - START).dt.total_seconds()
    return payments.select(
        TRANSACTION_ID=pl.int_range(pl.len(), dtype=pl.Int64),
        TX_DATETIME=(pl.lit(START.replace(tzinfo=None)) + pl.duration(seconds=seconds)).cast(pl.Datetime("us")),
        CUSTOMER_ID=pl.col("customer_id").str.slice(1).cast(pl.Int64),
        TERMINAL_ID=pl.col("terminal_id").str.slice(1).cast(pl.Int64),
        TX_AMOUNT=pl.col("amount").cast(pl.Float64),
        TX_FRAUD=pl.col("is_fraud").cast(pl.Int64),
        TX_FRAUD_SCENARIO=pl.col("scenario").cast(pl.Int64),
    )


if __name__ == "__main__":
    sample().write_parquet(SAMPLE, compression="zstd", compression_level=19, statistics=False)
    print(f"{SAMPLE}: {pl.scan_parquet(SAMPLE).select(pl.len()).collect().item():,} payments")
