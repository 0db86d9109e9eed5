"""What MLflow is told about a training: parameters, metrics, pictures, the model and its place in the registry."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import polars as pl
import xgboost as xgb
from matplotlib.figure import Figure

from fraud_assets.errors import FraudError
from fraud_assets.training.champion import CARD_FILE, Card, registered_name
from fraud_assets.training.model import score

Role = Literal["champion", "challenger"]

_EXAMPLES = 5
_REQUIREMENTS = tuple(f"{package}=={version(package)}" for package in ("mlflow", "numpy", "xgboost-cpu"))


@dataclass(frozen=True)
class Registered:
    """Where a tracked model is found: its run and its version in the registry."""

    run_id: str
    version: int


def track(
    source: str,
    tracking_uri: str,
    model: xgb.Booster,
    card: Card,
    sample: pl.DataFrame,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    figures: Mapping[str, Figure],
    role: Role,
) -> Registered:
    """Log a run in the experiment ``fraud-<source>``, register its model there and give it the alias ``role``.

    ``sample`` has a few rows of the model's features, for its signature; ``figures`` are logged as ``<name>.png``.
    """
    import mlflow  # takes seconds, and whoever loads the assets imports this module

    name = registered_name(source)
    try:
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_params(dict(params))
            mlflow.log_metrics(dict(metrics))
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / CARD_FILE).write_text(card.to_json())
                for title, figure in figures.items():
                    figure.savefig(Path(folder) / f"{title}.png", dpi=100)
                mlflow.log_artifacts(folder)
            example = sample.select(card.features).head(_EXAMPLES)
            logged = mlflow.xgboost.log_model(
                model,
                name="model",
                model_format="ubj",
                signature=mlflow.models.infer_signature(example.to_pandas(), score(model, example)),
                pip_requirements=list(_REQUIREMENTS),
                registered_model_name=name,
            )
        registered = Registered(run.info.run_id, int(logged.registered_model_version))
        mlflow.MlflowClient().set_registered_model_alias(name, role, str(registered.version))
    except mlflow.exceptions.MlflowException as error:
        first_line = str(error).splitlines()[0][:200]
        raise FraudError(f"MLflow at {tracking_uri} did not take the model of {source}: {first_line}") from error
    return registered
