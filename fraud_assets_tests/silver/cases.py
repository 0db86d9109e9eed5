"""Records of three formats, and the reasons why each cannot be trusted; read by Spark and in this process."""

import json
from typing import Any

from fraud_assets.declarations.sources.source import named
from fraud_assets.silver.shapes import NO_VALUE, NOT_UTF8, unreadable
from fraud_assets_tests.raw import label, payment

CARDS, SPARKOV, LEDGER = named("cards"), named("sparkov_sample"), named("ledger")

NOT_JSON = unreadable(CARDS.transactions)

PAYMENTS: list[tuple[str, dict[str, Any] | bytes | None, list[str]]] = [
    ("sound", payment(0), []),
    ("unknown fields", payment(1, colour="red", nested={"a": [1]}), []),
    ("amount as text", payment(2, amount="12.50"), []),
    ("amount of nothing", payment(3, amount=0), []),
    ("leading white space", b"\n\t " + json.dumps(payment(4)).encode(), []),
    ("number as identifier", payment(5, customer_id=77), []),
    ("time with an offset", payment(6, event_time="2026-02-01T13:00:00+01:00"), []),
    ("no value", None, [NO_VALUE]),
    ("empty value", b"", [NOT_JSON]),
    ("not JSON", b"hello", [NOT_JSON]),
    ("half a record", json.dumps(payment(7)).encode()[:60], [NOT_JSON]),
    ("cut at the end", json.dumps(payment(7)).encode()[:-1], [NOT_JSON]),
    ("JSON null", b"null", [NOT_JSON]),
    ("JSON text", b'"hello"', [NOT_JSON]),
    ("more behind it", json.dumps(payment(7)).encode() + b" and so on", [NOT_JSON]),
    ("more behind a closed list", json.dumps(payment(7)).encode() + b"] and so on", [NOT_JSON]),
    ("two in one", json.dumps(payment(7)).encode() * 2, [NOT_JSON]),
    ("two with a comma", json.dumps(payment(7)).encode() + b"," + json.dumps(payment(8)).encode(), [NOT_JSON]),
    ("JSON list", json.dumps([payment(7)]).encode(), [NOT_JSON]),
    ("invalid UTF-8", b'{"transaction_id": "\xff\xfe"}', [NOT_UTF8]),
    ("invalid UTF-8 in a sound record", json.dumps(payment(7)).encode().replace(b"pos", b"p\xffs"), [NOT_UTF8]),
    (
        "empty object",
        {},
        [f"{name} is missing" for name in ("transaction_id", "event_time", "customer_id", "merchant_id", "amount")],
    ),
    ("no identifier", payment(8, transaction_id=None), ["transaction_id is missing"]),
    ("empty identifier", payment(8, customer_id=""), ["customer_id is missing"]),
    ("blank identifier", payment(8, terminal_id="  "), ["merchant_id is missing"]),
    ("null amount", json.dumps(payment(8) | {"amount": None}).encode(), ["amount is missing"]),
    ("negative amount", payment(8, amount=-0.01), ["amount is negative"]),
    ("amount that no account holds", payment(8, amount=1e14), ["amount is beyond belief"]),
    ("id of white space", payment(8, transaction_id="\t"), ["transaction_id is missing"]),
    ("text amount", payment(8, amount="ten"), ["amount is not a double but a text"]),
    ("NaN amount", payment(8, amount=float("nan")), ["amount is not a double but a text"]),
    ("infinite amount", payment(8, amount=float("inf")), ["amount is not a double but a text"]),
    ("huge amount", json.dumps(payment(8)).replace("18.0", "1e400").encode(), ["amount is not a double but a text"]),
    (
        "impossible date",
        payment(8, event_time="2026-02-30T25:61:00.000Z"),
        ["event_time is not a timestamp but a text"],
    ),
    ("time without a date", payment(8, event_time="12:30:00"), ["event_time is not a timestamp but a text"]),
    ("seconds since 1970", payment(8, event_time=1769947200), ["event_time is not a timestamp but a number"]),
    ("a number that became an object", payment(8, amount={"value": 1}), ["amount is not a double but an object"]),
    ("a number that became a list", payment(8, amount=[1]), ["amount is not a double but a list"]),
    ("a number that became a boolean", payment(8, amount=True), ["amount is not a double but a boolean"]),
    ("a text that became an object", payment(8, customer_id={"id": 1}), ["customer_id is not a string but an object"]),
    ("a text that became a list", payment(8, channel=["pos"]), ["channel is not a string but a list"]),
    ("a text in brackets", payment(9, channel="[pos]", terminal_id="{pos}"), []),
    ("future date", payment(8, event_time="2026-03-02T00:00:00Z"), ["event_time is in the future"]),
    ("before the source", payment(8, event_time="1999-01-01T00:00:00Z"), ["event_time is before the source began"]),
    ("odd currency", payment(8, currency="euro"), ["currency is not a three-letter code"]),
    ("odd position", payment(8, customer_x="left"), ["customer_longitude is not a double but a text"]),
    (
        "everything at once",
        payment(8, customer_id="", amount=-1, event_time="never", currency="€"),
        [
            "event_time is not a timestamp but a text",
            "customer_id is missing",
            "amount is negative",
            "currency is not a three-letter code",
        ],
    ),
]

