"""JSON texts as Spark's reader gives them: values as texts, objects and lists written again without blanks.

A number is written as Java writes it: 1.50 becomes 1.5, 1e10 becomes 1.0E10; whole numbers keep every digit. Within an
object or a list, characters beyond 16 bits are written as two escapes. Of a name that an object gives twice, both stay.
"""

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

Object = tuple[tuple[str, Any], ...]
"""A JSON object: its names and values in order."""

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r'[\x00-\x1f"\\\ud800-\udfff\U00010000-\U0010ffff]')
_DECODER = json.JSONDecoder(object_pairs_hook=tuple)
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\\]+)'\]")


def loads(text: str) -> Any:
    """A JSON value: objects as `Object`, lists as lists.

    Raises:
        ValueError: the text is no JSON.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def written(value: Any) -> str | None:
    """The value as a text: texts as they are, None for null, all else as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair is no character
    return _json(value)


def member(text: str | None, path: str) -> str | None:
    """What stands in a JSON text at a path such as ``$.a.b[0]``; None where there is nothing, or no JSON."""
    if text is None:
        return None
    try:
        value = loads(text)
    except ValueError:
        return None
    for step in _steps(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = next((v for k, v in value if k == step), None) if isinstance(value, tuple) else None
    return written(value)


def double(value: float) -> str:
    """A number as Java writes a double."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


@lru_cache
def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(found[2]) if found[2] else found[1] or found[3] for found in _STEP.finditer(path))


def _json(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_ESCAPED.sub(_escape, value)}"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = double(value)
        return text if text[-1].isdigit() else f'"{text}"'
    if isinstance(value, tuple):
        return "{" + ",".join(f"{_json(name)}:{_json(each)}" for name, each in value) + "}"
    return "[" + ",".join(map(_json, value)) + "]"


def _escape(found: re.Match[str]) -> str:
    if found[0] in _SHORT:
        return _SHORT[found[0]]
    halves = found[0].encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{halves[place : place + 4]}" for place in range(0, len(halves), 4))
