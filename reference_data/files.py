"""The files of payments: a committed sample that every clone has, and public data sets where they lie beside it."""

from pathlib import Path

from fraud_assets.settings import REPOSITORY

SAMPLE = Path(__file__).with_name("payments_sample.parquet")
"""Simulated payments in the Handbook's columns; `reference_data/sample.py` makes it again."""

SHARED = REPOSITORY.parent / "shared/data"
HANDBOOK = SHARED / "handbook_transactions.parquet"
ULB = SHARED / "ulb_creditcard.parquet"
