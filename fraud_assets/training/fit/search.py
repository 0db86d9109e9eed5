"""The search for better parameters: Optuna's trials over folds in time, all of them before the test.

What belongs here: what is tried, on which folds, and how a search goes on where it stopped. Each trial is a nested run
in MLflow; the trials themselves are kept in a journal in the runtime folder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import optuna
import polars as pl
import yaml
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from fraud_assets.declarations.sources.model import MemberConfig, ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.logs import quiet_optuna
from fraud_assets.models import artifact as model
from fraud_assets.models.algorithms import xgboost
from fraud_assets.models.model_store import registered_name
from fraud_assets.training.data.dataset import TrainingSet, Versions
from fraud_assets.training.data.split import Part
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.fit.fitting import as_training, fit_rows, parameters
from fraud_assets.training.fit.imbalance import balanced
from fraud_assets.training.promote.track import log_data, refused
from fraud_assets.training.train import days_of, part_of, parts_of

FOLDS = 3
MOST_ROUNDS = 500
"""Trees of a trial, if early stopping does not end it before."""
_WARM_UP = 5
_VERSIONS, _RUN, _ROUNDS = "versions", "mlflow_run", "rounds"


@dataclass(frozen=True)
class Fold:
    """Payments to fit on and later ones to score, with the labels known at the time."""

    train: pl.DataFrame
    validation: pl.DataFrame


@dataclass(frozen=True)
class Found:
    """The best of a search so far; ``trials`` counts those that were finished or pruned, of all its runs."""

    member: MemberConfig
    average_precision: float
    trials: int
    pruned: int
    run_id: str

    def to_yaml(self) -> str:
        """The member as the ``model:`` section of a source's file."""
        chosen = {
            "algorithm": self.member.algorithm,
            "imbalance": self.member.imbalance,
            "parameters": dict(self.member.parameters),
        }
        return yaml.safe_dump({"model": chosen}, sort_keys=False)


def _xgboost(trial: Trial) -> dict[str, Any]:
    return {
        "max_depth": trial.suggest_int("max_depth", 3, 8),
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 20.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 10.0, log=True),
    }


def _random_forest(trial: Trial) -> dict[str, Any]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 300, step=50),
        "max_depth": trial.suggest_int("max_depth", 4, 20),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 30, log=True),
    }


def _logistic_regression(trial: Trial) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-3, 100.0, log=True)}


def _isolation_forest(trial: Trial) -> dict[str, Any]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 400, step=50),
        "max_samples": trial.suggest_int("max_samples", 64, 4096, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }


SPACES: Mapping[str, Callable[[Trial], dict[str, Any]]] = {
    "xgboost": _xgboost,
    "random_forest": _random_forest,
    "logistic_regression": _logistic_regression,
    "isolation_forest": _isolation_forest,
}


def study(source: str, algorithm: str, folder: Path) -> optuna.Study:
    """The search of a source and algorithm, from the folder's journal; a new one if there is none."""
    if algorithm not in SPACES:
        raise FraudError(f"there is nothing to search for {algorithm}; search for its members: {', '.join(SPACES)}")
    quiet_optuna()
    folder.mkdir(parents=True, exist_ok=True)
    journal = JournalFileBackend(str(folder / f"{source}.journal"))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(journal),
        study_name=f"{source}-{algorithm}",
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_WARM_UP),
        sampler=optuna.samplers.TPESampler(seed=0),
    )


def versions_of(known: optuna.Study) -> Versions | None:
    """The versions of the tables that a search started with, and continues with; None for a new search."""
    return known.user_attrs.get(_VERSIONS)


def folds_before_test(data: TrainingSet, config: ModelConfig, label_delay: timedelta) -> list[Fold]:
    """The training and validation of the data's split, and the same some weeks before; none reaches its test.

    Raises:
        FraudError: too little history, or a fold without fraud.
    """
    parts, days = parts_of(data, config, label_delay), days_of(config)
    first = data.features.select(pl.col("event_time").min()).collect().item() + timedelta(days=days.warm_up)
    found = []
    for back in range(FOLDS):
        train, validation = (_earlier(part, back * days.validation) for part in (parts.train, parts.validation))
        train = replace(train, start=max(train.start, first))
        if train.end - train.start < timedelta(days=days.train_at_least):
            break
        found.append(Fold(part_of(data, "train", train), part_of(data, "validation", validation)))
    return found


