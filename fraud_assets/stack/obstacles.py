"""Checks before the stack starts: a port in use, too little memory."""

import errno
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from fraud_assets.errors import FraudError
from fraud_assets.stack.part import Part

CGROUP = Path("/sys/fs/cgroup")


def check_ports(host: str, parts: Iterable[Part]) -> None:
    """Refuse to start when a port is in use; names the port, its process and the variable that changes it."""
    for part in parts:
        for variable, port in part.ports.items():
            if is_taken(host, port):
                raise FraudError(
                    f"{part.name}: port {port} on {host} is in use by {owner(port)}; "
                    f"stop that, or choose another port with {variable}"
                )


def is_taken(host: str, port: int) -> bool:
    """Whether something listens on the port already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return True
            raise FraudError(f"cannot listen on {host}: {error.strerror}; set FRAUD_HOST") from None
    return False


def owner(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another process"


def check_memory(parts: Iterable[Part]) -> None:
    """Refuse to start when the parts would not fit into the memory that is free."""
    needed = sum(part.memory_mib for part in parts)
    free = free_memory_mib()
    if free < needed:
        raise FraudError(
            f"too little memory: these parts need about {needed / 1024:.1f} GiB, {free / 1024:.1f} GiB are free; "
            "close something, lower FRAUD_SPARK_MEMORY, or use services elsewhere (SPARK_REMOTE, …)"
        )


def free_memory_mib() -> int:
    """Memory that can still be had, in MiB: the machine's, or what is left of this container's limit."""
    free = psutil.virtual_memory().available
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        reclaimable = next(
            int(line.split()[1])
            for line in (CGROUP / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        )
        free = min(free, int(limit) - int(used) + reclaimable)
    except (OSError, ValueError, StopIteration):
        pass  # no limit
    return free // 2**20
