"""Simulated orders of a web shop as a frame, with the faults that a shop's records have.

What belongs here: drawing orders. The rates are those the source is described by; which order is hit depends on the
seed and the order's number alone.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from fraud_assets.errors import FraudError

FRAUD, MISSING, DUPLICATES, OUTLIERS = 0.08, 0.05, 0.01, 0.02
"""Shares of the orders that are fraud, lack a field, are sent twice, or have an untypical amount."""
PER_HOUR = 1_000

CUSTOMERS = 5_000
CATEGORIES = {"electronics": 180.0, "clothing": 60.0, "home": 90.0, "books": 18.0, "beauty": 35.0, "groceries": 45.0,
              "sports": 75.0, "toys": 30.0}  # fmt: skip
"""What is sold, and the median amount of an order (USD)."""
METHODS = ("credit_card", "debit_card", "paypal", "bank_transfer", "digital_wallet")
DEVICES = ("mobile", "desktop", "tablet")
LOCATIONS = ("New York", "Los Angeles", "Chicago", "Houston", "Phoenix", "Philadelphia", "San Antonio", "San Diego",
             "Dallas", "Seattle")  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOSABLE = ("customer_id", "amount", "product_category", "payment_method", "device_type", "location")
"""The fields of which an order may lack one."""

_SPREAD = 0.6  # standard deviation of the logarithm of an order's amount
_FRAUD_FACTOR = 3.0
_OUTLIER_FACTOR = 25.0
_DUPLICATE_LAG = 50  # a duplicate comes this many orders after the first, or at the end


def orders(count: int, end: datetime, seed: int = 0) -> pl.DataFrame:
    """The ``count`` orders before ``end`` (UTC), `PER_HOUR` an hour, with duplicates, in order of arrival.

    Columns as the source declares them: transaction_id, customer_id, timestamp (ISO 8601 text, UTC), amount (USD),
    product_category, payment_method, device_type, location, is_fraud; null where a field is missing.

    Raises:
        FraudError: some would be before 1970.
    """
    if count < 1:
        raise ValueError(f"{count} orders")
    if count / PER_HOUR > (end - EPOCH) / timedelta(hours=1):
        raise FraudError(f"no such orders: {count:,} of them before {end:%Y-%m-%d} begin before 1970; end them later")
    random = np.random.Generator(np.random.Philox(seed))
    fraud = random.random(count) < FRAUD
    begin = end - timedelta(hours=count / PER_HOUR)
    times = np.sort(random.random(count)) * (end - begin).total_seconds() * 1000
    chosen = random.integers(0, len(CATEGORIES), count)
    medians = np.array(list(CATEGORIES.values()))[chosen]
    factor = np.where(fraud, _FRAUD_FACTOR, 1.0) * np.where(random.random(count) < OUTLIERS, _OUTLIER_FACTOR, 1.0)
    amounts = (medians * np.exp(random.normal(0, _SPREAD, count)) * factor).round(2)
    milliseconds = round(begin.timestamp() * 1000) + times.astype(np.int64)
    first = f"{begin.astimezone(UTC):%Y%m%d%H%M%S}-{seed}"
    frame = pl.DataFrame(
        {
            "transaction_id": pl.select(pl.format(f"order-{first}-{{}}", pl.int_range(count))).to_series(),
            "customer_id": _of("customer-", random.integers(0, CUSTOMERS, count)),
            "timestamp": pl.Series(milliseconds).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "amount": amounts,
            "product_category": pl.Series(list(CATEGORIES)).gather(chosen),
            "payment_method": pl.Series(METHODS).gather(random.integers(0, len(METHODS), count)),
            "device_type": pl.Series(DEVICES).gather(random.integers(0, len(DEVICES), count)),
            "location": pl.Series(LOCATIONS).gather(random.integers(0, len(LOCATIONS), count)),
            "is_fraud": fraud,
        }
    )
    lost = np.where(random.random(count) < MISSING, random.integers(0, len(LOSABLE), count), -1)
    frame = frame.with_columns(
        pl.when(pl.Series(lost != number)).then(name) for number, name in enumerate(LOSABLE)
    ).with_row_index("position")
    again = frame.filter(pl.Series(random.random(count) < DUPLICATES)).with_columns(pl.col("position") + _DUPLICATE_LAG)
    return pl.concat([frame, again]).sort("position", maintain_order=True).drop("position")


def _of(prefix: str, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.Series:
    return pl.select(pl.format(prefix + "{}", pl.Series(numbers))).to_series()
