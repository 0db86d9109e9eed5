"""A PostgreSQL's row changes as Debezium's connector tells them, read from the same output plugin, pgoutput.

The messages are those of PostgreSQL's chapter "Logical Replication Message Formats", protocol version 1; the envelope
and the values' forms those of Debezium's documentation of its PostgreSQL connector, with ``decimal.handling.mode``
string and ``tombstones.on.delete`` false. Debezium 3.7.0 itself, on Kafka Connect 4.3.1, sent the statements of
``test_ledger.py`` with the same keys, operations and rows.
"""

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fraud_assets_tests.databases.postgres import Postgres

Row = dict[str, Any]
Record = tuple[str, str]
"""A change as Kafka is given it: the row's key and the envelope."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BIGINT, _SMALLINT, _INTEGER, _TIMESTAMP, _TIMESTAMPTZ, _NUMERIC = 20, 21, 23, 1114, 1184, 1700


def value(text: str | None, kind: int) -> Any:
    """A column's text as Debezium puts it into JSON, by the OID of its type."""
    if text is None:
        return None
    if kind in (_BIGINT, _SMALLINT, _INTEGER):
        return int(text)
    if kind == _TIMESTAMP:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    if kind == _TIMESTAMPTZ:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return text.upper() if kind == _NUMERIC else text  # NaN is sent as NAN


@dataclass
class Capture:
    """What a connector is to one table with the key ``id``: a publication, a slot and the table's columns.

    Made before the first change that it should tell; the table's rows until then are its snapshot.
    """

    database: Postgres
    table: str
    _columns: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Have the database keep its log for this capture."""
        self.database.run(
            f"alter table {self.table} replica identity full; create publication capture for table {self.table};"
            "select pg_create_logical_replication_slot('capture', 'pgoutput');"
        )

    def snapshot(self) -> list[Record]:
        """Every row the table has, as read."""
        kinds = self.database.rows(
            "select attname, atttypid::int from pg_attribute where attnum > 0 and not attisdropped"
            f" and attrelid = '{self.table}'::regclass order by attnum"
        )
        self._columns = [(name, int(kind)) for name, kind in kinds.iter_rows()]
        rows = self.database.rows(
            f"select {', '.join(name for name, _ in self._columns)} from {self.table} order by id"
        )
        return [self._record("r", None, self._row(texts), "0/0", 0) for texts in rows.iter_rows()]

    def changes(self) -> list[Record]:
        """What was committed since the last call, in the order of the log."""
        read = (
            "select lsn, encode(data, 'hex') as data from pg_logical_slot_get_binary_changes("
            "'capture', null, null, 'proto_version', '1', 'publication_names', 'capture')"
        )
        begun = 0
        records: list[Record] = []
        for lsn, data in self.database.rows(read).iter_rows():
            message = bytes.fromhex(data)
            if message[:1] == b"B":
                begun = struct.unpack_from("!I", message, 17)[0]
            elif message[:1] in (b"I", b"U", b"D"):
                records.extend(self._change(message, lsn, begun))
        return records

    def _change(self, message: bytes, lsn: str, transaction: int) -> Iterator[Record]:
        """The change of one row; two if its key changed, as Debezium tells a delete and a create."""
        rows = dict(self._tuples(message[5:]))
        before, after = rows.get("O"), rows.get("N")
        if before and after and before["id"] != after["id"]:
            yield self._record("d", before, None, lsn, transaction)
            yield self._record("c", None, after, lsn, transaction)
        else:
            yield self._record(
                "c" if before is None else "d" if after is None else "u", before, after, lsn, transaction
            )

    def _tuples(self, data: bytes) -> Iterator[tuple[str, Row]]:
        """The old (O) and the new (N) row that a message holds."""
        at = 0
        while at < len(data):
            mark, count = chr(data[at]), struct.unpack_from("!H", data, at + 1)[0]
            at += 3
            texts: list[str | None] = []
            for _ in range(count):
                kind, at = data[at : at + 1], at + 1
                text = None
                if kind == b"t":
                    length = struct.unpack_from("!I", data, at)[0]
                    text, at = data[at + 4 : at + 4 + length].decode(), at + 4 + length
                texts.append(text)
            yield mark, self._row(texts)

    def _row(self, texts: Any) -> Row:
        return {name: value(text, kind) for (name, kind), text in zip(self._columns, texts, strict=True)}

    def _record(self, op: str, before: Row | None, after: Row | None, lsn: str, transaction: int) -> Record:
        high, low = (int(part, 16) for part in lsn.split("/"))
        schema, table = self.table.split(".")
        now = time.time_ns() // 1_000_000
        origin = {"connector": "postgresql", "name": "ledger", "ts_ms": now, "db": "postgres", "schema": schema,
                  "table": table, "snapshot": str(op == "r").lower(), "txId": transaction,
                  "lsn": (high << 32) + low}  # fmt: skip
        change = {"before": before, "after": after, "source": origin, "op": op, "ts_ms": now, "transaction": None}
        key = json.dumps({"id": (after or before or {})["id"]})
        return key, json.dumps(change, ensure_ascii=False)
