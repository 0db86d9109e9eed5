import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from pyspark.sql import SparkSession

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.stack import health, operate, supervisor
from fraud_assets.stack.part import Part


def part(name: str, command: str, healthy: Callable[[], bool] = lambda: True) -> Part:
    return Part(name, ("bash", "-c", command), {}, 1, "", healthy)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A stack of trivial processes under the real process manager."""
    settings = Settings(runtime=tmp_path)
    monkeypatch.setattr(operate, "embedded", lambda _: [part("quiet", "sleep 1000 & wait")])
    yield settings
    operate.down(settings)


def test_down_leaves_nothing_and_up_can_be_repeated(own: Settings) -> None:
    operate.up(own)
    before = {process.pid for process in supervisor.members(own)}
    operate.up(own)
    assert {process.pid for process in supervisor.members(own)} == before
    assert len(before) == 3  # the process manager, bash, sleep

    assert operate.down(own) == 3
    assert supervisor.members(own) == []
    assert operate.down(own) == 0


def test_what_a_killed_process_manager_left_is_put_away(own: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    operate.up(own)
    os.kill(supervisor.connect(own).getPID(), signal.SIGKILL)
    time.sleep(0.2)
    assert len(supervisor.members(own)) == 2

    operate.up(own)

    assert len(supervisor.members(own)) == 3
    said = capfd.readouterr().err
    assert "removed a stale pid file" in said
    assert "stopped 2 processes that an earlier stack left" in said


def test_a_part_that_keeps_dying_is_reported_with_the_end_of_its_log(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operate, "embedded", lambda _: [part("weak", "echo no such luck; exit 3", lambda: False)])
    with pytest.raises(
        FraudError, match=r"(?s)^weak keeps dying; the end of its log \(\S+/weak\.log\):\n.*no such luck$"
    ):
        operate.up(own)


def test_a_changed_setting_restarts_the_part(own: Settings) -> None:
    operate.up(own)
    first = supervisor.connect(own).getProcessInfo("quiet")["pid"]
    operate.up(Settings(runtime=own.runtime, kafka_port=1))
    assert supervisor.connect(own).getProcessInfo("quiet")["pid"] != first


def test_up_starts_nothing_for_a_wrong_source(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("name: shop\n colour: red\n")
    environment = {**os.environ, "FRAUD_RUNTIME": str(tmp_path / "runtime"), "FRAUD_SOURCES": str(tmp_path)}
    fraud = [str(Path(sys.executable).with_name("fraud")), "up"]
    done = subprocess.run(fraud, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "shop.yaml:2:" in done.stderr
    assert not (tmp_path / "runtime").exists()


def test_status_of_a_stack_that_was_never_started(tmp_path: Path) -> None:
    environment = {**os.environ, "FRAUD_RUNTIME": str(tmp_path)}
    fraud = [str(Path(sys.executable).with_name("fraud")), "status", "--json"]
    done = subprocess.run(fraud, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stdout.startswith('[{"name": "kafka", "state": "stopped"')
    assert done.stderr == "error: the stack is not started; run `make demo` or `fraud up`\n"


@pytest.mark.stack
def test_a_killed_kafka_comes_back_with_its_topics(stack: Settings, spark: SparkSession, topic: str) -> None:
    from confluent_kafka.admin import NewTopic

    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 0})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    before = kafka_health(stack)
    assert before.state == health.READY
    assert before.memory_mib > 50

    os.kill(before.pid, signal.SIGKILL)

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        after = kafka_health(stack)
        if after.pid not in (0, before.pid) and after.state == health.READY:
            break
        time.sleep(0.5)
    assert (after.state, after.pid != before.pid) == (health.READY, True)
    assert topic in admin.list_topics(timeout=10).topics
    assert spark.range(3).count() == 3


def kafka_health(settings: Settings) -> health.Health:
    return next(row for row in health.status(settings) if row.name == "kafka")
