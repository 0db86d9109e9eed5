"""The content of a declared file as one text and the hash that names it, whatever the file's comments and layout."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

DIGITS = 16
"""Hexadecimal digits of a content hash."""


def normalised(content: BaseModel) -> str:
    """The content, defaults included, as JSON with sorted keys."""
    return as_text(content.model_dump(mode="json"))


def as_text(content: Any) -> str:
    """JSON values as one text: equal texts for equal values.

    >>> as_text({"b": 1, "a": [None]})
    '{"a":[null],"b":1}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_hash(text: str) -> str:
    """The first `DIGITS` hexadecimal digits of the text's SHA-256.

    >>> content_hash("")
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
