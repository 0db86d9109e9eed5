"""The ``model`` section of a source's file: how its model is made, what mistakes cost, when it is made anew."""

from typing import Any, Literal, get_args

from pydantic import Field

from fraud_assets.declarations.sources.stream import Strict

Algorithm = Literal["logistic_regression", "random_forest", "xgboost", "isolation_forest", "ensemble"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
Imbalance = Literal["none", "class_weights", "undersampling", "smote", "adasyn"]
CalibrationKind = Literal["none", "platt", "isotonic"]


class Costs(Strict):
    """What decisions cost, in the source's currency."""

    alarm: float = Field(default=10.0, gt=0)  # to look into one, whatever comes of it
    missed_share: float = Field(default=1.0, gt=0)  # of a missed fraud's amount, what is lost


class Retrain(Strict):
    """What starts a training before the night's; at most one a day, and none while a value is null."""

    labels: int | None = Field(default=None, ge=1)  # that became known since the newest model's
    drift: float | None = Field(default=None, gt=0)  # the highest PSI of any feature or the score


class ModelConfig(Strict):
    """How the source's model is trained and what it must reach."""

    average_precision_floor: float = Field(ge=0, le=1)
    algorithm: Algorithm = "xgboost"
    parameters: dict[str, Any] = Field(default_factory=dict)
    imbalance: Imbalance = "none"
    calibration: CalibrationKind = "platt"
    training_days: float | None = Field(default=28, gt=0)  # the newest so many; null for all there are
    costs: Costs = Costs()
    retrain: Retrain = Retrain()
