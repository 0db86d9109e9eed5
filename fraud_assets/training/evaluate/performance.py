"""A training's metrics as rows of gold.model_performance."""

from datetime import datetime

import polars as pl

from fraud_assets.training.train import TrainingResult


def rows(result: TrainingResult, now: datetime) -> pl.DataFrame:
    """One row a metric, in the table's columns; ``now`` is when it was computed (UTC)."""
    return pl.DataFrame(
        {"metric": list(result.evaluation.metrics), "value": list(result.evaluation.metrics.values())},
    ).with_columns(
        source=pl.lit(result.source),
        model_version=pl.lit(result.version, pl.Int32),
        role=pl.lit(result.role),
        test_start=pl.lit(result.split.test.start),
        test_end=pl.lit(result.split.test.end),
        run_id=pl.lit(result.run_id),
        computed_at=pl.lit(now),
    )
