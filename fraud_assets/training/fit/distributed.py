"""XGBoost's trees grown by Spark's workers together, for training days that do not fit one process.

What belongs here: how workers find each other, what each holds, and the model that comes of it, which is the one of
algorithms/xgboost.py. XGBoost's own estimators for Spark need a SparkContext, which a Connect client has not; the
workers meet in the same way as theirs do: one barrier stage, in which XGBoost's collective adds up their histograms.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import xgboost as xgb
from pyspark import BarrierTaskContext
from pyspark.sql import SparkSession
from xgboost.collective import CommunicatorContext
from xgboost.tracker import RabitTracker

from fraud_assets.errors import FraudError
from fraud_assets.models.algorithms.xgboost import Trees, split_parameters
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Part

BATCH_ROWS = 100_000
_FRAUD = "is_fraud"


@dataclass(frozen=True)
class Workers:
    """Spark's workers: ``count`` of them, all at once, share a training of more than ``above`` payments.

    ``session`` connects: it is asked when they are needed, as a session that waits for minutes is closed.
    """

    session: Callable[[], SparkSession]
    count: int
    above: int


def fit(workers: Workers, data: TrainingSet, part: Part, names: Sequence[str], parameters: Mapping[str, Any]) -> Trees:
    """The trees of a part's payments; same rows, number of workers and parameters, same trees.

    Each worker reads its share of the payments, a hash of the transaction's id, and holds it as the bins of its values,
    one or two bytes each; beside that it holds a batch, not its rows.

    The parameters are those that `binned` gives.

    Raises:
        FraudError: Spark or a worker refuses.
    """
    given, rounds = split_parameters(parameters)
    payments, labels = data.features.select("transaction_id", "event_time", *names), data.labels
    count = workers.count

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for share in batch.column(0).to_pylist():
                own = pl.col("transaction_id").hash(0) % count == share
                rows = part.scan(payments.filter(own), labels.filter(own))
                with tempfile.TemporaryDirectory(prefix="fraud-training-") as folder, _met():
                    booster = xgb.train(given, _matrix(rows, names, given["max_bin"], Path(folder)), rounds)
                if share == 0:
                    yield pa.record_batch([[bytes(booster.save_raw("ubj"))]], ["booster"])

    given |= {"nthread": 1}  # a worker is a task, and a task has one core
    shares = workers.session().range(0, count, 1, count)
    found = shares.mapInArrow(work, "booster binary", barrier=True).toArrow()
    if found.num_rows != 1:
        raise FraudError(f"training: {found.num_rows} of Spark's workers handed back a model, one should; train again")
    return Trees(xgb.Booster(model_file=bytearray(found.column(0)[0].as_py())))


def binned(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with splits between bins where they ask for exact ones, which workers cannot find together.

    >>> binned({"tree_method": "exact", "max_bin": 4096, "max_depth": 4})
    {'tree_method': 'hist', 'max_bin': 4096, 'max_depth': 4}
    """
    return {**parameters, "tree_method": "hist"} if parameters["tree_method"] == "exact" else dict(parameters)


class _Batches(xgb.DataIter):
    """A worker's rows from its own disk, a batch at a time; XGBoost passes over them twice."""

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        super().__init__()
        self._file, self._names, self._at = pa.ipc.open_file(pa.OSFile(str(file))), list(names), 0

    def reset(self) -> None:
        """Begin anew."""
        self._at = 0

    def next(self, input_data: Any) -> bool:
        """Hand over the next batch, if there is one."""
        if self._at == self._file.num_record_batches:
            return False
        batch = pl.from_arrow(self._file.get_batch(self._at))
        assert isinstance(batch, pl.DataFrame)
        rows = batch.select(self._names).to_numpy()
        input_data(data=rows, label=batch[_FRAUD].to_numpy(), feature_names=self._names)
        self._at += 1
        return True


def _matrix(rows: pl.LazyFrame, names: Sequence[str], bins: int, folder: Path) -> xgb.QuantileDMatrix:
    file = folder / "rows.arrow"
    numbers = rows.select(pl.col(_FRAUD, *names).cast(pl.Float32))  # XGBoost has no wider ones
    numbers.sink_ipc(file, compression="uncompressed", record_batch_size=BATCH_ROWS, engine="streaming")
    return xgb.QuantileDMatrix(_Batches(file, names), max_bin=bins, missing=np.nan, nthread=1)


def _met() -> CommunicatorContext:
    """This task among the others of its stage; the first task runs the tracker, at which they meet."""
    task = BarrierTaskContext.get()
    arguments: dict[str, Any] = {}
    if task.partitionId() == 0:
        tasks = task.getTaskInfos()
        tracker = RabitTracker(len(tasks), tasks[0].address.split(":")[0], sortby="task")
        tracker.start()
        Thread(target=tracker.wait_for, daemon=True).start()
        arguments = tracker.worker_args()
    arguments = json.loads(task.allGather(json.dumps(arguments))[0])
    return CommunicatorContext(**arguments, dmlc_task_id=str(task.partitionId()))
