"""Splits in time that a model could really have been trained and tested on.

What belongs here: which payments and which labels each part may use. A label follows its payment after a delay, so that
delay lies between the last payment trained on and the first one scored, as in the Fraud Detection Handbook, chapter 5.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from fraud_assets.errors import FraudError


@dataclass(frozen=True)
class Days:
    """How many days each part has: training up to ``train`` (None: all there are), and as many as validation at least.

    The first ``warm_up`` days of history are not trained on.
    """

    train: float | None = 28
    validation: float = 7
    test: float = 7
    warm_up: float = 0

    @property
    def train_at_least(self) -> float:
        """The fewest days to train on."""
        return self.validation


DAYS = Days()
_POSITIONS = 1_000_000


@dataclass(frozen=True)
class Part:
    """Payments of ``[start, end)``, with the labels that were known at ``labels_at`` (all UTC).

    With a ``genuine_share`` below 1 it has every fraud and that share of the genuine payments, chosen by a hash of
    their identifiers; consecutive numbers of ``sample`` choose different payments.
    """

    start: datetime
    end: datetime
    labels_at: datetime
    genuine_share: float = 1.0
    sample: int = 0

    def scan(self, payments: pl.LazyFrame, labels: pl.LazyFrame) -> pl.LazyFrame:
        """The part's payments with ``is_fraud`` as it was known then; a payment without a label counts as genuine.

        ``payments`` needs transaction_id and event_time, ``labels`` transaction_id, is_fraud and known_at.
        """
        chosen = payments.filter(pl.col("event_time").is_between(self.start, self.end, closed="left"))
        known = (
            labels.filter(pl.col("known_at") <= self.labels_at)
            .group_by("transaction_id")
            .agg(pl.col("is_fraud").sort_by("known_at").last())
        )
        labelled = chosen.join(known, on="transaction_id", how="left", maintain_order="left").with_columns(
            pl.col("is_fraud").fill_null(False)
        )
        return labelled if self.genuine_share == 1 else labelled.filter(pl.col("is_fraud") | self._sampled())

    def count(self, payments: pl.LazyFrame, labels: pl.LazyFrame) -> tuple[int, int]:
        """How many payments `scan` has, and how many of them are fraud."""
        counts = self.scan(payments, labels).select(payments=pl.len(), frauds=pl.col("is_fraud").sum())
        return counts.collect(engine="streaming").row(0)

    def collect(self, payments: pl.LazyFrame, labels: pl.LazyFrame) -> pl.DataFrame:
        """The payments of `scan` in the order (event_time, transaction_id), whatever order the rows came in."""
        return self.scan(payments, labels).sort("event_time", "transaction_id").collect()

    def _sampled(self) -> pl.Expr:
        """True for the share of payments whose hash lies in the sample's range; the ranges of samples adjoin."""
        position = pl.col("transaction_id").hash(2) % _POSITIONS
        first = round(self.sample * self.genuine_share * _POSITIONS) % _POSITIONS
        return (position + (_POSITIONS - first)) % _POSITIONS < round(self.genuine_share * _POSITIONS)


@dataclass(frozen=True)
class Split:
    """Training, then a delay, then validation, then a delay, then test, all of whose labels are known."""

    train: Part
    validation: Part
    test: Part


def split(first: datetime, now: datetime, label_delay: timedelta, days: Days = DAYS) -> Split:
    """The latest split that the payments from ``first`` to ``now`` allow.

    The test ends a delay before now. The model is assumed to go live as the test starts: its threshold is chosen on
    validation payments with the labels known by then. It is trained with the labels known as validation starts.

    Raises:
        FraudError: there are too few days of history.
    """
    test_end = now - label_delay
    test_start = test_end - timedelta(days=days.test)
    validation_end = test_start - label_delay
    validation_start = validation_end - timedelta(days=days.validation)
    train_end = validation_start - label_delay
    earliest = first + timedelta(days=days.warm_up)
    train_start = earliest if days.train is None else max(earliest, train_end - timedelta(days=days.train))
    if train_end - train_start < timedelta(days=days.train_at_least):
        delay = label_delay / timedelta(days=1)
        needed = days.warm_up + days.train_at_least + days.validation + days.test + 3 * delay
        warm_up = f"{days.warm_up:g} to fill the features' windows, " if days.warm_up else ""
        raise FraudError(
            f"training: {(now - first) / timedelta(days=1):.1f} days of payments, {needed:g} needed "
            f"({warm_up}{days.train_at_least:g} to train, {days.validation:g} to validate, {days.test:g} to test and "
            f"after each {delay:g} until their labels are known); bring in more history"
        )
    moment = timedelta(microseconds=1)  # the newest payment has its label known just now
    return Split(
        train=Part(train_start, train_end, validation_start),
        validation=Part(validation_start, validation_end, test_start),
        test=Part(test_start, test_end + moment, now),
    )
