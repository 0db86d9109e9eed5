"""How a source may write its times: ISO 8601, patterns, counts; each as a regular expression that all readers share.

A pattern is made of these letters: ``yyyy`` or ``yy`` (of this century); ``M MM MMM`` (Jan); ``d dd``; ``H HH``, or
``h hh`` with ``a`` (AM, PM); ``m mm``; ``s ss``; ``S`` to ``SSSSSSSSS`` (digits of a fraction, at most so many);
``X XX XXX`` or ``Z`` (offsets, +01, +0100, +01:00, +0100) and ``z`` (UTC, CET, Europe/Paris …). Other characters stand
for themselves, letters between ``'``.
"""

import re
from functools import cache
from typing import NamedTuple

COUNTS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
"""Formats of times that are counts since a start, and how many make a second."""
ISO = "iso"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ZONES = {
    "UTC": "UTC", "GMT": "UTC", "Z": "UTC", "CET": "Europe/Paris", "CEST": "Europe/Paris",
    "EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
}  # fmt: skip
"""Short names of zones, and the zone by whose clock such a time is read."""

_REGION = "[A-Z][A-Za-z_]+/[A-Za-z_/+-]*[A-Za-z]"
_OFFSET = "[+-][0-9]{1,2}|[+-][0-9]{1,2}:[0-9]{2}|[+-][0-9]{4}"
_LETTERS = {
    "yyyy": ("year", "[1-9][0-9]{3}"), "yy": ("short year", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"), "MM": ("month", "[0-9]{2}"), "MMM": ("month name", "|".join(MONTHS)),
    "d": ("day", "[0-9]{1,2}"), "dd": ("day", "[0-9]{2}"),
    "H": ("hour", "[0-9]{1,2}"), "HH": ("hour", "[0-9]{2}"), "h": ("half", "[0-9]{1,2}"), "hh": ("half", "[0-9]{2}"),
    "a": ("noon", "AM|PM"), "m": ("minute", "[0-9]{1,2}"), "mm": ("minute", "[0-9]{2}"),
    "s": ("second", "[0-9]{1,2}"), "ss": ("second", "[0-9]{2}"),
    **{"S" * digits: ("fraction", f"[0-9]{{1,{digits}}}") for digits in range(1, 10)},
    "X": ("zone", "Z|[+-][0-9]{2}(?:[0-9]{2})?"), "XX": ("zone", "Z|[+-][0-9]{4}"),
    "XXX": ("zone", "Z|[+-][0-9]{2}:[0-9]{2}"), "Z": ("zone", "[+-][0-9]{4}"),
    "z": ("zone", f"{'|'.join(sorted(ZONES, key=len, reverse=True))}|{_REGION}"),
}  # fmt: skip
"""What each group of letters of a pattern is, and what may stand for it."""
_ALLOWED = (
    f"iso, {', '.join(COUNTS)}, or a pattern of yyyy yy M MM MMM d dd H HH h hh a m mm s ss S… X XX XXX Z z and 'text'"
)
_PART = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^'])")


class Written(NamedTuple):
    """A way to write times: a regular expression, and which part each of its groups is."""

    regex: str
    parts: tuple[str, ...]

    @property
    def zoned(self) -> bool:
        """Whether the text itself names a zone."""
        return "zone" in self.parts


_ISO_DATE = "^[ \\t\\n\\r]*([1-9][0-9]{3})-([0-9]{1,2})(?:-([0-9]{1,2})"
_ISO_TIME = "(?:[T ]([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:[.]([0-9]*))?"
ISO_WRITTEN = Written(
    f"{_ISO_DATE}{_ISO_TIME}(?: ?(Z|{_OFFSET}|{_REGION}))?)?)?)?)?[ \\t\\n\\r]*\\z",
    ("year", "month", "day", "hour", "minute", "second", "fraction", "zone"),
)
"""ISO 8601, and with it: parts of one digit, a blank for T, no seconds or no time at all, +01, the name of a zone."""
ISO_ZONELESS = f"{_ISO_DATE}{_ISO_TIME})?)?)?)?[ \\t\\n\\r]*\\z"


@cache
def written(pattern: str) -> Written:
    """What a pattern matches.

    Raises:
        ValueError: it has letters that stand for nothing, names a part twice, or no year.
    """
    regex, parts, end = [], [], 0
    for found in _PART.finditer(pattern):
        if found.start() != end:
            break
        end = found.end()
        if found["letters"] is None:
            plain = "'" if found[0] == "''" else (found["quoted"] or found["other"] or "").replace("''", "'")
            regex.append(re.escape(plain))
            continue
        if found[0] not in _LETTERS:
            raise ValueError(f"'{found[0]}' stands for no part of a time; allowed: {_ALLOWED}")
        part, of = _LETTERS[found[0]]
        if part in parts:
            raise ValueError(f"the {part} stands twice in the pattern")
        regex.append(f"({of})")
        parts.append(part)
    if end != len(pattern):
        raise ValueError("a ' in the pattern is not closed")
    if not {"year", "short year"} & set(parts):
        raise ValueError("the pattern has no year; give yyyy or yy")
    if ("half" in parts) != ("noon" in parts):
        raise ValueError("hours of a half day (h) go with AM or PM (a)")
    return Written(f"^{''.join(regex)}\\z", tuple(parts))
