"""The algorithms by name; each is imported when it is first used, as scikit-learn and XGBoost take a second each."""

from importlib import import_module
from types import ModuleType

from fraud_assets.declarations.sources.model import ALGORITHMS
from fraud_assets.errors import FraudError


def module(name: str) -> ModuleType:
    """The module of an algorithm.

    Raises:
        FraudError: there is none of that name.
    """
    known = [one for one in ALGORITHMS if one != "ensemble"]
    if name not in known:
        raise FraudError(f"no algorithm '{name}'; there are: {', '.join(known)}")
    return import_module(f"{__package__}.{name}")
