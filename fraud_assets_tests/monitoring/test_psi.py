"""The index against hand-computed values and its known properties."""

import math

import numpy as np
import pytest

from fraud_assets.models.baseline_distribution import distribution
from fraud_assets.monitoring.psi import counts, psi, psi_of_counts, reading

RNG = np.random.default_rng(7)


def test_same_distribution_is_zero() -> None:
    values = RNG.normal(size=10_000)
    assert psi(values, values) == pytest.approx(0)
    assert psi(values, RNG.normal(size=10_000)) < 0.01


def test_a_flag_matches_the_formula_by_hand() -> None:
    before = np.repeat([0.0, 1.0], [90_000, 10_000])
    after = np.repeat([0.0, 1.0], [70_000, 30_000])
    by_hand = (0.7 - 0.9) * math.log(0.7 / 0.9) + (0.3 - 0.1) * math.log(0.3 / 0.1)
    assert psi(before, after) == pytest.approx(by_hand, abs=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.95, 0.99])
def test_a_rare_or_nearly_constant_flag_still_shows_its_drift(share: float) -> None:
    before = (np.arange(10_000) < share * 10_000).astype(float)
    assert psi(before, 1 - before) > 0.25


def test_a_shift_of_one_deviation_is_major_and_grows() -> None:
    values = RNG.normal(size=20_000)
    small, large = psi(values, values + 0.2), psi(values, values + 1)
    assert 0 < small < 0.1 < 0.25 < large
    assert reading(small) == "stable"
    assert reading(large) == "major"


def test_missing_values_are_a_bin_of_their_own() -> None:
    values = RNG.normal(size=10_000)
    holes = np.where(RNG.random(10_000) < 0.3, np.nan, values)
    assert psi(values, holes) > 0.25
    assert psi(holes, holes) == pytest.approx(0)
    assert psi(np.full(10, np.nan), values) > 0.25


def test_it_is_finite_when_nothing_overlaps() -> None:
    assert math.isfinite(psi(np.zeros(1000), np.ones(1000)))


def test_counts_of_a_kept_distribution_give_the_same_index() -> None:
    before, after = RNG.normal(size=5_000), RNG.normal(0.5, 1, size=4_000)
    kept = distribution(before)
    assert psi_of_counts(kept.counts, counts(after, kept.edges)) == pytest.approx(psi(before, after))
    assert counts([0.5, 1, 2, np.nan], (1.0,)).tolist() == [2, 1, 1]


def test_an_empty_side_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 actual"):
        psi([1.0], [])


READINGS = [(0.0999, "stable"), (0.1, "moderate"), (0.2499, "moderate"), (0.25, "major")]


@pytest.mark.parametrize(("value", "word"), READINGS)
def test_reading(value: float, word: str) -> None:
    assert reading(value) == word
