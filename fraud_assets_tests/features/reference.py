"""The features as plain pandas computes them, the Fraud Detection Handbook's way: what evaluate() has to equal."""

from pathlib import Path

import pandas as pd
import polars as pl

HANDBOOK = Path(__file__).parents[3] / "shared/data/handbook_transactions.parquet"
ULB = HANDBOOK.with_name("ulb_creditcard.parquet")
DELAY_DAYS = 7
HANDBOOKS = [
    "amount", "time_is_weekend", "time_is_night",
    *(f"customer_{what}_amount_{days}d" for days in (1, 7, 30) for what in ("count", "mean")),
    *(f"merchant_{what}_{days}d" for days in (1, 7, 30) for what in ("count_labelled", "mean_fraud")),
]  # fmt: skip


def canonical(handbook: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The Handbook's file as silver's transactions and labels; each label is known after the Handbook's 7 days."""
    time = pl.col("TX_DATETIME").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    frame = handbook.select(
        source=pl.lit("handbook"),
        transaction_id=pl.col("TRANSACTION_ID").cast(pl.String),
        event_time=time,
        customer_id=pl.col("CUSTOMER_ID").cast(pl.String),
        merchant_id=pl.col("TERMINAL_ID").cast(pl.String),
        amount="TX_AMOUNT",
        kafka_time=time,
        is_fraud=pl.col("TX_FRAUD") == 1,
        known_at=time + pl.duration(days=DELAY_DAYS),
    )
    return frame.drop("is_fraud", "known_at"), frame.select("transaction_id", "is_fraud", "known_at")


def handbook_features(
    handbook: pd.DataFrame,
    entities: tuple[str, ...] = ("CUSTOMER_ID", "TERMINAL_ID"),
    days: tuple[int, ...] = (1, 7, 30),
) -> pd.DataFrame:
    """The Handbook's 15 features (chapter 3, baseline feature transformation), or those of some entities only.

    Indexed by TRANSACTION_ID.
    """
    frame = handbook.assign(id=handbook["TRANSACTION_ID"].astype(str)).sort_values(["TX_DATETIME", "id"])
    frame = frame.drop(columns="id").set_index("TX_DATETIME", drop=False).rename_axis(index=None)
    frame["time_is_weekend"] = (frame["TX_DATETIME"].dt.weekday >= 5).astype(float)
    frame["time_is_night"] = (frame["TX_DATETIME"].dt.hour <= 6).astype(float)
    for entity in entities:
        roll = _spending if entity == "CUSTOMER_ID" else _risk
        frame = frame.groupby(entity, group_keys=False)[list(frame.columns)].apply(roll, days=days)
    return frame.set_index("TRANSACTION_ID").rename(columns={"TX_AMOUNT": "amount"})


def _spending(customer: pd.DataFrame, days: tuple[int, ...]) -> pd.DataFrame:
    customer = customer.copy()
    for window in days:
        rolling = customer["TX_AMOUNT"].rolling(f"{window}D")
        customer[f"customer_count_amount_{window}d"] = rolling.count()
        customer[f"customer_mean_amount_{window}d"] = rolling.sum() / rolling.count()
    return customer


def _risk(terminal: pd.DataFrame, days: tuple[int, ...]) -> pd.DataFrame:
    terminal = terminal.sort_index()  # the groups of customers came one after the other
    delay = terminal["TX_FRAUD"].rolling(f"{DELAY_DAYS}D")
    for window in days:
        both = terminal["TX_FRAUD"].rolling(f"{DELAY_DAYS + window}D")
        count, fraud = both.count() - delay.count(), both.sum() - delay.sum()
        terminal[f"merchant_count_labelled_{window}d"] = count
        terminal[f"merchant_mean_fraud_{window}d"] = (fraud / count).fillna(0)
    return terminal
