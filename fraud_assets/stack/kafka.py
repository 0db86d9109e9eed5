"""The embedded Kafka: one broker that is its own controller (KRaft), started from the jars Ivy fetched."""

import subprocess
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.stack.jars import folder
from fraud_assets.stack.java import LOGGING_TO_STDOUT, java
from fraud_assets.stack.part import PATIENCE_S, Part


def part(settings: Settings) -> Part:
    """The broker as a supervised process."""
    home = settings.runtime / "kafka"
    return Part(
        name="kafka",
        command=(*_java(home, settings.kafka_memory), "kafka.Kafka", str(home / "server.properties")),
        ports={
            "FRAUD_KAFKA_PORT": settings.kafka_port,
            "FRAUD_KAFKA_CONTROLLER_PORT": settings.kafka_controller_port,
        },
        memory_mib=750,
        address=settings.kafka,
        healthy=lambda: healthy(settings),
        prepare=lambda: prepare(settings, home),
    )


def server_properties(settings: Settings) -> str:
    """The broker's configuration."""
    bound, reached = settings.host, settings.reached("kafka")
    controller = settings.kafka_controller_port
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={reached}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{bound}:{settings.kafka_port},CONTROLLER://{bound}:{controller}
advertised.listeners=PLAINTEXT://{reached}:{settings.kafka_port},CONTROLLER://{reached}:{controller}
log.dirs={settings.runtime / "kafka/data"}
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.retention.hours=-1
"""


def prepare(settings: Settings, home: Path) -> None:
    """Write the configuration and, the first time, format the storage."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "log4j2.properties").write_text(LOGGING_TO_STDOUT)
    (home / "server.properties").write_text(server_properties(settings))
    if (home / "data/meta.properties").exists():
        return
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", uuid.uuid4().hex[:22])
    done = subprocess.run(
        [*_java(home, "128m"), *tool, "-c", str(home / "server.properties")], capture_output=True, text=True
    )
    if done.returncode:
        raise FraudError(f"kafka: formatting {home / 'data'} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def healthy(settings: Settings) -> bool:
    """Whether the cluster answers a metadata request and has a broker."""
    try:
        client = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
        return bool(client.list_topics(timeout=PATIENCE_S).brokers)
    except KafkaException:
        return False


def _java(home: Path, memory: str) -> tuple[str, ...]:
    return (
        str(java()),
        f"-Xmx{memory}",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}",
        *("-cp", f"{folder('kafka')}/*"),
    )
