"""A part of the embedded stack: a supervised process and its health check."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException

from fraud_assets.settings import Settings

PATIENCE_S = 3.0
"""How long a health check waits for an answer."""


def nothing() -> None:
    """The preparation of a part that needs none."""


@dataclass(frozen=True)
class Part:
    """One supervised process.

    ``ports`` maps the environment variable that sets a port to the port; ``memory_mib`` is its memory in use;
    ``healthy`` asks the running process itself; ``prepare`` makes what must be there before it starts.
    """

    name: str
    command: tuple[str, ...]
    ports: Mapping[str, int]
    memory_mib: int
    address: str
    healthy: Callable[[], bool]
    prepare: Callable[[], None] = nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    """The part that must be healthy before this one starts."""


def answers(url: str) -> bool:
    """Whether an HTTP GET of ``url`` gives a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
            return 200 <= int(response.status) < 300
    except (urllib.error.URLError, HTTPException, OSError):
        return False


def sources(settings: Settings) -> dict[str, str]:
    """A digest of the sources' files, for the environment of a part that reads them when it starts.

    A part whose environment changed is started again, so `fraud up` is enough after a file was added or changed.
    """
    digest = hashlib.sha256()
    for file in sorted(settings.sources.glob("*.yaml")):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return {"FRAUD_SOURCES_DIGEST": digest.hexdigest()}
