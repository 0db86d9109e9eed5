"""What every declaration has to keep, and what follows from the declarations."""

import re
from datetime import timedelta

import pytest

from fraud_assets.declarations.features.catalogue import (
    FAMILIES,
    FEATURES,
    NAMES,
    closure,
    columns,
    entities_of,
    horizon,
    windows_over,
)
from fraud_assets.declarations.features.kinds import Feature, RowFeature
from fraud_assets.declarations.tables import silver
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.row import INPUTS
from fraud_assets.features.inputs.watchlists import LOOKUPS

GRAMMAR = re.compile(r"amount|(amount|category|customer|merchant|population|signals|place|time|ip)(_[a-z0-9]+)+")


def test_names_are_unique_and_follow_the_grammar() -> None:
    assert len({*NAMES}) == len(NAMES)
    assert [name for name in NAMES if not GRAMMAR.fullmatch(name)] == []


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_rests_on_one_entity_and_on_what_exists(feature: Feature) -> None:
    """Spark's workers hold all payments of either a customer or a merchant, and columns of silver or inputs."""
    assert len(entities_of(feature)) <= 1
    assert columns([feature]) <= {*silver.TRANSACTIONS.column_names, *INPUTS, *LOOKUPS, *BASELINE}


def test_no_window_runs_over_a_comparison_with_the_source() -> None:
    """What is usual in the source is read for the hours of the payments that are computed again, not of their past."""
    inner = [feature for feature in FEATURES if feature.name in windows_over(FEATURES)]
    assert not columns(f for f in inner if isinstance(f, RowFeature)) & {*BASELINE}


def test_what_a_feature_needs_comes_before_it() -> None:
    order = [feature.name for feature in closure([feature for feature in FEATURES if feature.name.endswith("_14d")])]
    assert order.index("customer_ratio_genuine_90d") < order.index("customer_sum_excess_14d")


def test_the_horizon_is_that_of_windows_over_windows() -> None:
    assert horizon("customer_id") == timedelta(days=90 + 14)
    assert horizon("merchant_id") == timedelta(days=60)
    assert horizon("merchant_id", FAMILIES["time"]) == timedelta(0)
