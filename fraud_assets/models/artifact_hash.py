"""The hash that names a model's file; apart from artifact.py, which imports numpy and polars."""

from hashlib import sha256


def hash_of(data: bytes) -> str:
    """The sha256 of a model's file, in hexadecimal: versions, cards and decisions record it."""
    return sha256(data).hexdigest()
