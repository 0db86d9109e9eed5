"""A source's YAML file drafted from a sample of its records, for a person to complete.

What belongs here: guessing. A field is recognised by its name, a time's format by its values; nothing is invented:
what is not recognised is said in a comment, and records stay in quarantine until somebody fills it in.
"""

import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from fraud_assets.declarations.sources.stream import mapped_columns
from fraud_assets.declarations.sources.times import COUNTS
from fraud_assets.declarations.tables import silver
from fraud_assets.errors import FraudError
from fraud_assets.sources.files import kind, opened, rows

SAMPLE = 1_000
"""Rows of the sample that are looked at."""

_SYNONYMS = {
    "transaction_id": "transactionid trxid txnid transid transnum paymentid orderid receiptid receipt "
    "receiptnumber invoiceid reference id",
    "event_time": "eventtime timestamp transactiontime transactiondate transts paidat soldat "
    "purchasedat createdat datetime time date at ts",
    "customer_id": "customerid customer clientid userid accountid cardid ccnum cardnumber card account acctnum pan",
    "merchant_id": "merchantid merchant terminalid terminal shopid storeid shop store till tillid pos posid "
    "seller payee",
    "amount": "amount amt transactionamount txamount total sum value price",
    "currency": "currency currencycode",
    "category": "category productcategory merchantcategory mcc",
    "channel": "channel entrymode",
    "payment_method": "paymentmethod method paymenttype",
    "device": "device devicetype",
    "ip": "ip ipaddress",
    "customer_latitude": "customerlatitude lat",
    "customer_longitude": "customerlongitude long lon lng",
    "merchant_latitude": "merchantlatitude merchlat",
    "merchant_longitude": "merchantlongitude merchlong",
    "country": "country countrycode",
    "is_fraud": "isfraud fraud class label txfraud",
}
_HASHED = {"ccnum", "cardnumber", "card", "pan"}
"""Names of fields that hold a card number: what goes on is its hash."""
_PATTERNS = {
    r"\d{4}-\d\d-\d\d[ T].*": "iso",
    r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d": "dd.MM.yyyy HH:mm:ss",
    r"\d\d\.\d\d\.\d{4} \d\d:\d\d": "dd.MM.yyyy HH:mm",
    r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d": "MM/dd/yyyy HH:mm:ss",
    r"\d\d/\d\d/\d{4} \d\d:\d\d": "MM/dd/yyyy HH:mm",
    r"\d{9,10}(\.\d+)?": "seconds",
    r"\d{12,13}": "milliseconds",
    r"\d{15,16}": "microseconds",
}


class Sample(NamedTuple):
    """What a file says about its records: format, separator (of CSV), fields and rows."""

    format: str
    separator: str
    fields: list[str]
    rows: list[dict[str, Any]]


def look(path: Path) -> Sample:
    """The first rows of a file and how they are written; Parquet is sent as JSON.

    Raises:
        FraudError: there is no such file, it cannot be read, or it holds no row.
    """
    separator = ","
    try:
        if kind(path) == "csv":
            with opened(path) as lines:
                header = lines.readline().decode("utf-8-sig", "replace")
            separator = max(",;|\t", key=header.count)
        found = list(islice(rows(path, separator), SAMPLE))
    except (orjson.JSONDecodeError, OSError, pa.ArrowException) as error:
        raise FraudError(f"{path.name} cannot be read as {kind(path)}: {error}") from None
    if not found or not all(isinstance(row, dict) for row in found):
        raise FraudError(f"{path.name} holds no rows to draft a source from")
    format_ = "csv" if kind(path) == "csv" else "json"
    changes = [row.get("payload") or row for row in found]
    if format_ == "json" and all({"op", "after"} <= change.keys() for change in changes):
        found = [row for change in changes if (row := change["after"] or change["before"])]
        format_ = "debezium"
    return Sample(format_, separator, list(dict.fromkeys(name for row in found for name in row if name)), found)


def guess(fields: list[str]) -> dict[str, str]:
    """The field for each canonical column that one is recognised for, by name."""
    plain = {field: re.sub(r"[^a-z0-9]", "", field.lower()) for field in fields}
    found: dict[str, str] = {}
    for column in mapped_columns(silver.TRANSACTIONS):
        names = _SYNONYMS.get(column, "").split()
        best = min((f for f in fields if plain[f] in names), key=lambda f: names.index(plain[f]), default=None)
        if best is not None:
            found[column] = best
    return found


def time_format(values: list[str]) -> str:
    """The format of times that all the values have; iso when none is recognised."""
    for pattern, name in _PATTERNS.items():
        if values and all(re.fullmatch(pattern, value) for value in values):
            return name
    return "iso"


def draft(name: str, sample: Sample) -> str:
    """The YAML text of a source."""
    found = guess(sample.fields)
    times = [str(row[found["event_time"]]) for row in sample.rows if row.get(found.get("event_time", ""))]
    format_ = time_format(times)
    required = [c.name for c in silver.TRANSACTIONS.columns if not c.nullable and c.name != "source"]
    columns = [_column(column, found.get(column)) for column in dict.fromkeys([*required, *found])]
    left = [field for field in sample.fields if field not in found.values()]
    lines = [
        f"# Drafted from a sample of {len(sample.rows):,} records. Look at every line, then: fraud source check FILE",
        f"name: {name}",
        f"description: Payments of {name}",
        "owner: fraud-platform",
        f"began: {_began(times, format_)}  # no payment is older",
        "label_delay_days: 7  # until a payment nobody complained about counts as genuine",
        "",
        "transactions:",
        f"  topic: {name.replace('_', '-')}-transactions",
        f"  format: {sample.format}",
        *([f"  separator: {_quoted(sample.separator)}"] if sample.format == "csv" else []),
        f"  fields: [{', '.join(map(_quoted, sample.fields))}]",
        *([f"  key: {_quoted(found['customer_id'])}"] if "customer_id" in found else []),
        *([f"  time: {{format: {_quoted(format_)}}}"] if format_ != "iso" else []),
        "  columns:",
        *columns,
        *([f"  # not used: {', '.join(left)}; keep what is not personal under signals (numbers) or attributes (texts)"]
          if left else []),
        "",
        "model:",
        "  average_precision_floor: 0.1  # below which a new model is refused",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _column(column: str, field: str | None) -> str:
    if field is None:
        return f'    {column}: "null"  # not recognised in the sample: which field has it?'
    name = field if re.fullmatch(r"[A-Za-z_]\w*", field) else f"`{field}`"
    if column == "customer_id" and re.sub(r"[^a-z0-9]", "", field.lower()) in _HASHED:
        name = f"sha2(nullif(trim({name}), ''), 256)"
    return f"    {column}: {_quoted(name)}"


def _quoted(text: str) -> str:
    """The text as YAML: quoted where it would mean something else."""
    return text if re.fullmatch(r"[A-Za-z_][\w-]*", text) and text.lower() not in _MEANINGS else f'"{_escaped(text)}"'


_MEANINGS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


def _began(times: list[str], format_: str) -> str:
    """The first day of the sample's year; 1970-01-01 when no time is recognised."""
    year = 1970
    if times and format_ == "iso" and times[0][:4].isdigit():
        year = min(int(time[:4]) for time in times if time[:4].isdigit())
    elif times and format_ in COUNTS:
        year = datetime.fromtimestamp(min(float(time) for time in times) / COUNTS[format_], UTC).year
    elif times and format_ != "iso":
        year = min(int(found[0]) for time in times if (found := re.findall(r"\d{4}", time)))
    return f"{year}-01-01"
