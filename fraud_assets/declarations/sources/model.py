"""The ``model`` section of a source's file: how its model is made, what mistakes cost, when it is trained again."""

from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.stream import Strict

Algorithm = Literal["logistic_regression", "random_forest", "xgboost", "isolation_forest", "ensemble"]
"""What a member is fitted with; an ``ensemble`` is a member for each of several algorithms."""
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
Imbalance = Literal["none", "class_weights", "undersampling", "smote", "adasyn"]
CalibrationKind = Literal["none", "platt", "isotonic"]
ENSEMBLE: dict[str, dict[str, Any] | None] = {"xgboost": {}, "random_forest": {}, "logistic_regression": {}}
"""The algorithms of an ``ensemble``, each with its own parameters; null leaves one out."""


class Costs(Strict):
    """What decisions cost, in the source's currency."""

    alarm: float = Field(default=10.0, gt=0)  # to look into one, whatever comes of it
    missed_share: float = Field(default=1.0, gt=0)  # of a missed fraud's amount, what is lost


class Retrain(Strict):
    """What starts a training before the nightly one; at most one a day, and none while a value is null."""

    labels: int | None = Field(default=None, ge=1)  # received since the newest model was trained
    drift: float | None = Field(default=None, gt=0)  # the highest PSI of any feature or the score


class MemberConfig(Strict):
    """One member of a model: an algorithm fitted on the newest training days, once for each seed."""

    algorithm: Algorithm = "xgboost"
    parameters: dict[str, Any] = Field(default_factory=dict)  # over the algorithm's defaults
    imbalance: Imbalance = "none"
    training_days: float | None = Field(default=28, gt=0)  # the newest so many; null for all there are
    seeds: int = Field(default=1, ge=1)  # models that differ by seed alone, averaged
    genuine_share: float = Field(default=1.0, gt=0, le=1)  # of genuine payments to fit on; each seed has another sample


class ModelConfig(MemberConfig):
    """How the source's model is trained and what it must reach; by itself a model of one member."""

    average_precision_floor: float = Field(ge=0, le=1)
    also: tuple[MemberConfig, ...] = ()  # further members; the model averages the log-odds of all
    features: tuple[str, ...] | None = None  # that the model reads; null for all of the source's families
    warm_up_days: float = Field(default=0, ge=0)  # of history not trained on: feature windows are not full yet
    validation_days: float = Field(default=7, gt=0)  # calibrate the scores and choose the threshold
    test_days: float = Field(default=7, gt=0)
    undetected_share: float = Field(default=0, ge=0, lt=1)  # of frauds: decision 0020
    calibration: CalibrationKind = "platt"
    costs: Costs = Costs()
    retrain: Retrain = Retrain()

    @field_validator("features")
    @classmethod
    def _exist(cls, features: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if unknown := sorted(set(features or ()) - set(NAMES)):
            raise ValueError(f"feature '{unknown[0]}' does not exist; `make docs` lists all in docs/data-dictionary.md")
        return features

    @property
    def members(self) -> tuple[MemberConfig, ...]:
        """The configuration's own member and the further ones; an ensemble's algorithms are a member each."""
        return tuple(member for one in (self, *self.also) for member in _expanded(one))

    @property
    def longest_training_days(self) -> float | None:
        """Of all members; null if one has all history."""
        days = [member.training_days for member in self.members]
        return None if None in days else max(one for one in days if one is not None)


def _expanded(member: MemberConfig) -> list[MemberConfig]:
    if member.algorithm != "ensemble":
        return [member]
    shared = {name: getattr(member, name) for name in MemberConfig.model_fields}
    chosen = {**ENSEMBLE, **member.parameters}
    return [
        MemberConfig.model_validate({**shared, "algorithm": algorithm, "parameters": parameters})
        for algorithm, parameters in chosen.items()
        if parameters is not None
    ]
