"""The features that exist, by family, each declared once: what it means, its unit, how it is computed, when known.

Training, scoring, the gold.features table and its documentation all read this list; the declarations are in families/.
Names follow one grammar: entity_aggregate_column_window.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import iter_modules

from fraud_assets.declarations.features import families
from fraud_assets.declarations.features.kinds import Entity, Feature, RowFeature


def _families() -> dict[str, tuple[Feature, ...]]:
    found: dict[str, tuple[Feature, ...]] = {
        module.name: import_module(f"{families.__name__}.{module.name}").FEATURES
        for module in iter_modules(families.__path__)
    }
    family_of = {feature.name: family for family, features in found.items() for feature in features}
    needs = {
        family: sorted(
            {family_of[name] for feature in features for name in feature.needs if name in family_of} - {family}
        )
        for family, features in found.items()
    }
    return {family: found[family] for family in TopologicalSorter(needs).static_order()}


FAMILIES = _families()
"""The features of each module of families/, in an order in which no feature needs one that comes later."""

FEATURES: tuple[Feature, ...] = tuple(feature for family in FAMILIES.values() for feature in family)
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
AGEING = frozenset(feature.name for feature in FEATURES if "hours_since_began" in feature.needs)
"""Those that grow with the calendar: newer payments differ from older ones in them by what they are."""

_BY_NAME = {feature.name: feature for feature in FEATURES}
ENTITIES: tuple[Entity, ...] = ("customer_id", "merchant_id")


def of_families(families: Iterable[str]) -> tuple[Feature, ...]:
    """The features of some families.

    >>> [feature.name for feature in of_families(["time"])][:2]
    ['time_is_weekend', 'time_hour']
    """
    wanted = set(families)
    return tuple(feature for family, features in FAMILIES.items() if family in wanted for feature in features)


def of_names(names: Iterable[str]) -> tuple[Feature, ...]:
    """The features of some names.

    >>> [feature.name for feature in of_names(["time_hour", "amount"])]
    ['amount', 'time_hour']
    """
    wanted = set(names)
    return tuple(feature for feature in FEATURES if feature.name in wanted)


def closure(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features and all those that they need, each after what it needs."""
    wanted = {feature.name for feature in features}
    for feature in reversed(FEATURES):
        if feature.name in wanted:
            wanted |= feature.needs & _BY_NAME.keys()
    return tuple(feature for feature in FEATURES if feature.name in wanted)


def entities_of(feature: Feature) -> frozenset[Entity]:
    """Whose other payments the feature depends on, through what it needs too; none for the payment alone.

    >>> sorted(entities_of(_BY_NAME["customer_ratio_amount_30d"]))
    ['customer_id']
    """
    return frozenset(f.entity for f in closure([feature]) if not isinstance(f, RowFeature))


def horizon(entity: Entity, features: Sequence[Feature] = FEATURES) -> timedelta:
    """How far back a payment's features look on its customer's or merchant's payments, or labels' arrivals, at most."""
    reach: dict[str, int] = {}
    for feature in closure(features):
        own = 0 if isinstance(feature, RowFeature) or feature.entity != entity else feature.window
        below = max((reach[name] for name in feature.needs if name in reach and name != feature.name), default=0)
        reach[feature.name] = own + below
    return timedelta(seconds=max(reach.values(), default=0))


def columns(features: Iterable[Feature]) -> frozenset[str]:
    """What the features need that is not a feature: columns of silver.transactions and inputs (see inputs.py)."""
    return frozenset(name for f in closure(features) for name in f.needs if name not in _BY_NAME or name == f.name)


def windows_over(features: Iterable[Feature]) -> frozenset[str]:
    """The features that others aggregate, so that they are needed of every payment and not of the wanted ones only."""
    all_of_them = closure(features)
    read = {name for f in all_of_them if not isinstance(f, RowFeature) for name in f.needs}
    return frozenset(f.name for f in closure(f for f in all_of_them if f.name in read))
