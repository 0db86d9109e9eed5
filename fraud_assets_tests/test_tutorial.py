"""The tutorial's commands, as a newcomer types them, on a stack of their own."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY, Settings
from fraud_assets_tests.conftest import PORTS

TUTORIAL = REPOSITORY / "docs/tutorial-new-source.md"


@pytest.fixture
def environment(tmp_path: Path, isolated: Settings) -> Iterator[dict[str, str]]:
    """Folders and ports of this test's own; whatever was started is stopped."""
    sources = shutil.copytree(REPOSITORY / "fraud_assets/declarations/sources/catalogue", tmp_path / "sources")
    folders = {"FRAUD_SOURCES": sources, "FRAUD_RUNTIME": tmp_path / "runtime", "FRAUD_LAKE": tmp_path / "lake"}
    listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in PORTS}
    ports = {f"FRAUD_{name}_PORT": str(listener.getsockname()[1]) for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()
    commands = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = ports | {name: str(path) for name, path in folders.items()} | {"PATH": commands}
    yield (given := os.environ | own)
    subprocess.run(["fraud", "down"], env=given, check=False, capture_output=True)


@pytest.mark.slow
@pytest.mark.stack
def test_the_tutorial_does_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", TUTORIAL.read_text(), re.DOTALL | re.MULTILINE)
    said = [_typed(block, tmp_path, environment) for block in blocks]
    checked, queried = said[4], said[6]
    assert "4 of the first 5 records can be trusted" in checked
    assert "amount is missing" in checked
    assert re.findall(r"^ *(R\d) ", queried, re.MULTILINE) == ["R1", "R2", "R3", "R1", "R1", "R2", "R3"], queried
    assert "2024-05-06 07:15:00" in queried
    assert "2024-05-13 07:15:00" in queried


def _typed(block: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder, env=environment, text=True, capture_output=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout
