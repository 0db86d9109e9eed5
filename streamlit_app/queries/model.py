"""The champion's metrics and how versions compare."""

import polars as pl

from fraud_assets.training.evaluate.metrics.names import in_words

#: The metrics that a page leads with, and what they mean.
LEADING = {
    "auc_roc": "how often a fraud gets a higher score than a genuine payment; 0.5 is chance",
    "average_precision": "area under the precision-recall curve; chance is the share of fraud",
    "card_precision_100": "share of compromised cards among each day's 100 riskiest",
    "precision": "share of fraud among the payments above the alert threshold",
    "recall": "share of all fraud that is above the alert threshold",
    "f1": "harmonic mean of precision and recall at the alert threshold",
}


def versions(performance: pl.LazyFrame) -> pl.DataFrame:
    """Every version's metrics in long form, oldest version first, metrics in LEADING's order and then by name."""
    order = {name: i for i, name in enumerate(LEADING)}
    frame = performance.collect().with_columns(
        title=pl.col("metric").map_elements(in_words, pl.String),
        rank=pl.col("metric").replace_strict(order, default=len(order), return_dtype=pl.Int64),
    )
    return frame.sort("model_version", "rank", "metric").drop("rank")


def comparable(metrics: pl.DataFrame) -> list[str]:
    """Titles of the metrics worth a chart: the known ones, or all if none is known."""
    known = metrics.filter(pl.col("metric").is_in(list(LEADING)))
    return (known if known.height else metrics)["title"].unique(maintain_order=True).to_list()


def champion(metrics: pl.DataFrame) -> pl.DataFrame:
    """The rows of the newest version that became champion; of the newest version at all if none did."""
    crowned = metrics.filter(pl.col("role") == "champion")
    among = crowned if crowned.height else metrics
    return among.filter(pl.col("model_version") == pl.col("model_version").max())
