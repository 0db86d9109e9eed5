"""Reconciliation of a summary: its rows count every payment of silver that it has read, each once."""

from dataclasses import dataclass

import polars as pl

from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reads
from fraud_assets.lake.location import Lake


@dataclass(frozen=True)
class Reconciliation:
    """Payments and their amounts: in silver at the version that the summary has read, and in the summary."""

    version: int | None
    payments: int
    summarised: int
    amount: float
    amount_summarised: float

    @property
    def balanced(self) -> bool:
        """Whether each payment is counted once; amounts to a billionth, as float sums depend on their order."""
        apart = abs(self.amount - self.amount_summarised)
        return self.payments == self.summarised and apart <= 1e-9 * max(abs(self.amount), 1)


def reconcile(table: Table, source: str, lake: Lake) -> Reconciliation:
    """The reconciliation, for a source, of a summary that counts every payment, with or without a merchant."""
    if lake.opened(silver.TRANSACTIONS) is None:
        return Reconciliation(None, 0, 0, 0.0, 0.0)
    version = cursor.last_read_version(silver.TRANSACTIONS, table, source, lake)
    paid = (0, 0.0) if version is None else _sums(silver.TRANSACTIONS, pl.len(), "amount", source, lake, version)
    counted = _sums(table, pl.col("transactions").sum(), "amount_sum", source, lake)
    return Reconciliation(version, paid[0], counted[0], paid[1], counted[1])


def _sums(
    table: Table, count: pl.Expr, amount: str, source: str, lake: Lake, version: int | None = None
) -> tuple[int, float]:
    frame = reads.scan(table, lake, version)
    if frame is None:
        return 0, 0.0
    own = reads.not_deleted(frame).filter(pl.col("source") == source)
    row = own.select(count.cast(pl.Int64).alias("count"), pl.col(amount).sum().alias("amount")).collect().row(0)
    return int(row[0]), float(row[1])