def search(
    known: optuna.Study,
    data: TrainingSet,
    config: ModelConfig,
    label_delay: timedelta,
    names: Sequence[str],
    tracking_uri: str,
    lake: Lake,
    trials: int | None,
    seconds: float | None,
) -> Found:
    """Go on with a search for so many trials or seconds, whatever ends first; ``data`` is at `versions_of` it.

    Raises:
        FraudError: too little history, MLflow cannot be reached, or no trial came to an end.
    """
    import mlflow

    folds = folds_before_test(data, config, label_delay)
    algorithm = config.algorithm
    known.set_user_attr(_VERSIONS, dict(data.versions))
    with refused(tracking_uri, f"the search of {data.source}"):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_experiment(registered_name(data.source))
        started_run = known.user_attrs.get(_RUN)
        with mlflow.start_run(run_id=started_run, run_name=None if started_run else f"search {algorithm}") as run:
            if started_run is None:
                known.set_user_attr(_RUN, run.info.run_id)
                mlflow.log_params({"algorithm": algorithm, "folds": len(folds)})
                log_data(data, lake)
            known.optimize(
                lambda trial: _tried(trial, config, folds, names), trials, seconds, callbacks=[_as_nested_run]
            )
            done = [one for one in known.trials if one.state == TrialState.COMPLETE]
            if not done:
                raise FraudError(f"search: no trial of {data.source} came to an end; give it more time")
            best = known.best_trial
            mlflow.log_metrics({"average_precision": known.best_value, "trials": len(known.trials)})
    pruned = sum(one.state == TrialState.PRUNED for one in known.trials)
    return Found(
        _member(config, best.params, best.user_attrs), known.best_value, len(done) + pruned, pruned, run.info.run_id
    )


def _tried(trial: Trial, config: ModelConfig, folds: Sequence[Fold], names: Sequence[str]) -> float:
    """The mean of the folds' average precision; given up when it falls behind the others' median."""
    SPACES[config.algorithm](trial)
    trial.suggest_categorical("imbalance", ["none", "class_weights", "undersampling"])
    if config.algorithm == "xgboost":
        trial.set_user_attr(_ROUNDS, _rounds(_member(config, trial.params, {_ROUNDS: MOST_ROUNDS}), folds[0], names))
    member = _member(config, trial.params, trial.user_attrs)
    reached: list[float] = []
    for at, fold in enumerate(folds):
        fitted = fit_rows(fold.train.select(names), fold.train["is_fraud"], member)
        reached.append(average_precision(fold.validation["is_fraud"], model.score(fitted, fold.validation)))
        trial.set_user_attr(f"fold_{at}", reached[-1])
        trial.report(sum(reached) / len(reached), at)
        if trial.should_prune():
            raise optuna.TrialPruned
    return sum(reached) / len(reached)


def _rounds(member: MemberConfig, fold: Fold, names: Sequence[str]) -> int:
    """The rounds at which early stopping ends on the newest fold."""
    training = balanced(as_training(fold.train.select(names), fold.train["is_fraud"]), member.imbalance)
    later = as_training(fold.validation.select(names), fold.validation["is_fraud"])
    return xgboost.best_rounds(training, later, parameters(member))


def _member(config: ModelConfig, tried: Mapping[str, Any], more: Mapping[str, Any]) -> MemberConfig:
    given = {**config.parameters, **{name: value for name, value in tried.items() if name != "imbalance"}}
    if _ROUNDS in more:
        given[_ROUNDS] = more[_ROUNDS]
    return MemberConfig(algorithm=config.algorithm, parameters=given, imbalance=tried["imbalance"])


def _as_nested_run(known: optuna.Study, trial: FrozenTrial) -> None:
    import mlflow

    with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params({**trial.params, "state": trial.state.name.lower()})
        mlflow.log_metrics({name: float(value) for name, value in trial.user_attrs.items()})
        if trial.value is not None:
            mlflow.log_metric("average_precision", trial.value)


def _earlier(part: Part, days: float) -> Part:
    back = timedelta(days=days)
    return replace(part, start=part.start - back, end=part.end - back, labels_at=part.labels_at - back)
