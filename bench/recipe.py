"""What `fraud run train` fits for a source, on the days that a published protocol sets.

What belongs here: the product's features and its fit, by the source's file and the product's code. The protocols leave
no days to calibrate on; Platt's calibration, which the sources ask for, keeps every order, and so all figures measured.
"""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.declarations.sources.source import Source
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import Facts
from fraud_assets.models.artifact import score
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Part
from fraud_assets.training.fit.fitting import fit

SOURCES = Path(__file__).parent / "sources"
"""The files of sources that only benchmarks have."""


def training_set(source: Source, transactions: pl.DataFrame, labels: pl.DataFrame) -> TrainingSet:
    """The payments with the features that the source's model reads, and their labels."""
    wanted = [feature for feature in FEATURES if feature.name in source.model_features]
    facts = Facts(source.began, source.features.positions)
    delay = int(source.label_delay.total_seconds())
    features = evaluate(transactions, labels, delay, features=wanted, facts=facts)
    return TrainingSet(source.name, {}, features.lazy(), labels.lazy())


def scored(source: Source, data: TrainingSet, end: datetime, labels_at: datetime, test: pl.DataFrame) -> pl.DataFrame:
    """The test payments with the score of the source's model, trained on the days before ``end``.

    ``labels_at`` is when its labels were known. As in `fraud run train`, it is fitted on the newest training days that
    the source's file asks for, and not on the first ones, in which the features' windows fill.
    """
    first: datetime = data.features.select(pl.col("event_time").min()).collect().item()
    start = first + timedelta(days=source.model.warm_up_days)
    if source.model.longest_training_days is not None:
        start = max(start, end - timedelta(days=source.model.longest_training_days))
    train = Part(start, end, labels_at)
    fitted = fit(data, train, source.model, source.model_features, source.label_delay)
    return test.with_columns(score=pl.Series(score(fitted.model, test)))