LABELS: list[tuple[str, dict[str, Any] | bytes | None, list[str]]] = [
    ("sound", label(0), []),
    ("verdict as text", label(1, is_fraud="false"), []),
    ("no value", None, [NO_VALUE]),
    ("verdict not boolean", label(2, is_fraud="maybe"), ["is_fraud is not a boolean but a text"]),
    ("no verdict", label(2, is_fraud=None), ["is_fraud is missing"]),
    ("impossible date", label(2, labelled_at="2026-13-01"), ["known_at is not a timestamp but a text"]),
    ("future date", label(2, labelled_at="2027-01-01T00:00:00Z"), ["known_at is in the future"]),
]


def line(number: int, **other: str) -> bytes:
    """A record of sparkov_sample; ``other`` replaces fields, as they stand in the line."""
    fields = dict.fromkeys(SPARKOV.transactions.fields, "x") | {
        "cc_num": "4513", "trans_num": f"T{number}", "category": "grocery_net", "amt": "12.5", "is_fraud": "0",
        "merchant": '"fraud_Kutch, ""Big"" & Sons"', "lat": "41.6", "long": "-86.2", "merch_lat": "42.5",
        "merch_long": "-85.6", "trans_ts": "2019-01-01 00:44:56",
    }  # fmt: skip
    return ",".join((fields | other).values()).encode()


_NOT_CSV = unreadable(SPARKOV.transactions)
CSV: list[tuple[bytes | None, list[str]]] = [
    (line(0), []),
    (line(1, is_fraud="1", city='"South\nBend"'), []),
    (line(2, is_fraud=""), []),
    (line(3) + b",more", [_NOT_CSV]),
    (line(4).rsplit(b",", 1)[0], [_NOT_CSV]),
    (b'{"trans_num": "T5"}', [_NOT_CSV]),
    (b"", [_NOT_CSV]),
    (line(6, amt="ten", category="", is_fraud="maybe"),
     ["amount is not a double but a text", "is_fraud is not a boolean but a text", "category is missing"]),
    (line(7, cc_num=" "), ["customer_id is missing"]),
    (line(8, amt="100001", category="Food"), ["category does not match [a-z_]+", "amount is above 100000"]),
]  # fmt: skip


def change(op: str, number: int, **other: Any) -> dict[str, Any]:
    row = {"id": number, "paid_at": 1_769_947_200_000_000, "customer_id": 7, "merchant_id": 9, "amount": 12.5,
           "currency": "EUR", "channel": "pos"} | other  # fmt: skip
    before, after = (row if op in "ud" else None), (row if op != "d" else None)
    return {"before": before, "after": after, "source": {"db": "ledger"}, "op": op, "ts_ms": 1_769_947_201_000}


_NO_CHANGE = unreadable(LEDGER.transactions)
CHANGES: list[tuple[dict[str, Any] | bytes | None, list[str]]] = [
    (change("c", 0), []),
    ({"schema": {"type": "struct"}, "payload": change("r", 1)}, []),
    (change("u", 2), []),
    (change("d", 3), []),
    (change("t", 4), [_NO_CHANGE]),
    (change("c", 5) | {"after": None}, [_NO_CHANGE]),
    ({"id": 6}, [_NO_CHANGE]),
    (b"[]", [_NO_CHANGE]),
    (json.dumps(change("c", 7)).encode() * 2, [_NO_CHANGE]),
    (None, ["record has no value"]),
    (change("c", 8, paid_at="2026"), ["event_time is before the source began"]),
    (change("c", 9, paid_at=10**40), ["event_time is not a timestamp but a number"]),
    (change("c", 9, currency="euro"), ["currency does not match [A-Z]{3}"]),
]
