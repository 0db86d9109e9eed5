"""When each label counts as known: the timeline that label windows run over.

Each payment gets its first label when one arrives, or ``genuine`` after ``label_delay``, whichever is earlier. Later
labels replace it from their own arrival on. With labels that all arrive after one constant delay, a window over this
timeline is the shifted window of the Fraud Detection Handbook (chapter 3, baseline feature transformation).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.features.algebra.loops import Integers

NEVER = np.iinfo(np.int64).max


def label_events(transactions: pl.DataFrame, labels: pl.DataFrame, label_delay: int) -> pl.DataFrame:
    """What became known when: columns row (of ``transactions``), known (µs), count (1 or 0), fraud (change in frauds).

    ``transactions`` needs transaction_id and event_time; ``labels`` is_fraud, known_at and transaction_id, or row in
    place of it; times are ``Datetime("us", "UTC")``; ``label_delay`` is in seconds. A payment's label is known one
    microsecond after the payment at the earliest, so that it never enters the payment's own features. Labels of other
    payments are ignored.
    """
    received = labels if "row" in labels.columns else labels_of(transactions, labels)
    paid = transactions["event_time"].to_physical().to_numpy()
    due = paid + max(label_delay * 1_000_000, 1)
    row = received["row"].to_numpy()
    arrived = received["known_at"].to_physical().to_numpy()
    at = np.maximum(arrived, paid[row] + 1)
    is_fraud = received["is_fraud"].cast(pl.Int64).to_numpy()
    presumed = np.ones(len(due), bool)  # genuine once due, where no label came before that
    presumed[row[at <= due[row]]] = False
    events = pl.DataFrame(
        {
            "row": np.concatenate((np.flatnonzero(presumed), row)),
            "known": np.concatenate((due[presumed], at)),
            "arrived": np.concatenate((due[presumed], arrived)),  # orders labels that came before their payment
            "fraud": np.concatenate((np.zeros(presumed.sum(), np.int64), is_fraud)),
        }
    )
    if events.height == transactions.height:  # one event a payment: nothing to correct
        return events.select("row", "known", "fraud", count=pl.lit(1, pl.Int64))
    again = (pl.col("row") == pl.col("row").shift()).fill_null(False)
    return events.sort("row", "known", "arrived").select(
        "row",
        "known",
        fraud=pl.col("fraud") - pl.when(again).then(pl.col("fraud").shift()).otherwise(0),
        count=1 - again.cast(pl.Int64),
    )


def labels_of(transactions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The labels of these transactions: columns row (of ``transactions``), is_fraud, known_at."""
    rows = transactions.select("transaction_id", row=pl.int_range(pl.len(), dtype=pl.Int64))
    return labels.join(rows, on="transaction_id").select("row", "is_fraud", "known_at")


@dataclass(frozen=True)
class Intervals:
    """From when (included) until when (excluded), in µs, payments had one label; those of a payment in order."""

    row: Integers
    since: Integers
    until: Integers

    def of(self, chosen: npt.NDArray[np.bool_] | Integers) -> "Intervals":
        """Some of the intervals, in the order given."""
        return Intervals(self.row[chosen], self.since[chosen], self.until[chosen])


def label_intervals(events: pl.DataFrame) -> tuple[Intervals, Intervals]:
    """The intervals as known fraud, and as known genuine, in what `label_events` found; the last may never end."""
    changes = events.filter((pl.col("fraud") != 0) | (pl.col("count") == 1))  # of one payment, in order
    row, since, fraud = (changes[name].to_numpy() for name in ("row", "known", "fraud"))
    again = np.append(row[1:] == row[:-1], False)[: len(row)]
    result = Intervals(row, since, np.where(again, np.append(since[1:], NEVER)[: len(row)], NEVER))
    return result.of(fraud > 0), result.of(fraud <= 0)
