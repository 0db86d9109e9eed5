"""What is done about fraud being rare, to the rows a model is fitted on and to no others.

What belongs here: weights and resampling of a training's rows. `model.fit` calls it, so that no row of a later part can
be drawn from or made up; resampling distorts the scores, which calibration on later payments puts right.
"""

from dataclasses import replace

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE
from imblearn.under_sampling import RandomUnderSampler
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from fraud_assets.declarations.sources.model import Imbalance
from fraud_assets.errors import FraudError
from fraud_assets.models.algorithms.interface import SEED, Floats, Training

GENUINE_PER_FRAUD = 10
"""What undersampling leaves."""
FRAUD_PER_GENUINE = 0.1
"""What SMOTE and ADASYN bring the share to."""
_NEIGHBOURS = 5


def balanced(training: Training, how: Imbalance) -> Training:
    """The training with weights, fewer genuine rows or more frauds.

    SMOTE (Chawla et al. 2002) and ADASYN (He et al. 2008) measure distances between rows with nulls filled and robust
    scaling, learned from these rows; the rows that were there stay as they are, null or not.

    Raises:
        FraudError: too few frauds to make up more.
    """
    frauds = int(training.fraud.sum())
    genuine = len(training.fraud) - frauds
    if how == "none" or 0 in (frauds, genuine):
        return training
    if how == "class_weights":
        of_class = np.where(training.fraud > 0, len(training.fraud) / (2 * frauds), len(training.fraud) / (2 * genuine))
        return replace(training, weights=training.weights * of_class)
    if how == "undersampling":
        share = max(1 / GENUINE_PER_FRAUD, frauds / genuine)
        sampler = RandomUnderSampler(sampling_strategy=share, random_state=SEED)
        sampler.fit_resample(training.rows, training.fraud)
        kept = np.sort(sampler.sample_indices_)
        return replace(training, rows=training.rows[kept], fraud=training.fraud[kept], weights=training.weights[kept])
    if frauds / genuine >= FRAUD_PER_GENUINE:
        return training
    made = _made_up(training, how, frauds)
    return replace(
        training,
        rows=np.vstack([training.rows, made]),
        fraud=np.append(training.fraud, np.ones(len(made))),
        weights=np.append(training.weights, np.ones(len(made))),
    )


def _made_up(training: Training, how: Imbalance, frauds: int) -> Floats:
    neighbours = min(_NEIGHBOURS, frauds - 1)
    if neighbours < 1:
        raise FraudError(f"training: {how} needs two frauds or more to make up others, found {frauds}; set imbalance")
    given = {"sampling_strategy": FRAUD_PER_GENUINE, "random_state": SEED}
    sampler = SMOTE(k_neighbors=neighbours, **given) if how == "smote" else ADASYN(n_neighbors=neighbours, **given)
    scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), RobustScaler())
    near = scale.fit_transform(training.rows)
    try:
        resampled, _ = sampler.fit_resample(near, training.fraud)
    except (ValueError, RuntimeError) as error:
        raise FraudError(f"training: {how} cannot make up frauds: {error}; choose another imbalance") from error
    return np.asarray(scale[-1].inverse_transform(resampled[len(near) :]), dtype=np.float64)
