"""A trained model: members fitted on named features, what is added to their scores, and the calibration.

What belongs here: scoring, explaining, saving and loading, the same for every algorithm. Fitting is in training/fit/.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from fraud_assets.declarations.sources.model import Algorithm
from fraud_assets.errors import FraudError
from fraud_assets.models.algorithms.interface import Fitted, Floats, Rows, log_odds, probability
from fraud_assets.models.algorithms.table import module
from fraud_assets.models.calibration import NONE, Calibration
from fraud_assets.models.undetected import FEATURE, Undetected
from fraud_assets.models.unreadable import UnreadableModelError

_ABOUT = "model.json"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time of every file in the zip: the same model is the same bytes


@dataclass(frozen=True)
class Member:
    """A fitted algorithm; ``shift`` is added to its log-odds and undoes a sampling of genuine payments."""

    algorithm: Algorithm
    fitted: Fitted
    shift: float = 0.0


@dataclass(frozen=True)
class TrainedModel:
    """A model of the features ``names``, in that order: the mean of its members' log-odds."""

    names: tuple[str, ...]
    members: tuple[Member, ...]
    undetected: Undetected | None = None
    calibration: Calibration = NONE


def score(model: TrainedModel, features: pl.DataFrame) -> Floats:
    """The probability of fraud of each row, 0 to 1; ``features`` has at least the model's columns, in any order."""
    return score_rows(model, rows(model, features))


def score_rows(model: TrainedModel, rows: Rows) -> Floats:
    """The probability of fraud of each of the model's `rows`."""
    return model.calibration(_with_undetected(model, _seen(model, rows), rows))


def rows(model: TrainedModel, features: pl.DataFrame) -> Rows:
    """The model's features, row after row, nulls as NaN; float32, as they are stored and as trees compare them."""
    return features.select(model.names).cast(pl.Float32).to_numpy(order="c")


def contributions(model: TrainedModel, features: pl.DataFrame) -> Floats:
    """What each of the model's features adds to each row's score, in log-odds before calibration.

    Shape (rows, features + 1): the last column is what no feature accounts for, and a row's sum its score's log-odds.
    """
    given = rows(model, features)
    parts = np.asarray(np.mean([member.fitted.explain(given) for member in model.members], axis=0))
    parts[:, -1] += np.mean([member.shift for member in model.members])
    if model.undetected:
        seen = _seen(model, given)
        added = log_odds(_with_undetected(model, seen, given)) - log_odds(seen)
        parts[:, model.names.index(FEATURE)] += added
    return parts


def importance(model: TrainedModel) -> dict[str, float]:
    """Each feature's share in what the members do, highest first; together 1."""
    mean = np.mean([member.fitted.importance() for member in model.members], axis=0)
    return dict(sorted(zip(model.names, mean.tolist(), strict=True), key=lambda item: -item[1]))


def names(model: TrainedModel) -> Sequence[str]:
    """The features the model was fitted on, in its order."""
    return list(model.names)


def to_bytes(model: TrainedModel) -> bytes:
    """The model as one zip: a description in JSON, and a folder of the algorithm's own files a member; no pickle."""
    about = {
        "names": model.names,
        "members": [{"algorithm": member.algorithm, "shift": member.shift} for member in model.members],
        "undetected": asdict(model.undetected) if model.undetected else None,
        "calibration": asdict(model.calibration),
    }
    files = {_ABOUT: json.dumps(about).encode()}
    for number, member in enumerate(model.members):
        files |= {f"{number}/{name}": content for name, content in member.fitted.save().items()}
    with io.BytesIO() as data:
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)
        return data.getvalue()


def from_bytes(data: bytes) -> TrainedModel:
    """The model that `to_bytes` wrote.

    Raises:
        UnreadableModelError: the bytes are not such a model.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        return _described(json.loads(files.pop(_ABOUT)), files)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, FraudError) as error:
        found = str(error).partition("\n")[0]
        raise UnreadableModelError(f"a model's file is of another release or damaged ({found}); train again") from error


def _described(about: Mapping[str, Any], files: Mapping[str, bytes]) -> TrainedModel:
    members, undetected, calibration = about["members"], about["undetected"], about["calibration"]
    return TrainedModel(
        tuple(about["names"]),
        tuple(
            Member(one["algorithm"], module(one["algorithm"]).load(_in_folder(files, number)), one["shift"])
            for number, one in enumerate(members)
        ),
        Undetected(**undetected) if undetected else None,
        Calibration(calibration["kind"], tuple(calibration["x"]), tuple(calibration["y"])),
    )


def _in_folder(files: Mapping[str, bytes], number: int) -> dict[str, bytes]:
    return {name.partition("/")[2]: content for name, content in files.items() if name.startswith(f"{number}/")}


def _seen(model: TrainedModel, rows: Rows) -> Floats:
    """The members' score, of one member without a shift its very own."""
    if len(model.members) == 1 and not model.members[0].shift:
        return model.members[0].fitted.score(rows)
    return probability(np.mean([log_odds(one.fitted.score(rows)) + one.shift for one in model.members], axis=0))


def _with_undetected(model: TrainedModel, seen: Floats, rows: Rows) -> Floats:
    """The probability of a fraud that the members see or, apart from it, of one that no label can show yet."""
    if model.undetected is None:
        return seen
    unseen = model.undetected.probability(rows[:, model.names.index(FEATURE)])
    return np.asarray(1 - (1 - seen) * (1 - unseen))
