from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.stack import supervisor
from fraud_assets.stack.part import Part
from fraud_assets.stack.parts import embedded


def read_by_supervisor(text: str, folder: Path) -> ServerOptions:
    file = folder / "supervisord.conf"
    (folder / "logs").mkdir(exist_ok=True)
    file.write_text(text)
    options = ServerOptions()
    options.realize(["--configuration", str(file)])
    return options


def test_supervisord_reads_commands_and_environment_as_they_were_meant(tmp_path: Path) -> None:
    settings = Settings(runtime=tmp_path, kafka_port=1234)
    odd = ("program", "two words", "100%", "quote'd")
    part = Part("odd", odd, {}, 0, "", lambda: True, environment={"PLAIN": "a,b=c", "QUOTES": '{"a": "50%"}'})

    options = read_by_supervisor(supervisor.configuration(settings, [part]), tmp_path)

    (group,) = options.process_group_configs
    (program,) = group.process_configs
    assert program.name == "odd"
    assert program.command == "program 'two words' 100% 'quote'\"'\"'d'"
    assert program.environment["PLAIN"] == "a,b=c"
    assert program.environment["QUOTES"] == '{"a": "50%"}'
    assert program.environment["FRAUD_KAFKA_PORT"] == "1234"
    assert program.environment["FRAUD_RUNTIME"] == str(tmp_path)
    assert program.autorestart
    assert program.killasgroup


def test_every_embedded_part_becomes_a_program(tmp_path: Path) -> None:
    settings = Settings(runtime=tmp_path, spark_remote="sc://elsewhere:15002")
    names = [part.name for part in embedded(settings)]
    options = read_by_supervisor(supervisor.configuration(settings, embedded(settings)), tmp_path)
    assert sorted(group.name for group in options.process_group_configs) == sorted(names)
    assert "spark" not in names
    assert "kafka" in names


def test_a_runtime_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match=r"too long for a socket: .*; set FRAUD_RUNTIME"):
        supervisor.socket(Settings(runtime=tmp_path / ("x" * 100)))


def test_no_stack_no_connection(tmp_path: Path) -> None:
    assert supervisor.connect(Settings(runtime=tmp_path)) is None
    assert supervisor.members(Settings(runtime=tmp_path)) == []
