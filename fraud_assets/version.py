"""Which code runs: the package's version and, in a checkout, the commit. Recorded with trainings and decisions."""

import subprocess
from functools import cache
from importlib.metadata import version

from fraud_assets.settings import REPOSITORY

PACKAGE = "fraud-lakehouse"


@cache
def code_version() -> str:
    """Version and commit, as in ``0.1.0+1a2b3c4d5e6f``; ``.modified`` follows where tracked files differ from it."""
    commit = _git("rev-parse", "--short=12", "HEAD") if (REPOSITORY / ".git").exists() else None
    if not commit:
        return version(PACKAGE)
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{version(PACKAGE)}+{commit}{'.modified' if changed else ''}"


def _git(*words: str) -> str | None:
    """What git answers; None where it is not installed or refuses."""
    try:
        return subprocess.run(
            ["git", "-C", str(REPOSITORY), *words], capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
