"""What every test may ask for.

``stack`` brings up a real Kafka, Spark and MLflow once per test session, on free ports and in temporary folders.
``FRAUD_TEST_STACK=keep`` leaves it running for the next ``pytest`` (the inner loop: seconds instead of half a
minute); stop it with ``FRAUD_RUNTIME=.fraud/test fraud down``.
"""

import json
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pyspark.sql import SparkSession

from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.settings import REPOSITORY, Settings, settings
from fraud_assets.stack import operate

PORTS = ("KAFKA", "KAFKA_CONTROLLER", "SPARK", "MLFLOW", "DAGSTER", "DAGSTER_CODE", "STREAMLIT")
EXTERNAL = ("KAFKA_BOOTSTRAP_SERVERS", "SPARK_REMOTE", "MLFLOW_TRACKING_URI")
KEPT = REPOSITORY / ".fraud/test"
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")  # how long an example takes says how busy the machine is


@pytest.fixture(scope="session", autouse=True)
def isolated() -> Iterator[Settings]:
    """No test touches the real lake, runtime or services: each session has its own folders and ports."""
    keep = os.environ.get("FRAUD_TEST_STACK") == "keep"
    runtime = KEPT if keep else Path(tempfile.mkdtemp(prefix="fraud-"))
    with pytest.MonkeyPatch.context() as patch:
        for name in EXTERNAL:
            patch.delenv(name, raising=False)
        for name in [name for name in os.environ if name.startswith("FRAUD_") and name != "FRAUD_CACHE"]:
            patch.delenv(name)
        patch.setenv("FRAUD_RUNTIME", str(runtime))
        patch.setenv("FRAUD_LAKE", str(runtime / "lake"))
        for name, port in ports(runtime).items():
            patch.setenv(f"FRAUD_{name}_PORT", str(port))
        settings.cache_clear()
        yield settings()
        if not keep:
            operate.down(settings())
            shutil.rmtree(runtime, ignore_errors=True)
    settings.cache_clear()


def ports(runtime: Path) -> dict[str, int]:
    """Ports that were free when this runtime folder was first used."""
    file = runtime / "ports.json"
    if not file.exists():
        listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in PORTS}
        runtime.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({name: listener.getsockname()[1] for name, listener in listeners.items()}))
        for listener in listeners.values():
            listener.close()
    ports: dict[str, int] = json.loads(file.read_text())
    return ports


@pytest.fixture(scope="session")
def stack(isolated: Settings) -> Settings:
    """Kafka, Spark and MLflow, started once and warm from then on; the settings that reach them."""
    operate.up(isolated, only=("kafka", "spark", "mlflow"))
    return isolated


@pytest.fixture(scope="session")
def mlflow_server(isolated: Settings) -> Settings:
    """MLflow alone, for tests that need nothing else; the settings that reach it."""
    operate.up(isolated, only=("mlflow",))
    return isolated


@pytest.fixture(scope="session")
def spark(stack: Settings) -> Iterator[SparkSession]:
    """A session on the stack's Spark, shared by all tests: leave no temporary views or settings behind."""
    session = SparkSession.builder.remote(stack.spark).getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """An empty lake of this test's own, which ``settings().lake`` names meanwhile."""
    root = tmp_path / "lake"
    root.mkdir()
    monkeypatch.setenv("FRAUD_LAKE", str(root))
    settings.cache_clear()
    yield Lake(str(root))
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(scope="session")
def empty_tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake with every declared table and no rows, to copy."""
    root = tmp_path_factory.mktemp("empty") / "lake"
    create_all(spark, Lake(str(root)))
    return root


@pytest.fixture
def tables(lake: Lake, empty_tables: Path) -> Lake:
    """The test's own lake, with every declared table, empty."""
    shutil.copytree(empty_tables, lake.root, dirs_exist_ok=True)
    return lake


@pytest.fixture
def topic() -> str:
    """The name of a Kafka topic that nobody else uses."""
    return f"test-{uuid.uuid4().hex[:12]}"
