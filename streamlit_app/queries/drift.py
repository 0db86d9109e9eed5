"""Drift as it was measured: the newest index of every feature, and one feature's history."""

import polars as pl

from fraud_assets.monitoring.psi import reading


def newest(drift: pl.LazyFrame) -> pl.DataFrame:
    """The last comparison made for the newest model: a row a feature, the most drifted last.

    Columns: feature, psi, reading (stable, moderate, major), rows, window_start, window_end, model_version.
    """
    of_model = drift.filter(pl.col("model_version") == pl.col("model_version").max())
    last = of_model.filter(pl.col("window_end") == pl.col("window_end").max()).sort("psi", "feature")
    columns = ("feature", "psi", "rows", "window_start", "window_end", "model_version")
    newest = last.select(columns).collect()
    return newest.with_columns(reading=pl.col("psi").map_elements(reading, pl.String))


def history(drift: pl.LazyFrame, feature: str) -> pl.DataFrame:
    """The feature's index over time, oldest first; columns window_end, psi, model_version."""
    mine = drift.filter(pl.col("feature") == feature).select("window_end", "psi", "model_version")
    return mine.sort("window_end", "model_version").collect()
