"""From a source's model section and its training days to a fitted model: members, their windows, seeds and samples.

What belongs here: what `fraud run train` fits. The benchmarks of quality call the same function.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from fraud_assets.declarations.sources.model import CalibrationKind, MemberConfig, ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.models import calibration as calibrations
from fraud_assets.models import undetected
from fraud_assets.models.algorithms.interface import Training, merged
from fraud_assets.models.algorithms.table import module
from fraud_assets.models.artifact import Member, TrainedModel, score
from fraud_assets.models.calibration import NONE
from fraud_assets.models.undetected import Undetected
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Part
from fraud_assets.training.fit import distributed
from fraud_assets.training.fit.distributed import Workers

DEFAULT = MemberConfig()
ROWS_FOR_DISTRIBUTIONS = 200_000
"""Training payments that distributions are computed from, where more than fit in memory are trained on."""


@dataclass(frozen=True)
class Fit:
    """A model before its calibration, its members as they were fitted, and the training payments, of very many some."""

    model: TrainedModel
    members: tuple[MemberConfig, ...]
    payments: pl.DataFrame


def parameters(member: MemberConfig) -> dict[str, Any]:
    """A member's parameters over its algorithm's defaults.

    Raises:
        FraudError: the algorithm has no such parameter.
    """
    return merged(module(member.algorithm), member.parameters)


def fit(
    data: TrainingSet,
    part: Part,
    config: ModelConfig,
    names: Sequence[str],
    label_delay: timedelta,
    workers: Workers | None = None,
) -> Fit:
    """Fit every member of the configuration on its newest days of the part, once for each seed.

    ``names`` are the features; ``workers`` are Spark's, which fit a member that has too many payments for this process.

    Raises:
        FraudError: the configuration asks for what its algorithms or the data do not have.
    """
    members: list[Member] = []
    as_fitted: list[MemberConfig] = []
    for member in config.members:
        window = _newest(part, member.training_days)
        seeds = [_member(data, window, member, seed, names, workers) for seed in range(member.seeds)]
        members += [fitted for _, fitted in seeds]
        as_fitted.append(seeds[0][0])
    rows, _ = part.count(data.features, data.labels)
    too_many = workers is not None and rows > workers.above
    payments = part.collect(_some(data.features, rows) if too_many else data.features, data.labels)
    term = _undetected(payments, config.undetected_share, names, label_delay) if config.undetected_share else None
    return Fit(TrainedModel(tuple(names), tuple(members), term), tuple(as_fitted), payments)


def fit_rows(features: pl.DataFrame, fraud: pl.Series, member: MemberConfig = DEFAULT) -> TrainedModel:
    """A model of one member of ``fraud`` (true or false) by the columns of ``features``, numbers or null.

    The same input gives the same model.

    Raises:
        FraudError: the member asks for what its algorithm or the data do not have.
    """
    training = as_training(features, fraud)
    if member.imbalance != "none":
        from fraud_assets.training.fit.imbalance import balanced  # imbalanced-learn takes a second to import

        training = balanced(training, member.imbalance)
    fitted = module(member.algorithm).fit(training, parameters(member))
    return TrainedModel(training.names, (Member(member.algorithm, fitted),))


def as_training(features: pl.DataFrame, fraud: pl.Series) -> Training:
    """Rows as an algorithm takes them, each of weight 1."""
    label = fraud.cast(pl.Float64).to_numpy()
    return Training(features.cast(pl.Float64).to_numpy(), label, np.ones(len(label)), tuple(features.columns))


def calibrated(model: TrainedModel, features: pl.DataFrame, fraud: pl.Series, kind: CalibrationKind) -> TrainedModel:
    """The model with a calibration by payments later than those it was fitted on."""
    plain = replace(model, calibration=NONE)
    return replace(model, calibration=calibrations.fit(score(plain, features), fraud.to_numpy(), kind))


def _member(
    data: TrainingSet, part: Part, member: MemberConfig, seed: int, names: Sequence[str], workers: Workers | None
) -> tuple[MemberConfig, Member]:
    """The member as it was fitted for the seed, and the fitted member."""
    given = parameters(member)
    given["seed"] += seed
    sampled = replace(part, genuine_share=member.genuine_share, sample=seed)
    shift = math.log(member.genuine_share)
    if workers and member.algorithm == "xgboost" and member.imbalance == "none":
        rows, _ = sampled.count(data.features, data.labels)
        if rows > workers.above:
            binned = distributed.binned(given)
            trees = distributed.fit(workers, data, sampled, names, binned)
            return member.model_copy(update={"parameters": binned}), Member("xgboost", trees, shift)
    training = sampled.collect(data.features, data.labels)
    seeded = member.model_copy(update={"parameters": given})
    (fitted,) = fit_rows(training.select(names), training["is_fraud"], seeded).members
    return member, replace(fitted, shift=shift)


def _undetected(payments: pl.DataFrame, share: float, names: Sequence[str], label_delay: timedelta) -> Undetected:
    if undetected.FEATURE not in names:
        raise FraudError(f"training: undetected_share needs the feature {undetected.FEATURE}; let the model read it")
    seconds = payments[undetected.FEATURE].cast(pl.Float32).to_numpy()  # as rows to score are
    return undetected.fit(seconds, payments["is_fraud"].to_numpy(), share, label_delay)


def _newest(part: Part, days: float | None) -> Part:
    return part if days is None else replace(part, start=max(part.start, part.end - timedelta(days=days)))


def _some(payments: pl.LazyFrame, rows: int) -> pl.LazyFrame:
    """About `ROWS_FOR_DISTRIBUTIONS` of the payments, the same ones each time."""
    return payments.filter(pl.col("transaction_id").hash(1) % max(1, rows // ROWS_FOR_DISTRIBUTIONS) == 0)
