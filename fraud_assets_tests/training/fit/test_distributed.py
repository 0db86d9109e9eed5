"""A training that Spark's workers share, on the real Spark: as good as one in this process, from rows in the lake."""

import uuid
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.model import ModelConfig
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.model_store import load_champion
from fraud_assets.settings import Settings
from fraud_assets.training.data.dataset import TrainingSet, pinned, training_set
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.fit import distributed, fitting
from fraud_assets.training.fit.distributed import Workers
from fraud_assets.training.train import part_of, parts_of, train
from fraud_assets_tests.training.sample import DELAY, payments

FEW = ("amount", "time_is_night", "customer_count_amount_1d", "customer_mean_amount_1d")
WHOLE = {"subsample": 1.0, "colsample_bytree": 1.0}  # else the trees depend on what is drawn, too
EXACT = {"tree_method": "exact", "rounds": 20, "learning_rate": 0.3, "max_depth": 3, **WHOLE}
PLAIN = ModelConfig(average_precision_floor=0.3, parameters=EXACT)
RECIPE = PLAIN


@pytest.fixture
def left(tmp_path: Path) -> TrainingSet:
    """Rows that stay in the lake."""
    lake, source = Lake(str(tmp_path / "lake")), f"test-{uuid.uuid4().hex[:8]}"
    for table, rows in zip((gold.FEATURES, silver.LABELS), payments(), strict=True):
        write_deltalake(lake.path(table), rows.with_columns(source=pl.lit(source)).to_arrow())
    return training_set(source, pinned(lake), lake, FEW, max_rows_in_memory=1)


@pytest.mark.stack
def test_workers_grow_the_trees_that_one_process_grows(spark: SparkSession, left: TrainingSet) -> None:
    parts = parts_of(left, PLAIN, DELAY)
    rows, test = part_of(left, "train", parts.train), part_of(left, "test", parts.test)
    single = fitting.fit_rows(rows.select(FEW), rows["is_fraud"], RECIPE)

    def grown() -> distributed.Trees:
        return distributed.fit(
            Workers(lambda: spark, 2, 1), left, parts.train, FEW, distributed.binned(fitting.parameters(RECIPE))
        )

    trees = grown()
    assert trees.save() == grown().save()
    twin = model.from_bytes(model.to_bytes(model.TrainedModel(tuple(FEW), (model.Member("xgboost", trees),))))
    theirs, ours = (average_precision(test["is_fraud"], model.score(one, test)) for one in (twin, single))
    assert theirs == pytest.approx(ours, abs=0.02)
    assert next(iter(model.importance(twin))) == next(iter(model.importance(single)))
    assert model.contributions(twin, test).shape == (test.height, len(FEW) + 1)


@pytest.mark.stack
def test_a_training_of_many_payments_goes_to_the_workers(
    stack: Settings, spark: SparkSession, left: TrainingSet, tmp_path: Path
) -> None:
    workers = Workers(lambda: spark, 2, above=1_000)
    result = train(left, PLAIN, DELAY, stack.mlflow, tmp_path, Lake(str(tmp_path / "lake")), FEW, workers)
    champion = load_champion(left.source, stack.mlflow, tmp_path)
    assert champion is not None
    assert result.rows["train"] > 5_000
    assert result.evaluation.metrics["average_precision"] > 0.6
    assert sum(champion.card.baseline["score"].counts) == result.rows["train"]
    assert "tree_method hist" in result.model_card, "it was grown in this process"
