"""The fingerprint changes with whatever decides values, and with nothing else."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from fraud_assets.declarations.features import catalogue, kinds
from fraud_assets.declarations.features.catalogue import FEATURES, NAMES, of_families
from fraud_assets.declarations.features.kinds import Feature
from fraud_assets.features import fingerprint as module
from fraud_assets.features.algebra import statistics
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.fingerprint import DIGITS, FINGERPRINT, fingerprint
from fraud_assets.features.inputs import baseline, row
from fraud_assets.features.inputs.row import Facts
from fraud_assets_tests.features import worlds
from fraud_assets_tests.features.drawn import drawn

RECORD = Path(__file__).with_name("fingerprints.json")
ZSCORE = "population_zscore_amount_30d"


def of_changed(name: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> str:
    """The fingerprint of the catalogue with one declaration changed."""
    changed: Sequence[Feature] = tuple(
        replace(feature, **changes) if feature.name == name else feature for feature in FEATURES
    )
    assert changed != FEATURES
    monkeypatch.setattr(catalogue, "FEATURES", changed)
    return fingerprint(changed)


def test_it_is_the_same_each_time() -> None:
    assert fingerprint() == fingerprint(reversed(FEATURES)) == FINGERPRINT


@pytest.mark.parametrize(
    ("where", "constant", "value"),
    [
        (kinds, "LAST", 31),
        (kinds, "ORDINARY", 2.6),
        (statistics, "RUN_GAP_DAYS", 13),
        (statistics, "HOURS_APART", 3),
        (statistics, "MAD_TO_STD", 1.5),
        (statistics, "OF_NOTHING", {"count": 0.0, "run_count": 1.0}),
        (baseline, "SPAN", timedelta(days=29)),
        (baseline, "_DIGITS", 4),
        (baseline, "_NOTHING", (1, 0, 0, 0, 0)),
        (row, "EARTH_KM", 6371.0),
        (module, "REVISION", 0),
        (module, "STORED", pl.Float64),
    ],
)
def test_a_changed_constant_changes_it(
    where: ModuleType, constant: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, constant, value)
    assert fingerprint() != FINGERPRINT


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (ZSCORE, {"expression": "(amount - population_mean) / nullif(population_std, 1)"}),
        ("customer_mean_amount_1h", {"window": 3_601}),
        ("customer_mean_amount_1h", {"aggregate": "sum"}),
        ("merchant_mean_fraud_7d", {"default": None}),
        ("customer_percentile_amount_30d", {"events": "payments not known as fraud"}),
    ],
)
def test_a_changed_declaration_changes_it(name: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_changed(name, monkeypatch, **changes) != FINGERPRINT


def test_a_changed_input_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(row.INPUTS, "signals_mean", (("signals",), lambda _: pl.col("signals").map.values().list.sum()))
    assert fingerprint() != FINGERPRINT


@pytest.mark.parametrize(
    "changes",
    [
        {"meaning": "other words for the same"},
        {"unit": "sigma"},
        {"expression": "(amount\n   - population_mean) /NULLIF( population_std,0 )"},
    ],
    ids=["meaning", "unit", "format"],
)
def test_other_words_and_another_format_do_not(changes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_changed(ZSCORE, monkeypatch, **changes) == FINGERPRINT


def test_of_some_features_it_covers_what_they_need_only(monkeypatch: pytest.MonkeyPatch) -> None:
    amounts, places = of_families(["amount"]), of_families(["place"])
    before = fingerprint(amounts), fingerprint(places)
    of_changed(ZSCORE, monkeypatch, expression="amount - population_mean")
    assert fingerprint(amounts) != before[0]
    assert fingerprint(places) == before[1]


def values() -> dict[str, str]:
    """A digest of each feature's values over a fixed world, in four digits: libraries may differ in the last."""
    transactions, labels = drawn(400)
    labels = labels.unique(["transaction_id", "known_at"], keep="last").sort("transaction_id", "known_at")
    found = evaluate(transactions, labels, 7 * 86_400, facts=Facts(worlds.BEGAN)).sort("transaction_id")
    texts = {name: ",".join(f"{value:.3e}" if value is not None else "" for value in found[name]) for name in NAMES}
    return {name: hashlib.sha256(text.encode()).hexdigest()[:DIGITS] for name, text in texts.items()}


def record() -> dict[str, list[str]]:
    """The fingerprint and the values' digest of each feature."""
    digests = values()
    return {feature.name: [fingerprint([feature]), digests[feature.name]] for feature in FEATURES}


def test_values_do_not_change_under_one_fingerprint() -> None:
    """If this fails, an algorithm changed: raise REVISION. Then, and after a change of a declaration, record anew.

    ``python -m fraud_assets_tests.features.test_fingerprint`` records. A new feature needs no record.
    """
    recorded, now = json.loads(RECORD.read_text()), record()
    changed = {name: now.get(name) for name in recorded if now.get(name) != recorded[name]}
    same = [name for name, one in changed.items() if one is not None and one[0] == recorded[name][0]]
    assert not same, f"values changed under one fingerprint: {same}; raise REVISION in features/fingerprint.py"
    assert not changed, (
        f"{sorted(changed)} changed: python -m fraud_assets_tests.features.test_fingerprint records that"
    )


if __name__ == "__main__":
    RECORD.write_text(json.dumps(record(), indent=1) + "\n")
