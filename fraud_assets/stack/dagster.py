"""The embedded Dagster: a code server that imports the assets, the web server, the daemon, one SQLite instance."""

import json
import os
import sys
import urllib.request
from pathlib import Path

import yaml

from fraud_assets import logs
from fraud_assets.orchestration.jobs import CODE_LOCATION
from fraud_assets.settings import REPOSITORY, Settings
from fraud_assets.stack.part import PATIENCE_S, Part, answers, sources

INSTANCE = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "run_coordinator": {
        "module": "dagster.core.run_coordinator",
        "class": "QueuedRunCoordinator",
        "config": {"dequeue_interval_seconds": 1},
    },
    "concurrency": {"pools": {"default_limit": 1, "granularity": "op"}, "runs": {"max_concurrent_runs": 4}},
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": 180,
        "poll_interval_seconds": 5,
        "free_slots_after_run_end_seconds": 5,
    },
    "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
    "python_logs": {"managed_python_loggers": [logs.ROOT]},
    "sensors": {"use_threads": True, "num_workers": 4},
    "schedules": {"use_threads": True, "num_workers": 2},
}
"""dagster.yaml: pools let one writer at a table; a run whose process died is started again, at most twice.

A killed process still occupies its slot in the pools; the daemon frees it after the run's end. The product's log lines
become events of their run.
"""

HEARTBEATS = '{"query": "{ instance { daemonHealth { allDaemonStatuses { required healthy } } } }"}'


def parts(settings: Settings) -> list[Part]:
    """Code server, web server and daemon as supervised processes; the last two share the first's assets."""
    home = settings.dagster_home
    environment = {"DAGSTER_HOME": str(home), "PYTHONPATH": str(REPOSITORY), **sources(settings)}
    workspace = str(home / "workspace.yaml")
    url, code_host = settings.dagster, settings.reached("dagster-code")
    code = Part(
        name="dagster-code",
        command=(
            *(_tool("dagster"), "code-server", "start", "-m", "fraud_assets.definitions"),
            *("--host", settings.host, "--port", str(settings.dagster_code_port), "--location-name", CODE_LOCATION),
        ),
        environment=environment,
        ports={"FRAUD_DAGSTER_CODE_PORT": settings.dagster_code_port},
        memory_mib=500,
        address=f"{code_host}:{settings.dagster_code_port}",
        healthy=lambda: code_server_ready(settings),
        prepare=lambda: prepare(settings),
    )
    web = Part(
        name="dagster-webserver",
        command=(
            *(_tool("dagster-webserver"), "--workspace", workspace),
            *("--host", settings.host, "--port", str(settings.dagster_port)),
        ),
        environment=environment,
        ports={"FRAUD_DAGSTER_PORT": settings.dagster_port},
        memory_mib=350,
        address=url,
        healthy=lambda: answers(f"{url}/server_info"),
        after=code.name,
    )
    daemon = Part(
        name="dagster-daemon",
        command=(_tool("dagster-daemon"), "run", "--workspace", workspace),
        environment=environment,
        ports={},
        memory_mib=300,
        address="",
        healthy=lambda: daemons_beat(url),
        after=code.name,
    )
    return [code, web, daemon]


def workspace(settings: Settings) -> str:
    """The workspace that points web server and daemon to the code server."""
    host = settings.reached("dagster-code")
    server = {"host": host, "port": settings.dagster_code_port, "location_name": CODE_LOCATION}
    return yaml.safe_dump({"load_from": [{"grpc_server": server}]})


def prepare(settings: Settings) -> None:
    """Write the instance's configuration; the usual instance also becomes the one ``dagster`` commands use here."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE))
    (home / "workspace.yaml").write_text(workspace(settings))
    if settings.runtime == REPOSITORY / ".fraud":
        name_instance(REPOSITORY / ".env", home)


def name_instance(env_file: Path, home: Path) -> None:
    """Name the instance in the ``.env`` that every ``dagster`` command reads from the folder it is started in."""
    lines = env_file.read_text().splitlines() if env_file.exists() else []
    if not any(line.startswith("DAGSTER_HOME=") for line in lines):
        env_file.write_text("\n".join([*lines, f"DAGSTER_HOME={home}"]) + "\n")


def code_server_ready(settings: Settings) -> bool:
    """Whether the code server accepts a gRPC connection; it listens once the assets are imported."""
    import grpc

    with grpc.insecure_channel(f"{settings.reached('dagster-code')}:{settings.dagster_code_port}") as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE_S)
        except grpc.FutureTimeoutError:
            return False
        return True


def daemons_beat(url: str) -> bool:
    """Whether every daemon that the instance needs has a recent heartbeat, by the web server."""
    request = urllib.request.Request(
        f"{url}/graphql", HEARTBEATS.encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            statuses = json.load(response)["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (OSError, KeyError, ValueError):
        return False
    return all(status["healthy"] for status in statuses if status["required"])


def _tool(name: str) -> str:
    return os.path.join(os.path.dirname(sys.executable), name)
