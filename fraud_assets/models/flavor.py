"""How MLflow itself loads a registered model (``mlflow.pyfunc.load_model``, ``mlflow models serve``)."""

from pathlib import Path

import pandas as pd
import polars as pl

from fraud_assets.models.algorithms.interface import Floats
from fraud_assets.models.artifact import TrainedModel, from_bytes, score


class Predictor:
    """A model as MLflow calls it."""

    def __init__(self, model: TrainedModel) -> None:
        """Wrap a model."""
        self.model = model

    def predict(self, features: pd.DataFrame) -> Floats:
        """The probability of fraud of each row."""
        return score(self.model, pl.from_pandas(features))


def _load_pyfunc(path: str) -> Predictor:
    """MLflow calls this by its name, with the path of the model's file."""
    return Predictor(from_bytes(Path(path).read_bytes()))
