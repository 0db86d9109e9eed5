import os
import socket
from pathlib import Path

import pytest

from fraud_assets.errors import FraudError
from fraud_assets.stack import obstacles
from fraud_assets.stack.part import Part


def part(port: int = 0, memory_mib: int = 0) -> Part:
    return Part("kafka", ("true",), {"FRAUD_KAFKA_PORT": port}, memory_mib, "", lambda: True)


def test_a_busy_port_names_its_owner_and_the_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(FraudError) as raised:
            obstacles.check_ports("127.0.0.1", [part(port)])
    message = str(raised.value)
    assert message.startswith(f"kafka: port {port} on 127.0.0.1 is in use by process {os.getpid()} (")
    assert message.endswith("choose another port with FRAUD_KAFKA_PORT")
    obstacles.check_ports("127.0.0.1", [part(port)])


def test_an_address_that_is_not_this_machines_is_one_line() -> None:
    with pytest.raises(FraudError, match=r"^cannot listen on 192\.0\.2\.77: .*; set FRAUD_HOST$"):
        obstacles.check_ports("192.0.2.77", [part(40_000)])


def test_too_little_memory_says_how_much_is_needed_and_free() -> None:
    with pytest.raises(FraudError, match=r"these parts need about 976\.6 GiB, \d+\.\d GiB are free; .*SPARK_MEMORY"):
        obstacles.check_memory([part(memory_mib=1_000_000)])
    obstacles.check_memory([part(memory_mib=1)])


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "CGROUP", tmp_path)
    for name, text in {"max": str(600 * 2**20), "current": str(200 * 2**20), "stat": f"inactive_file {2**20}"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert obstacles.free_memory_mib() == 401
    (tmp_path / "memory.max").write_text("max\n")
    assert obstacles.free_memory_mib() > 401
