"""Records that no producer should send, and what must become of each.

What belongs here: bytes, and the reasons with which quarantine has them; no reasons for those that are payments.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fraud_assets.declarations.sources.stream import Stream
from fraud_assets_tests.raw import payment

MEGABYTE = 1_000_000
_NOT_JSON = ("record is not a JSON object",)
_NOT_UTF8 = ("record is not UTF-8 text",)
_NO_TIME = ("event_time is not a timestamp but a text",)
_FUTURE = ("event_time is in the future",)


@dataclass(frozen=True)
class Poison:
    """One record: its name here, its value, the reasons why it is quarantined, its key."""

    name: str
    value: bytes | None
    reasons: tuple[str, ...] = ()
    key: bytes | None = b"key"


def _text(name: str, **other: Any) -> str:
    return json.dumps(payment(0, transaction_id=name, **other))


def _with(name: str, field: str, written: str) -> bytes:
    """The payment with a field as it stands in the text, which need not be JSON."""
    return _text(name, **{field: "HERE"}).replace('"HERE"', written).encode()


def cards() -> list[Poison]:
    """For the source cards, in its format."""
    noise = random.Random(4)
    big = "x" * (10 * MEGABYTE)
    amounts: dict[str, tuple[str, ...]] = {
        '"12.50"': (),
        '" 7 "': (),
        '"1,250.00"': ("amount is not a double but a text",),
        "NaN": ("amount is not a double but a text",),
        '"NaN"': ("amount is beyond belief", "amount is not a double but a text"),
        "Infinity": ("amount is not a double but a text",),
        "-Infinity": ("amount is not a double but a text",),
        "1e400": ("amount is not a double but a text",),  # Spark reads the text Infinity
        "-1e400": ("amount is not a double but a text",),
        "1e-400": (),
        "-0.0": (),
        "9" * 400: ("amount is beyond belief", "amount is not a double but a number"),
        "1e300": ("amount is beyond belief",),
        "null": ("amount is missing",),
        "true": ("amount is not a double but a boolean",),
        "[1]": ("amount is not a double but a list",),
        '{"value": 1}': ("amount is not a double but an object",),
        "0x1F": _NOT_JSON,
    }
    times: dict[str, tuple[str, ...]] = {
        "0001-01-01T00:00:00Z": _NO_TIME,  # years are 1000 to 9999
        "0000-00-00T00:00:00Z": _NO_TIME,
        "9999-12-31T23:59:59.999999Z": _FUTURE,
        "9999-12-31T23:59:59-18:00": _FUTURE,
        "+294247-01-10T04:00:54.775807Z": _NO_TIME,
        "2026-02-30T12:00:00Z": _NO_TIME,
        "2016-12-31T23:59:60Z": _NO_TIME,  # a leap second, which no clock here has
        "2026-02-01T24:00:00Z": _NO_TIME,
        "2026-02-01T13:00:00+01:00": (),
        "2026-02-01T17:30:00+05:30": (),
        "2026-02-01T12:00:00": (),
        "2026-02-01 12:00:00 Europe/Paris": (),
        "2026-02-01T12:00:00+19:00": _NO_TIME,
        "12:00:00": _NO_TIME,
        "1769947200": ("event_time is not a timestamp but a number",),
        "": ("event_time is missing",),
    }
    return [
        Poison("no value", None, ("record has no value",)),
        Poison("no value, no key", None, ("record has no value",), None),
        Poison("empty", b"", _NOT_JSON),
        Poison("no key", _text("no key").encode(), (), None),
        Poison("key of noise", _text("key of noise").encode(), (), bytes(range(128, 256))),
        *(Poison(f"noise {n}", b"\xff" + noise.randbytes(n), _NOT_UTF8) for n in (0, 1, 100, 5_000)),
        Poison("ten megabytes of noise", b"\xff" + noise.randbytes(10 * MEGABYTE), _NOT_UTF8),
        Poison("ten megabytes of braces", b"{" * (10 * MEGABYTE), _NOT_JSON),
        Poison("ten megabytes of closing", b'{"a": ' + b"}" * (10 * MEGABYTE), _NOT_JSON),
        Poison("ten megabytes of blanks", b"}" + b" " * (10 * MEGABYTE), _NOT_JSON),
        Poison("ten megabytes more in a payment", _text("ten megabytes more in a payment", note=big).encode()),
        Poison("cut short", _text("cut short").encode()[:-20], _NOT_JSON),
        Poison("cut inside a letter", '{"transaction_id": "é'.encode()[:-1], _NOT_UTF8),
        Poison("overlong slash", b'{"transaction_id": "\xc0\xaf"}', _NOT_UTF8),
        Poison("half a pair as bytes", b'{"transaction_id": "\xed\xa0\x80"}', _NOT_UTF8),
        Poison("half a pair escaped", _with("half a pair escaped", "currency", '"\\ud800"'),
               ("currency is not a three-letter code",)),
        Poison("zero byte", _text("zero byte", channel="a\0b").encode()),
        Poison("UTF-16", _text("UTF-16").encode("utf-16"), _NOT_UTF8),
        Poison("byte order mark", b"\xef\xbb\xbf" + _text("byte order mark").encode(), _NOT_JSON),
        Poison("deep list", b"[" * 100_000 + b"]" * 100_000, _NOT_JSON),
        Poison("deep object", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, _NOT_JSON),
        Poison("deep field", _with("deep field", "note", '{"a":' * 900 + "1" + "}" * 900)),
        Poison("deep amount", _with("deep amount", "amount", "[" * 900 + "]" * 900),
               ("amount is not a double but a list",)),
        Poison("many fields", json.dumps(payment(0, transaction_id="many fields")
                                         | {f"f{n}": n for n in range(5_000)}).encode()),
        Poison("many fields, one twice", json.dumps(
            payment(0, transaction_id="many fields, one twice") | {f"f{n}": n for n in range(80_000)}
        ).encode()[:-1] + b', "f7": 8}'),
        Poison("a list", b"[" + _text("a list").encode() + b"]", _NOT_JSON),
        Poison("two objects", _text("two objects").encode() * 2, _NOT_JSON),
        Poison("a number", b"17", _NOT_JSON),
        Poison("null", b"null", _NOT_JSON),
        Poison("empty object", b"{}", tuple(f"{name} is missing" for name in (
            "amount", "customer_id", "event_time", "merchant_id", "transaction_id"))),
        Poison("a name twice", _text("a name twice").encode()[:-1] + b', "amount": 77}'),
        *(Poison(f"amount {text[:20]}", _with(f"amount {text[:20]}", "amount", text), reasons)
          for text, reasons in amounts.items()),
        *(Poison(f"time {text}", _text(f"time {text}", event_time=text).encode(), reasons)
          for text, reasons in times.items()),
    ]  # fmt: skip


def everywhere(stream: Stream) -> Iterator[bytes | None]:
    """For any stream: each odd value in each field, the others without a value, and records that are none."""
    yield from (None, b"", b"\xff\xfe", b"{", b"[" * 100_000, b",|" * 50, b'"', b"\0", b'{"op": "c", "after": null}')
    for field in stream.known:
        for odd in _ODD:
            yield _record(stream, field, odd)


_ODD = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "9" * 400, "9" * 38, "9" * 32, "-" + "9" * 32,
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e18", "253402300800", "-62135596801",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59", "+294247-01-10T04:00:54Z",
    "2016-12-31T23:59:60Z", "2026-02-30", "2026-02-01T12:00:00+19:00", "", " ", "\0", "\ufeff1", "null", "true",
    "{}", "[]", '{"a": [1]}', "[" * 500, "'", '"', "\\", "%", "é" * 10_000, "\U0001f4b3", "1,5", "0x1F", "12.5D",
)  # fmt: skip
"""Texts that conversions, comparisons and expressions may stumble over."""


def _record(stream: Stream, field: str, odd: str) -> bytes:
    if stream.format == "csv":
        quoted = '"' + odd.replace('"', '""') + '"'
        return stream.separator.join(quoted if name == field else "" for name in stream.fields).encode()
    if stream.format == "debezium":
        change = {"op": "c", "ts_ms": 1} | ({field: odd} if field not in stream.fields else {})
        return json.dumps(change | {"after": {field: odd}}).encode()
    return json.dumps({field: odd}).encode()
