"""The features fingerprint: which values features have, as one hash. Equal fingerprints mean equal values.

It covers the declarations without their prose, the definitions of the inputs, and the constants of the modules that
compute. Expressions and inputs are hashed as Polars prints them, so a new version of Polars may change it. A change of
an algorithm that no declaration, input or constant shows raises `REVISION`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from fraud_assets.declarations.features import kinds
from fraud_assets.declarations.features.catalogue import FEATURES, closure, columns
from fraud_assets.declarations.features.kinds import Feature, RowFeature, parsed
from fraud_assets.features.algebra import statistics, windows
from fraud_assets.features.batch.plan import STORED
from fraud_assets.features.inputs import baseline, row, watchlists
from fraud_assets.features.inputs.row import Facts

REVISION = 1
"""Of the algorithms. The test of the fingerprint says when it has to be raised."""
DIGITS = 16
_PROSE = {"meaning", "unit", "known"}
_MODULES: tuple[ModuleType, ...] = (kinds, windows, statistics, baseline, row)
"""Those whose constants decide values."""
_SOURCES = tuple(Facts(datetime(2000, 1, 1, tzinfo=UTC), positions) for positions in row.POSITIONS)


def fingerprint(features: Iterable[Feature] = FEATURES) -> str:
    """The fingerprint of some features and of all that they need, in `DIGITS` hexadecimal digits."""
    needed = closure(features)
    described = {
        "revision": REVISION,
        "features": [_declaration(feature) for feature in needed],
        "inputs": {name: _input(name) for name in sorted(columns(needed))},
        "constants": {module.__name__: _constants(module) for module in _MODULES},
        "stored": str(STORED),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _declaration(feature: Feature) -> dict[str, Any]:
    """What of a declaration decides values."""
    result = {field.name: getattr(feature, field.name) for field in fields(feature) if field.name not in _PROSE}
    if isinstance(feature, RowFeature):
        result["expression"] = str(parsed(feature.expression))
    return {"kind": type(feature).__name__, **result}


def _input(name: str) -> Any:
    """How an input is made; null for a column of silver.transactions, and for the baseline's, whose constants count."""
    if name in row.INPUTS:
        return [str(row.INPUTS[name][1](facts)) for facts in _SOURCES]
    lookup = watchlists.LOOKUPS.get(name)
    return lookup and [lookup.of, lookup.column, str(lookup.kind)]


def _constants(module: ModuleType) -> dict[str, str]:
    """The numbers and spans that a module defines or imports, alone, in tuples or in dicts, by name."""
    constants = {name: value for name, value in vars(module).items() if name.isupper()}
    return {
        name: repr(sorted(value.items()) if isinstance(value, dict) else value)
        for name, value in constants.items()
        if all(isinstance(part, int | float | timedelta) for part in _parts(value))
    }


def _parts(constant: Any) -> Iterable[Any]:
    """The values of a dict, the members of a tuple; anything else itself."""
    if isinstance(constant, dict):
        return constant.values()
    return constant if isinstance(constant, tuple) else (constant,)


FINGERPRINT = fingerprint()
"""Of all declared features."""
