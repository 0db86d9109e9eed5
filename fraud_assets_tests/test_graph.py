"""The whole asset graph, from Kafka to alerts, as Dagster runs it: refresh, train, refresh."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from mlflow import MlflowClient

from fraud_assets.bronze import offsets
from fraud_assets.declarations.sources.source import catalogue, named
from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.query import query
from fraud_assets.models.model_store import promotions_name, registered_name
from fraud_assets.settings import REPOSITORY, Settings, settings
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.sources.cards.simulate import Delivery, Period, simulate_history
from fraud_assets.sources.cards.world import World
from fraud_assets.sources.produce import producer

pytestmark = [pytest.mark.stack, pytest.mark.slow]

WORLD = World(customers=150, terminals=300, seed=7)
DAYS = 60


@pytest.fixture
def delivery(stack: Settings, lake: Lake, topic: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    """The source cards on topics of this test's own, in a lake of its own."""
    folder = Path(lake.root).parent / "sources"
    folder.mkdir()
    described = (REPOSITORY / "fraud_assets/declarations/sources/catalogue/cards.yaml").read_text()
    (folder / "cards.yaml").write_text(
        described.replace("cards-transactions", topic).replace("cards-labels", f"{topic}-labels")
    )
    monkeypatch.setenv("FRAUD_SOURCES", str(folder))
    settings.cache_clear()
    catalogue.cache_clear()
    registry = MlflowClient(stack.mlflow)
    for name in (registered_name("cards"), promotions_name("cards")):
        if registry.search_registered_models(f"name = '{name}'"):
            registry.delete_registered_model(name)
    yield Delivery(stack.kafka, topic, f"{topic}-labels", malformed=0.002, duplicates=0.004)
    catalogue.cache_clear()


def run(job: str) -> dg.ExecuteInProcessResult:
    from fraud_assets.definitions import defs

    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def(job).execute_in_process(partition_key="cards", instance=instance)
    assert result.success
    return result


def failed(result: dg.ExecuteInProcessResult) -> list[str]:
    checks = result.get_asset_check_evaluations()
    assert checks
    return [f"{check.check_name} on {check.asset_key.to_user_string()}" for check in checks if not check.passed]


def count(table: str) -> int:
    return int(query(f"select count(*) from {table}", Lake.of(settings())).rows[0][0])


def test_from_kafka_to_alerts(delivery: Delivery) -> None:
    sent = simulate_history(WORLD, Period.ending(datetime.now(UTC), DAYS), delivery)

    assert failed(run("refresh")) == []
    assert count("bronze.transactions") == sent.records == sum(ends(delivery).values())
    assert count("silver.transactions") == count("gold.features") == sent.transactions
    assert count("silver.quarantine") == sum(sent.malformed.values()) > 0
    assert count("silver.duplicates") == sent.duplicates > 0
    assert count("gold.scores") == 0  # no champion yet

    run("train")
    ((average_precision,),) = query(
        "select value from gold.model_performance where metric = 'average_precision' and role = 'champion'",
        Lake.of(settings()),
    ).rows
    assert 0 < average_precision < 1

    assert failed(run("refresh")) == []
    assert count("gold.scores") == sent.transactions
    assert (
        count("gold.alerts")
        == query("select count(*) from gold.scores where decision <> 'approve'", Lake.of(settings())).rows[0][0]
    )

    by_hand(delivery)
    assert failed(run("refresh")) == []
    assert count("gold.scores") == sent.transactions + 1
    assert all(stream.balanced for stream in reconcile("cards", Lake.of(settings())))
    reasons = query("select reasons from silver.quarantine order by kafka_time desc limit 3", Lake.of(settings())).rows
    assert sorted(reason for (found,) in reasons for reason in found) == [
        "amount is negative",
        "event_time is not a timestamp but a text",
        "record is not a JSON object",
    ]
    assert count("silver.duplicates") == sent.duplicates + 1
    assert reads.nulls_in_key(silver.TRANSACTIONS, Lake.of(settings())) == 0
    assert reads.count(gold.FEATURES, Lake.of(settings()), "cards") == reads.count(
        silver.TRANSACTIONS, Lake.of(settings()), "cards"
    )


def by_hand(delivery: Delivery) -> None:
    """One good payment, the same again, and three that cannot be trusted."""
    good = {
        "transaction_id": "by-hand",
        "event_time": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
        "customer_id": "1",
        "terminal_id": "1",
        "amount": 12.5,
    }
    impossible = {**good, "transaction_id": "impossible", "event_time": "2026-02-30T00:00:00Z"}
    negative = {**good, "transaction_id": "negative", "amount": -1}
    records = [json.dumps(record).encode() for record in (good, good, impossible, negative)] + [b"no JSON at all"]
    with producer(delivery.servers) as out:
        out.send(delivery.transactions, ((None, record) for record in records))


def ends(delivery: Delivery) -> offsets.Offsets:
    return offsets.ends(delivery.servers, [delivery.transactions])[delivery.transactions]


def test_a_refresh_of_an_empty_topic_makes_empty_tables(delivery: Delivery) -> None:
    from fraud_assets.sources.produce import ensure_topics

    ensure_topics(delivery.servers, (delivery.transactions, delivery.labels), 2)
    run("refresh")
    assert reads.count(bronze.TRANSACTIONS, Lake.of(settings()), named("cards").name) == 0
