"""Starting and stopping the stack."""

import contextlib
import fcntl
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
from rich.console import Console

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.stack import jars, obstacles, supervisor
from fraud_assets.stack.part import Part
from fraud_assets.stack.parts import embedded

PATIENCE_S = 180
"""How long `up` waits for the whole stack."""

console = Console(stderr=True, highlight=False)


def up(settings: Settings, only: Collection[str] = ()) -> None:
    """Start the stack's parts (all embedded ones, or ``only`` some) and return when each answers.

    Parts that run already are left alone, unless their settings or the sources that they read changed. The stack
    survives the shell.

    Raises:
        FraudError: a port is in use, memory is short, a part keeps dying or does not answer.
    """
    own = embedded(settings)
    wanted = [part for part in own if not only or part.name in only]
    if not wanted:
        return
    with _locked(settings):
        running = supervisor.connect(settings)
        if not running:
            _stop_remains(settings)
        if {"kafka", "spark"} & {part.name for part in wanted}:
            jars.ensure()
        alive = _alive(running)
        missing = [part for part in wanted if part.name not in alive]
        obstacles.check_ports(settings.host, missing)
        obstacles.check_memory(missing)
        for part in wanted:
            part.prepare()
        _start(settings, supervisor.launch(settings, own), wanted)


def _start(settings: Settings, running: Any, wanted: list[Part]) -> None:
    started = time.monotonic()
    waiting = {part.name: part for part in wanted}
    alive = _alive(running)
    with console.status("") as display, ThreadPoolExecutor(len(wanted)) as pool:
        while waiting:
            for part in waiting.values():
                if part.name not in alive and part.after not in waiting:
                    running.startProcess(part.name, False)
            for info in running.getAllProcessInfo():
                if info["statename"] == "FATAL" and info["name"] in waiting:
                    raise FraudError(_gave_up(settings, info["name"]))
            asked = [part for part in waiting.values() if part.name in alive]
            for part, healthy in zip(asked, pool.map(lambda part: part.healthy(), asked), strict=True):
                if not healthy:
                    continue
                del waiting[part.name]
                console.print(f"  {part.name:18} ready after {time.monotonic() - started:4.1f} s  {part.address}")
            seconds = time.monotonic() - started
            if seconds > PATIENCE_S:
                name = next(iter(waiting))
                raise FraudError(f"{name} does not answer after {seconds:.0f} s; see {supervisor.log(settings, name)}")
            display.update(f"starting {', '.join(waiting)} ({seconds:.0f} s)")
            alive = _alive(running)
            time.sleep(0.2)


def down(settings: Settings) -> int:
    """Stop the stack, whatever state it is in; the number of processes that were stopped."""
    if not settings.runtime.is_dir():
        return 0
    with _locked(settings), console.status("stopping"):
        processes = supervisor.members(settings)
        if running := supervisor.connect(settings):
            manager = psutil.Process(running.getPID())
            running.shutdown()
            psutil.wait_procs([manager], timeout=30)
        _end(supervisor.members(settings))
        for name in ("supervisord.pid", "supervisord.sock"):
            (settings.runtime / name).unlink(missing_ok=True)
    return len(processes)


def _alive(running: Any) -> set[str]:
    if not running:
        return set()
    states = ("RUNNING", "STARTING", "BACKOFF", "STOPPING")
    return {info["name"] for info in running.getAllProcessInfo() if info["statename"] in states}


def _stop_remains(settings: Settings) -> None:
    """Remove the stale pid file and stop the orphaned processes of a stack that ended without `down`."""
    pid_file = settings.runtime / "supervisord.pid"
    if pid_file.exists():
        console.print(f"  removed a stale pid file (process {pid_file.read_text().strip()} is no process manager)")
        pid_file.unlink()
    if remains := supervisor.members(settings):
        console.print(f"  stopped {len(remains)} processes that an earlier stack left")
        _end(remains)


def _end(processes: list[psutil.Process]) -> None:
    for signal in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                signal(process)
        _, processes = psutil.wait_procs(processes, timeout=5)


def _gave_up(settings: Settings, name: str) -> str:
    lines = supervisor.end_of_log(settings, name)
    return f"{name} keeps dying; the end of its log ({supervisor.log(settings, name)}):\n{lines}"


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Let one `up` or `down` work on a stack at a time."""
    settings.runtime.mkdir(parents=True, exist_ok=True)
    with (settings.runtime / "operate.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("  waiting for another `fraud up` or `fraud down` to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
