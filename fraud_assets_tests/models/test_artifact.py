"""Every algorithm behind the one interface: it finds what matters, explains its scores, and is kept without loss."""

import json
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
import pytest

from fraud_assets.declarations.sources.model import ALGORITHMS, Algorithm, MemberConfig, ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact import TrainedModel
from fraud_assets.models.unreadable import UnreadableModelError
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc
from fraud_assets.training.fit import fitting

FEATURES = ["amount", "noise"]


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """High amounts are fraud; of the noise, a tenth is not known."""
    random = np.random.default_rng(7)
    amount, noise = random.gamma(2, 50, 5_000), random.normal(size=5_000)
    unknown = pl.Series(random.random(5_000) < 0.1)
    return pl.DataFrame({"amount": amount, "noise": noise, "is_fraud": amount + 10 * noise > 220}).with_columns(
        noise=pl.when(unknown).then(None).otherwise("noise")
    )


@pytest.fixture(scope="module", params=ALGORITHMS)
def fitted(request: pytest.FixtureRequest, rows: pl.DataFrame) -> TrainedModel:
    return made(rows, request.param)


def made(rows: pl.DataFrame, algorithm: Algorithm) -> TrainedModel:
    """A model of the algorithm; of an ensemble, of all of its members."""
    config = ModelConfig(average_precision_floor=0, algorithm=algorithm)
    one_each = [fitting.fit_rows(rows.select(FEATURES), rows["is_fraud"], member) for member in config.members]
    return TrainedModel(tuple(FEATURES), tuple(member for one in one_each for member in one.members))


def test_scores_are_probabilities_whatever_the_order_of_columns(rows: pl.DataFrame, fitted: TrainedModel) -> None:
    scores = model.score(fitted, rows)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert auc_roc(rows["is_fraud"], scores) > 0.9
    reordered = model.score(fitted, rows.select("noise", "is_fraud", "amount"))
    np.testing.assert_allclose(scores, reordered, atol=1e-12)


def test_rows_score_alike_before_and_after_they_are_stored(rows: pl.DataFrame, fitted: TrainedModel) -> None:
    stored = rows.with_columns(pl.col("noise").cast(pl.Float32))  # as gold.features has them, amounts in double
    same: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # a forest's trees are added up in any order
    np.testing.assert_allclose(model.score(fitted, rows), model.score(fitted, stored), **same)
    some, twice = (model.contributions(fitted, kind[:50]) for kind in (rows, stored))
    np.testing.assert_allclose(some, twice, **same)


def test_contributions_add_up_to_the_score(rows: pl.DataFrame, fitted: TrainedModel) -> None:
    parts, scores = model.contributions(fitted, rows), model.score(fitted, rows)
    assert parts.shape == (5_000, 3)
    np.testing.assert_allclose(1 / (1 + np.exp(-parts.sum(axis=1))), scores, atol=1e-5)
    highest = rows["amount"].arg_max()
    assert highest is not None
    assert parts[highest, 0] > abs(parts[highest, 1])


def test_importance_finds_what_matters(fitted: TrainedModel) -> None:
    shares = model.importance(fitted)
    assert sum(shares.values()) == pytest.approx(1)
    if fitted.members[0].algorithm != "isolation_forest":  # to it, any rare value is as good as another
        assert list(shares) == FEATURES


def test_the_same_rows_make_the_same_model_and_bytes_keep_it(rows: pl.DataFrame, fitted: TrainedModel) -> None:
    first, *others = fitted.members
    again = made(rows, "ensemble" if others else first.algorithm)
    np.testing.assert_allclose(model.score(again, rows), model.score(fitted, rows), atol=1e-12)
    whole = fitting.calibrated(fitted, rows, rows["is_fraud"], "isotonic")
    kept = model.from_bytes(model.to_bytes(whole))
    np.testing.assert_allclose(model.score(kept, rows), model.score(whole, rows), atol=1e-12)
    assert model.names(kept) == FEATURES


def test_nothing_in_the_file_is_a_pickle(fitted: TrainedModel) -> None:
    with zipfile.ZipFile(BytesIO(model.to_bytes(fitted))) as archive:
        for name in archive.namelist():
            assert name.endswith((".json", ".ubj", ".skops")), name
            if name.endswith(".skops"):
                inner = zipfile.ZipFile(BytesIO(archive.read(name))).namelist()
                assert {file.rpartition(".")[2] for file in inner} <= {"json", "npy"}


def test_trees_are_the_same_bytes_each_time(rows: pl.DataFrame) -> None:
    first, second = (model.to_bytes(fitting.fit_rows(rows.select(FEATURES), rows["is_fraud"])) for _ in range(2))
    assert first == second


def test_what_does_not_exist_is_one_line() -> None:
    with pytest.raises(FraudError, match=r"random_forest has no parameter 'depth'; it has: n_estimators, "):
        fitting.parameters(MemberConfig(algorithm="random_forest", parameters={"depth": 3}))
    with pytest.raises(FraudError, match=r"a model's file is of another release or damaged"):
        model.from_bytes(b"none")


@pytest.mark.parametrize("change", [{"members": None}, {"members": [{"algorithm": "gone", "shift": 0.0}]}])
def test_a_file_of_another_release_is_unreadable(fitted: TrainedModel, change: dict[str, Any]) -> None:
    with zipfile.ZipFile(BytesIO(model.to_bytes(fitted))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["model.json"] = json.dumps(json.loads(files["model.json"]) | change).encode()
    with BytesIO() as data:
        with zipfile.ZipFile(data, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        with pytest.raises(UnreadableModelError, match=r"of another release or damaged \(.*\); train again"):
            model.from_bytes(data.getvalue())


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_a_linear_fit_ends_whatever_the_width_of_features(rows: pl.DataFrame) -> None:
    random = np.random.default_rng(1)
    seldom = {
        f"seldom_{i}": np.where(random.random(5_000) < 0.05, random.lognormal(2 * i, 2, 5_000), 0) for i in range(6)
    }
    wide = rows.with_columns(**{name: pl.Series(values) for name, values in seldom.items()})
    linear = fitting.fit_rows(
        wide.select(*FEATURES, *seldom), rows["is_fraud"], MemberConfig(algorithm="logistic_regression")
    )
    assert auc_roc(rows["is_fraud"], model.score(linear, wide)) > 0.99
