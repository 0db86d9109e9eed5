"""Prequential evaluation with label delay: train, wait until the labels are known, test, move on; again and again.

What belongs here: which payments each fold trains and tests on. The protocol is the Fraud Detection Handbook's
(Le Borgne et al., chapter 5, validation strategies): whole UTC days; between training and test lies the label delay;
customers known as defrauded are not tested, as their cards are blocked by then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl


@dataclass(frozen=True)
class Fold:
    """Training on the days ``[start, start + train)``, then ``delay`` days, then ``test`` days."""

    start: date
    train: int = 7
    delay: int = 7
    test: int = 7

    @property
    def train_end(self) -> date:
        """The day after the last one trained on."""
        return self.start + timedelta(days=self.train)

    @property
    def test_start(self) -> date:
        """The first day tested."""
        return self.train_end + timedelta(days=self.delay)

    @property
    def test_end(self) -> date:
        """The day after the last one tested."""
        return self.test_start + timedelta(days=self.test)

    def training(self, payments: pl.DataFrame) -> pl.DataFrame:
        """The payments to train on."""
        return _days(payments, self.start, self.train_end)

    def testing(self, payments: pl.DataFrame) -> pl.DataFrame:
        """The payments to test on: not those of customers with a fraud since training began that is known by then.

        A fraud is known on a test day when it happened more than ``delay`` days before that day.
        """
        frauds = _days(payments, self.start, self.test_end).filter("is_fraud")
        first = frauds.group_by("customer_id").agg(pl.col("event_time").min().dt.date().alias("defrauded"))
        known = pl.col("defrauded") + timedelta(days=self.delay) < pl.col("event_time").dt.date()
        tested = _days(payments, self.test_start, self.test_end)
        joined = tested.join(first, on="customer_id", how="left", maintain_order="left")
        return joined.filter(~known.fill_null(False)).drop("defrauded")


def folds(latest: Fold, count: int) -> Iterator[Fold]:
    """``latest`` and the folds before it, ``count`` in all, latest first; their test periods adjoin.

    >>> [str(fold.test_start) for fold in folds(Fold(date(2018, 8, 15)), 2)]
    ['2018-08-29', '2018-08-22']
    """
    for back in range(count):
        yield replace(latest, start=latest.start - timedelta(days=back * latest.test))


def _days(payments: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    day = pl.col("event_time").dt.date()
    return payments.filter((day >= start) & (day < end))
