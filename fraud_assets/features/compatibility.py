"""Whether gold.features of this release is what a model was trained on; scoring and the promotion gate both ask."""

from collections.abc import Collection

from fraud_assets.declarations.features.catalogue import of_names
from fraud_assets.declarations.tables import gold
from fraud_assets.features.fingerprint import fingerprint


def incompatibility(names: Collection[str], trained_on: str) -> str | None:
    """Why a model of the features ``names`` with the fingerprint ``trained_on`` cannot score; None if it can.

    >>> incompatibility(["amount", "amount_in_gold"], "")
    'needs features that gold.features does not have: amount_in_gold'
    """
    missing = sorted(set(names) - set(gold.FEATURES.column_names))
    if missing:
        return f"needs features that {gold.FEATURES.full_name} does not have: {', '.join(missing)}"
    now = fingerprint(of_names(names))
    if now != trained_on:
        return f"was trained on features that are computed otherwise now (fingerprint {trained_on}, now {now})"
    return None
