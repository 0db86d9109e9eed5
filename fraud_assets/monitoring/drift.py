"""Drift of the newest payments from the champion's training payments: features and the score.

What belongs here: which payments are compared with what, and the rows of gold.drift. The index itself is in psi.py.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from fraud_assets.declarations.features.catalogue import AGEING
from fraud_assets.declarations.tables import Table, gold
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.models.baseline_distribution import Distribution
from fraud_assets.models.model_store import Champion
from fraud_assets.monitoring.psi import counts, psi_of_counts

WINDOW = timedelta(days=7)
FEWEST = 200
"""Payments below which nothing is compared: without any drift the index of few is about (bins - 1) / payments."""

SCORE = "score"

_TIME = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "model_version": pl.Int32,
    "feature": pl.String,
    "psi": pl.Float64,
    "window_start": _TIME,
    "window_end": _TIME,
    "rows": pl.Int64,
    "computed_at": _TIME,
}


@dataclass(frozen=True)
class Window:
    """Payments of ``[start, end)`` by event time, UTC."""

    start: datetime
    end: datetime

    @classmethod
    def before(cls, newest: datetime) -> "Window":
        """The window that ends with the last full hour: within an hour it stays the same."""
        end = newest.replace(minute=0, second=0, microsecond=0)
        return cls(end - WINDOW, end)


def measure(source: str, champion: Champion, lake: Lake) -> pl.DataFrame:
    """The rows gold.drift lacks for the source's newest window; none when it has them or payments are too few."""
    newest = reads.newest_time(gold.FEATURES, lake, source)
    if newest is None:
        return _rows([])
    window = Window.before(newest)
    if _measured(source, champion.version, window, lake):
        return _rows([])
    names = [name for name in champion.card.features if name in gold.FEATURES.column_names]
    features = _newest(gold.FEATURES, source, window, names, lake)
    decided = pl.col("model_version") == champion.version
    scores = _newest(gold.SCORES, source, window, [SCORE], lake, decided)
    values = {**features.to_dict(), **scores.to_dict()}
    return drift(source, champion, values, window, datetime.now(UTC))


def drift(
    source: str, champion: Champion, values: dict[str, pl.Series], window: Window, computed_at: datetime
) -> pl.DataFrame:
    """A row of gold.drift for each of ``values`` that the champion has a baseline of and that has enough rows.

    What grows with the calendar is not compared: that it has moved says nothing.
    """
    return _rows(
        [
            {
                "source": source,
                "model_version": champion.version,
                "feature": name,
                "psi": _moved(champion.card.baseline[name], values[name]),
                "window_start": window.start,
                "window_end": window.end,
                "rows": values[name].len(),
                "computed_at": computed_at,
            }
            for name in champion.card.baseline
            if name in values and values[name].len() >= FEWEST and name not in AGEING
        ]
    )


def _moved(baseline: Distribution, values: pl.Series) -> float:
    return psi_of_counts(baseline.counts, counts(values.to_numpy(), baseline.edges))


def _measured(source: str, model_version: int, window: Window, lake: Lake) -> bool:
    known = reads.scan(gold.DRIFT, lake)
    if known is None:
        return False
    same = known.filter(
        pl.col("source") == source, pl.col("model_version") == model_version, pl.col("window_end") == window.end
    )
    return not same.head(1).collect().is_empty()


def _newest(
    table: Table, source: str, window: Window, columns: list[str], lake: Lake, *conditions: pl.Expr
) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64))
    inside = pl.col("event_time").is_between(window.start, window.end, closed="left")
    return reads.not_deleted(frame).filter(pl.col("source") == source, inside, *conditions).select(columns).collect()


def _rows(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA)
