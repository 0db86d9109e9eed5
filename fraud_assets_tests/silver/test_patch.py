import json
from typing import Any

import pytest

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.errors import FraudError
from fraud_assets.silver.patch import assignments, patched
from fraud_assets_tests.raw import payment

CARDS = named("cards").transactions
CSV = Stream(topic="t", format="csv", separator=";", fields=("id", "amount", "note"), columns={"amount": "amount"})
CHANGES = Stream(topic="t", format="debezium", fields=("id", "amount"), columns={"amount": "amount"})


def set_(value: dict[str, Any], **expressions: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(patched(json.dumps(value).encode(), CARDS, expressions))
    return made


def test_fields_become_what_the_expressions_give_over_the_fields_as_they_were() -> None:
    given = payment(1, amount=-5.5, note="é")
    assert set_(given, amount="abs(amount)") == given | {"amount": 5.5}
    assert set_(given, amount="amount * -0.1", currency="upper('usd')", channel="amount") == given | {
        "amount": 0.55, "currency": "USD", "channel": -5.5,
    }  # fmt: skip
    assert set_(payment(1, amount=None), amount="coalesce(amount, 0.25)")["amount"] == 0.25
    assert set_(payment(1, customer_id=None), customer_id="'C' || 7")["customer_id"] == "C7"
    assert set_(payment(1), event_time="timestamp '2026-01-02 03:04:05'")["event_time"] == "2026-01-02 03:04:05"


def test_what_is_no_value_of_a_type_becomes_null() -> None:
    assert set_(payment(1, amount="ten"), amount="cast(amount as double)")["amount"] is None
    assert set_(payment(1, amount=2), amount="amount / 0")["amount"] is None
    nested = {"value": 5.5}
    assert set_(payment(1, amount=nested), amount="get_json_object(amount, '$.value')")["amount"] == "5.5"
    assert set_(payment(1, amount=10**20), amount="amount / 1e20")["amount"] == 1.0


def test_other_formats() -> None:
    assert patched(b'7;-1;"a;b"', CSV, {"amount": "abs(amount::double)"}) == b'7;1.0;"a;b"'
    assert patched(b'7;-1;"a;b"', CSV, {"note": "replace(note, ';', ',')"}) == b"7;-1;a,b"
    change = {"before": None, "after": {"id": 1, "amount": -2}, "op": "c", "ts_ms": 5}
    for whole in (change, {"schema": {}, "payload": change}):
        made = json.loads(patched(json.dumps(whole).encode(), CHANGES, {"amount": "-amount"}))
        assert made.get("payload", made) == change | {"after": {"id": 1, "amount": 2}}
    gone = {"before": {"id": 1, "amount": -2}, "after": None, "op": "d", "ts_ms": 5}
    assert json.loads(patched(json.dumps(gone).encode(), CHANGES, {"amount": "0"}))["before"]["amount"] == 0


@pytest.mark.parametrize(
    ("value", "expressions", "said"),
    [
        (b"hello", {"amount": "1"}, "not a json record"),
        (None, {"amount": "1"}, "not a json record"),
        (b"[1]", {"amount": "1"}, "not a json record"),
        (b"{}", {"price": "1"}, "no field 'price'"),
        (b"{}", {"amount": "abs("}, "amount=abs"),
        (b"{}", {"amount": "amuont + 1"}, r"amount=amuont \+ 1: no field 'amuont'; did you mean 'amount'"),
        (
            b'{"amount": "5"}',
            {"amount": "amount + 1"},
            r"a number belongs here, not a string; write cast\(amount as double",
        ),
        (b"{}", {"amount": "(select count(*) from read_text('/etc/hostname'))"}, "not part of the language"),
        (b"{}", {"amount": "read_text('/etc/hostname')"}, "no function 'read_text'"),
    ],
)
def test_what_cannot_be_patched_is_said(value: bytes | None, expressions: dict[str, str], said: str) -> None:
    with pytest.raises(FraudError, match=said):
        patched(value, CARDS, expressions)


def test_assignments() -> None:
    assert assignments(["amount = abs(amount)", "a=b = 'c'"]) == {"amount": "abs(amount)", "a": "b = 'c'"}
    with pytest.raises(FraudError, match="field=expression"):
        assignments(["amount"])
