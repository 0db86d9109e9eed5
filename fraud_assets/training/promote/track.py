"""What MLflow records of a training: parameters, metrics, figures, texts, the data, the model as a new version."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.models import flavor
from fraud_assets.models.model_store import CARD_FILE, MODEL_FILE, Card, registered_name
from fraud_assets.training.data.dataset import TABLES, TrainingSet
from fraud_assets.training.promote import registry

_REQUIREMENTS = tuple(
    f"{package}=={version(package)}"
    for package in ("mlflow", "numpy", "polars", "scikit-learn", "skops", "xgboost-cpu")
)


@dataclass(frozen=True)
class Registered:
    """Where a tracked model is found: its run and its version in the registry."""

    run_id: str
    version: int


@dataclass(frozen=True)
class Work:
    """A finished training: the model's file and all that is kept with it; ``texts`` by their file's name."""

    data: TrainingSet
    names: Sequence[str]
    model: bytes
    card: Card
    refusal: str | None
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    figures: Mapping[str, Figure]
    texts: Mapping[str, str]


def track(work: Work, tracking_uri: str, lake: Lake) -> Registered:
    """Log a run in the experiment ``fraud-<source>`` and register its model; it has no role yet.

    The version is created last and with its tags in one request: a training that is interrupted leaves a run and no
    version.

    Raises:
        FraudError: MLflow cannot be reached or refuses.
    """
    import mlflow  # takes seconds, and whoever loads the assets imports this module

    name = registered_name(work.data.source)
    with refused(tracking_uri, f"the model of {work.data.source}"):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_experiment(name)
        with mlflow.start_run() as run, tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            mlflow.log_params(dict(work.params))
            mlflow.log_metrics(dict(work.metrics))
            log_data(work.data, lake)
            (folder / CARD_FILE).write_text(work.card.to_json())
            for title, text in work.texts.items():
                (folder / title).write_text(text)
            for title, figure in work.figures.items():
                figure.savefig(folder / f"{title}.png", dpi=100)
            mlflow.log_artifacts(scratch)
            (folder / MODEL_FILE).write_bytes(work.model)
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module=flavor.__name__,
                data_path=str(folder / MODEL_FILE),
                signature=_signature(work.names),
                pip_requirements=list(_REQUIREMENTS),
            )
        tags = {
            registry.GATE: work.refusal or registry.PASSED,
            registry.ARTIFACT_HASH: work.card.artifact_hash,
            registry.FEATURES_FINGERPRINT: work.card.features_fingerprint,
            registry.CODE_VERSION: work.card.code_version,
        }
        made = mlflow.register_model(logged.model_uri, name, tags=tags)
    return Registered(run.info.run_id, int(made.version))


def log_data(data: TrainingSet, lake: Lake) -> None:
    """Log the tables read, each at its version, as datasets of the active run."""
    import mlflow
    from mlflow.data.delta_dataset_source import DeltaDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    for table in TABLES:
        origin = DeltaDatasetSource(path=lake.path(table), delta_table_version=data.versions[table.full_name])
        read = MetaDataset(origin, name=table.full_name, digest=data.digest)  # type: ignore[abstract]  # it has no profile
        mlflow.log_input(read, context="training")


def versions_read(run_id: str, tracking_uri: str) -> tuple[dict[str, int], str]:
    """The versions of the tables a run read, by the tables' names, and the digest of what it read.

    Raises:
        FraudError: MLflow has no such run, or the run no data.
    """
    import mlflow

    with refused(tracking_uri, f"the question for the run {run_id}"):
        read = mlflow.MlflowClient(tracking_uri).get_run(run_id).inputs
    inputs = read.dataset_inputs if read else []
    origins = {one.dataset.name: json.loads(one.dataset.source) for one in inputs}
    found = {name: int(origin.get("delta_table_version", 0)) for name, origin in origins.items()}  # it leaves 0 out
    if not found:
        raise FraudError(f"the run {run_id} has no datasets: it was made before they were logged; train again")
    return found, str(inputs[0].dataset.digest)


@contextmanager
def refused(tracking_uri: str, what: str) -> Iterator[None]:
    """An error of MLflow's as one line that names the server."""
    import mlflow

    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        first_line = str(error).splitlines()[0][:200]
        raise FraudError(f"MLflow at {tracking_uri} did not take {what}: {first_line}") from error


def _signature(names: Sequence[str]) -> Any:
    """Every feature a number that may be missing, and a probability out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    features = Schema([ColSpec(DataType.double, name, required=False) for name in names])
    return ModelSignature(features, Schema([TensorSpec(np.dtype(np.float64), (-1,))]))
