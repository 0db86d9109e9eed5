"""A real PostgreSQL's rows, through its log, a topic and bronze: silver ends as the database's table."""

from collections.abc import Iterator

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.bronze.ingest import ingest
from fraud_assets.declarations.sources.source import Source, named
from fraud_assets.declarations.sources.stream import Time
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.sources.produce import ensure_topics, producer
from fraud_assets_tests.databases.changes import Capture
from fraud_assets_tests.databases.postgres import WHEEL, Postgres, installed, server

pytestmark = pytest.mark.stack

TABLE = """
create table payments (
  id bigserial primary key, paid_at timestamp not null, settled_at timestamptz not null, customer_id bigint not null,
  merchant_id text not null, amount numeric(12, 2) not null, currency char(3), channel text
);
insert into payments (paid_at, settled_at, customer_id, merchant_id, amount, currency, channel)
select timestamp '2026-01-01' + n * interval '1 hour 7.000001 seconds',
       timestamptz '2026-01-02 00:30+05:30' + n * interval '1 hour 7.000001 seconds',
       n % 5, (array['Čaj & Kavárna', '喫茶店', 'say "hi"\\', E'two\\nlines', '🍫'])[n % 5 + 1],
       (n * 37 % 991) + 0.01 * (n % 100), case when n % 3 > 0 then 'EUR' end, case when n % 4 > 0 then 'pos' end
from generate_series(1, {rows}) n;
"""
LATER = """
insert into payments (paid_at, settled_at, customer_id, merchant_id, amount, currency)
values ('2026-02-01 12:00:00.123456', '2026-02-01 23:00-08', 9223372036854775807, '店', 999999999.99, 'JPY'),
       ('2026-02-01 12:00:01', '2026-02-01 12:00:01Z', 1, 'odd', 'NaN', 'EUR');
update payments set amount = amount + 0.10, channel = null where id % 7 = 0;
begin; update payments set amount = 1; delete from payments where id > 10; rollback;
begin; update payments set currency = 'CHF' where id = 5; update payments set merchant_id = 'ÅØ' where id = 5;
update payments set amount = 5.55 where id = 5; commit;
delete from payments where id % 10 = 3;
"""
LAST = """
update payments set customer_id = 77 where id in (7, 14);
delete from payments where id = 14;
insert into payments (id, paid_at, settled_at, customer_id, merchant_id, amount, currency)
values (13, '2026-02-03', '2026-02-03Z', 8, 'back again', 0.01, 'EUR');
update payments set id = 1000 where id = 6;
"""


@pytest.fixture
def database() -> Iterator[Postgres]:
    package = installed()
    if package is None:
        pytest.skip(f"no PostgreSQL: there is no wheel of {WHEEL} for this machine")
    with server(package, wal_level="logical") as running:
        yield running


def mapped(name: str, topic: str, **other: object) -> Source:
    """The ledger under another name, its payments from the topic, described otherwise."""
    ledger = named("ledger")
    stream = ledger.transactions.model_copy(update={"topic": topic, **other})
    return ledger.model_copy(update={"name": name, "transactions": stream})


def assert_as_in(database: Postgres, source: Source, time: str, lake: Lake, gone: set[str]) -> None:
    """Silver holds the table's rows, but for the one that is not a number, and says which are deleted."""
    names = ["transaction_id", "event_time", "customer_id", "merchant_id", "amount", "currency", "channel"]
    kept = database.rows(
        f"select id, {time}, customer_id, merchant_id, amount, currency, channel from payments where amount <> 'NaN'"
    )
    table = kept.rename(dict(zip(kept.columns, names, strict=True))).with_columns(
        pl.col("event_time").str.strip_suffix("+00").str.to_datetime(time_unit="us", time_zone="UTC"),
        pl.col("amount").cast(pl.Float64),
    )
    frame = reads.scan(silver.TRANSACTIONS, lake)
    assert frame is not None
    stored = frame.filter(pl.col("source") == source.name).collect()
    assert set(stored.filter(pl.col("deleted_at").is_not_null())["transaction_id"]) == gone
    present = stored.filter(pl.col("deleted_at").is_null()).select(names)
    assert_frame_equal(present.sort("transaction_id"), table.sort("transaction_id"))


def test_silver_ends_as_the_database_s_table(
    stack: Settings, spark: SparkSession, tables: Lake, topic: str, database: Postgres
) -> None:
    lake = tables
    fields = (*named("ledger").transactions.fields, "settled_at")
    columns = named("ledger").transactions.columns | {"event_time": "settled_at"}
    ledger = mapped("ledger", topic)
    settled = mapped("settled", topic, fields=fields, columns=columns, time=Time())
    ensure_topics(stack.kafka, [topic])

    def refresh(changes: list[tuple[str, str]], sources: tuple[Source, ...]) -> None:
        with producer(stack.kafka) as out:
            out.send(topic, changes)
        for source in sources:
            ingest(spark, source.name, source.transactions, bronze.TRANSACTIONS, lake, stack.kafka, 1_000_000)
            bronze_to_silver(spark, source, "transactions", lake)

    database.run(TABLE.format(rows=60))
    capture = Capture(database, "public.payments")
    snapshot = capture.snapshot()
    database.run(LATER)
    later = capture.changes()
    refresh([*snapshot, *later], (ledger,))
    database.run(LAST)
    last = capture.changes()
    refresh(last, (ledger, settled))

    assert (len(snapshot), len(later), len(last)) == (60, 2 + 8 + 3 + 6, 2 + 1 + 1 + 2)
    gone = {"3", "6", "14", "23", "33", "43", "53"}
    assert_as_in(database, ledger, "paid_at", lake, gone)
    assert_as_in(database, settled, "settled_at", lake, gone)
    for source in (ledger, settled):
        (payments, _) = reconcile(source.name, lake)
        assert payments.balanced
        assert (payments.bronze, payments.quarantined) == (60 + 19 + 6, 1)
