"""The model: an algorithm fitted on named features, and its calibration. Fit, score, explain, save and load.

What belongs here: what every algorithm shares. Nobody else calls an algorithm to do these things.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from fraud_assets.declarations.sources.model import Algorithm, CalibrationKind, Imbalance
from fraud_assets.errors import FraudError
from fraud_assets.models import calibration as calibrations
from fraud_assets.models.algorithms.interface import Fitted, Floats, Rows, Training, merged
from fraud_assets.models.algorithms.table import module
from fraud_assets.models.calibration import NONE, Calibration

_ABOUT = "model.json"
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the oldest a zip's file can be: the same model is the same bytes


@dataclass(frozen=True)
class Recipe:
    """How a model is made; ``parameters`` stand over the algorithm's defaults."""

    algorithm: Algorithm = "xgboost"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    imbalance: Imbalance = "none"

    def all_parameters(self) -> dict[str, Any]:
        """The parameters with the algorithm's defaults.

        Raises:
            FraudError: the algorithm has no such parameter.
        """
        return merged(module(self.algorithm), self.parameters)


DEFAULT = Recipe()


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model of the features ``names``, in that order."""

    algorithm: Algorithm
    names: tuple[str, ...]
    fitted: Fitted
    calibration: Calibration = NONE


def fit(features: pl.DataFrame, fraud: pl.Series, recipe: Recipe = DEFAULT) -> TrainedModel:
    """A model of ``fraud`` (true or false) by the columns of ``features``, numbers or null; same input, same model.

    Raises:
        FraudError: the recipe asks for what its algorithm or the data do not have.
    """
    training = as_training(features, fraud)
    if recipe.imbalance != "none":
        from fraud_assets.training.fit.imbalance import balanced  # imbalanced-learn takes a second to import

        training = balanced(training, recipe.imbalance)
    fitted = module(recipe.algorithm).fit(training, recipe.all_parameters())
    return TrainedModel(recipe.algorithm, training.names, fitted)


def as_training(features: pl.DataFrame, fraud: pl.Series) -> Training:
    """Rows as an algorithm takes them, each of weight 1."""
    label = fraud.cast(pl.Float64).to_numpy()
    return Training(features.cast(pl.Float64).to_numpy(), label, np.ones(len(label)), tuple(features.columns))


def calibrated(model: TrainedModel, features: pl.DataFrame, fraud: pl.Series, kind: CalibrationKind) -> TrainedModel:
    """The model with a calibration by payments later than those it was fitted on."""
    plain = replace(model, calibration=NONE)
    return replace(model, calibration=calibrations.fit(score(plain, features), fraud.to_numpy(), kind))


def score(model: TrainedModel, features: pl.DataFrame) -> Floats:
    """The probability of fraud of each row, 0 to 1; ``features`` has at least the model's columns, in any order."""
    return model.calibration(model.fitted.score(_rows(model, features)))


def contributions(model: TrainedModel, features: pl.DataFrame) -> Floats:
    """What each of the model's features adds to each row's score, in log-odds before calibration.

    Shape (rows, features + 1): the last column is what no feature accounts for, and a row's sum its score's log-odds.
    """
    return model.fitted.explain(_rows(model, features))


def importance(model: TrainedModel) -> dict[str, float]:
    """Each feature's share in what the model does, highest first; together 1."""
    shares = zip(model.names, model.fitted.importance().tolist(), strict=True)
    return dict(sorted(shares, key=lambda item: -item[1]))


def names(model: TrainedModel) -> Sequence[str]:
    """The features the model was fitted on, in its order."""
    return list(model.names)


def to_bytes(model: TrainedModel) -> bytes:
    """The model as one zip: what it is, as JSON, beside the algorithm's own files; no pickle."""
    about = {"algorithm": model.algorithm, "names": model.names, "calibration": asdict(model.calibration)}
    files = {_ABOUT: json.dumps(about).encode(), **model.fitted.save()}
    with io.BytesIO() as data:
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content, zipfile.ZIP_DEFLATED)
        return data.getvalue()


def from_bytes(data: bytes) -> TrainedModel:
    """The model that `to_bytes` wrote.

    Raises:
        FraudError: the bytes are not such a model.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        about = json.loads(files.pop(_ABOUT))
    except (zipfile.BadZipFile, KeyError) as error:
        raise FraudError(f"a model's file is of another kind or damaged ({error}); train again") from error
    kind = about["calibration"]
    calibration = Calibration(kind["kind"], tuple(kind["x"]), tuple(kind["y"]))
    return TrainedModel(about["algorithm"], tuple(about["names"]), module(about["algorithm"]).load(files), calibration)


def _rows(model: TrainedModel, features: pl.DataFrame) -> Rows:
    """The model's features, nulls as NaN; in single precision, as they are stored and as trees compare them."""
    return features.select(model.names).cast(pl.Float32).to_numpy()
