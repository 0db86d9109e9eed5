"""An ensemble: the mean of its members' log-odds (a logarithmic opinion pool; Genest and Zidek 1986)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_assets.models.algorithms import table
from fraud_assets.models.algorithms.interface import Fitted, Floats, Rows, Training, log_odds, merged, probability

DEFAULTS: Mapping[str, Any] = {
    "xgboost": {},
    "random_forest": {},
    "logistic_regression": {},
    "isolation_forest": None,
}
"""The members, each with its own parameters; None leaves one out."""


@dataclass(frozen=True)
class Ensemble:
    """Members by the name of their algorithm; a row's score and its explanation are the means of theirs."""

    members: dict[str, Fitted]

    def score(self, rows: Rows) -> Floats:
        """The members' scores, averaged as log-odds."""
        return probability(np.mean([log_odds(member.score(rows)) for member in self.members.values()], axis=0))

    def explain(self, rows: Rows) -> Floats:
        """The members' explanations, averaged."""
        return np.asarray(np.mean([member.explain(rows) for member in self.members.values()], axis=0))

    def importance(self) -> Floats:
        """The members' shares, averaged."""
        return np.asarray(np.mean([member.importance() for member in self.members.values()], axis=0))

    def save(self) -> dict[str, bytes]:
        """The members' files, each in a folder of its own."""
        return {f"{name}/{file}": data for name, one in self.members.items() for file, data in one.save().items()}


def fit(training: Training, parameters: Mapping[str, Any]) -> Ensemble:
    """Every member on the same rows."""
    chosen = {name: given for name, given in parameters.items() if given is not None}
    return Ensemble(
        {name: table.module(name).fit(training, merged(table.module(name), given)) for name, given in chosen.items()}
    )


def load(files: Mapping[str, bytes]) -> Ensemble:
    """The members that ``save`` wrote."""
    members: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        name, _, file = path.partition("/")
        members.setdefault(name, {})[file] = data
    return Ensemble({name: table.module(name).load(own) for name, own in members.items()})
