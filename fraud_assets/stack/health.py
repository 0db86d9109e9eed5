"""The health of the stack: one row a part, for people and for programs."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil

from fraud_assets.settings import Settings
from fraud_assets.stack import supervisor
from fraud_assets.stack.part import Part
from fraud_assets.stack.parts import external, parts

READY = "ready"


@dataclass(frozen=True)
class Health:
    """One part's state: ``ready``, ``starting``, ``failing``, ``stopped`` or ``unreachable`` (external only)."""

    name: str
    state: str
    address: str
    external: bool
    pid: int
    uptime_s: int
    memory_mib: int
    log: str


def status(settings: Settings) -> list[Health]:
    """The state of every part, each asked at the same time."""
    running = supervisor.connect(settings)
    processes = {info["name"]: info for info in running.getAllProcessInfo()} if running else {}
    elsewhere = external(settings)
    everything = parts(settings)
    with ThreadPoolExecutor(len(everything)) as pool:
        return list(pool.map(lambda part: _health(settings, part, processes.get(part.name), elsewhere), everything))


def _health(settings: Settings, part: Part, process: dict[str, Any] | None, elsewhere: set[str]) -> Health:
    pid = process["pid"] if process else 0
    return Health(
        name=part.name,
        state=state(part, process, part.name in elsewhere),
        address=part.address,
        external=part.name in elsewhere,
        pid=pid,
        uptime_s=int(time.time() - process["start"]) if process and pid else 0,
        memory_mib=memory_mib(pid) if pid else 0,
        log=str(supervisor.log(settings, part.name)) if process else "",
    )


def state(part: Part, process: dict[str, Any] | None, is_external: bool) -> str:
    """The state of a part, from supervisord's state of its process and its own health check."""
    if is_external:
        return READY if part.healthy() else "unreachable"
    supervised = process["statename"] if process else "STOPPED"
    if supervised in ("FATAL", "BACKOFF", "EXITED"):
        return "failing"
    if supervised not in ("RUNNING", "STARTING"):
        return "stopped"
    return READY if part.healthy() else "starting"


def memory_mib(pid: int) -> int:
    """Resident memory of a process and all its descendants, in MiB."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total // 2**20
