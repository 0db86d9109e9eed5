from pathlib import Path

import yaml
from dagster import DagsterInstance
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster_shared.serdes import serialize_value

from fraud_assets.definitions import defs
from fraud_assets.settings import Settings
from fraud_assets.stack import dagster


def test_dagster_accepts_the_instance_and_queues_its_runs(tmp_path: Path) -> None:
    settings = Settings(runtime=tmp_path)
    dagster.prepare(settings)
    with DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert not instance.telemetry_enabled
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        assert instance.run_coordinator.dequeue_interval_seconds == 1
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.default_pool_limit == 1
        assert concurrency.run_queue_config
        assert concurrency.run_queue_config.max_concurrent_runs == 4
        assert instance.run_retries_enabled
        assert instance.run_monitoring_enabled


def test_the_workspace_points_to_the_code_server(tmp_path: Path) -> None:
    text = dagster.workspace(Settings(runtime=tmp_path, dagster_code_port=4321))
    assert yaml.safe_load(text)["load_from"] == [
        {"grpc_server": {"host": "127.0.0.1", "port": 4321, "location_name": "fraud_assets"}}
    ]


def test_the_env_file_keeps_what_people_wrote_in_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    dagster.name_instance(file, tmp_path / "home")
    assert file.read_text() == f"DAGSTER_HOME={tmp_path}/home\n"
    file.write_text("TOKEN=x")
    dagster.name_instance(file, tmp_path / "home")
    dagster.name_instance(file, tmp_path / "other")
    assert file.read_text() == f"TOKEN=x\nDAGSTER_HOME={tmp_path}/home\n"


def test_the_code_server_can_serve_the_definitions() -> None:
    assert serialize_value(RepositorySnap.from_def(defs.get_repository_def()))
