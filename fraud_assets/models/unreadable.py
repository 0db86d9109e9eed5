"""The error of a model that this release cannot read; apart from artifact.py, which imports numpy and polars."""

from fraud_assets.errors import FraudError


class UnreadableModelError(FraudError):
    """A registered model's files are missing or of another release: nothing can be scored with it; train again."""
