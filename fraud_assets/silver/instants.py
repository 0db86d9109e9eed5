"""Texts of times as microseconds since 1970, as Spark reads them; ``formats.timestamp`` is the same in Spark SQL."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from fraud_assets.declarations.sources.stream import Time
from fraud_assets.declarations.sources.times import COUNTS, ISO, ISO_WRITTEN, MONTHS, ZONES, Written, written

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999."""
_COUNT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MILLIONTHS = Decimal("0.000001")
_WIDE = Context(prec=80, rounding=ROUND_HALF_UP)
_JAVA_SPACE = "".join(map(chr, range(33)))


@lru_cache
def reader(time: Time) -> Callable[[str], int | None]:
    """What reads a text of a time written so; it gives None for any other text."""
    if time.format in COUNTS:
        return _counted(1_000_000 // COUNTS[time.format], int(time.since.timestamp() * 1_000_000))
    return _matched(ISO_WRITTEN if time.format == ISO else written(time.format), time.zone)


def _counted(scale: int, start: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        if text.isdecimal() and len(text) < 20:
            count = int(text) * scale + start
        else:
            text = text.strip(_JAVA_SPACE)
            if _COUNT.fullmatch(text) is None:
                return None
            try:
                exact = Decimal(text)
                if exact and exact.adjusted() > 32:
                    return None
                count = int(exact.quantize(_MILLIONTHS, context=_WIDE) * scale + start)
            except DecimalException:
                return None
        return count if _FIRST <= count <= _LAST else None

    return read


def _matched(way: Written, zone: str) -> Callable[[str], int | None]:
    pattern = re.compile(way.regex.replace("\\z", "\\Z"))
    places = {part: place for place, part in enumerate(way.parts)}

    def part(groups: tuple[str | None, ...], name: str, default: int) -> int:
        text = groups[places[name]] if name in places else None
        return default if text is None else int(text)

    def read(text: str) -> int | None:
        found = pattern.match(text)
        if found is None:
            return None
        groups = found.groups()
        year = part(groups, "year", 0) or 2000 + part(groups, "short year", 0)
        month = part(groups, "month", 1)
        if "month name" in places:
            month = MONTHS.index(groups[places["month name"]] or "") + 1
        hour = part(groups, "hour", 0)
        if "half" in places:
            half = part(groups, "half", 0)
            if not 1 <= half <= 12:
                return None
            hour = half % 12 + (12 if groups[places["noon"]] == "PM" else 0)
        fraction = (groups[places["fraction"]] if "fraction" in places else None) or ""
        try:
            local = datetime(
                year, month, part(groups, "day", 1), hour, part(groups, "minute", 0), part(groups, "second", 0),
                int(fraction[:6].ljust(6, "0")),
            )  # fmt: skip
        except ValueError:
            return None
        own_zone = groups[places["zone"]] if "zone" in places else None
        offset = _offset(local, zone if own_zone is None else own_zone)
        return None if offset is None else (local - _EPOCH) // _MICROSECOND - offset

    return read


def _offset(local: datetime, zone: str) -> int | None:
    """Microseconds by which the zone's clock is before UTC's; None of a zone that does not exist.

    An hour that the clock goes through twice is the first; one that it leaves out is read by the clock before it.
    """
    zone = ZONES.get(zone, zone)
    if zone == "UTC":
        return 0
    if zone[0] in "+-":
        return _fixed(zone)
    if zone not in _zones():
        return None
    return (ZoneInfo(zone).utcoffset(local) or timedelta()) // _MICROSECOND


@lru_cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _fixed(offset: str) -> int | None:
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if minutes > 59 or hours * 60 + minutes > 18 * 60:
        return None
    return (hours * 60 + minutes) * 60_000_000 * (-1 if offset[0] == "-" else 1)
