"""A Chromium for the tests that drive the dashboard in a real browser.

``python -m fraud_assets.stack.browser`` gets one where that is allowed, and never fails: without one those tests skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LONGEST_S = 300


def executable() -> str:
    """The path of a Chromium on this machine: the system's, else Playwright's own; empty if there is none."""
    system = next(filter(None, map(shutil.which, NAMES)), None)
    if system:
        return system
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return ""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def install() -> str:
    """Try Debian's package, then Playwright's own download; the path of the browser, empty if neither worked."""
    found = executable()
    if found:
        return found
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if shutil.which("apt-get") and _succeeds([*root, "true"]):
        _say("installing chromium with apt")
        _succeeds([*root, "apt-get", "update", "--quiet"])
        _succeeds([*root, "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"])
    if not executable():
        _say("installing Playwright's chromium")
        _succeeds([sys.executable, "-m", "playwright", "install", "chromium"])
    return executable()


def _succeeds(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    null = subprocess.DEVNULL
    try:
        done = subprocess.run(command, env=environment, stdin=null, stdout=null, stderr=null, timeout=LONGEST_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    _say(f"browser: {install() or 'none could be installed, so the browser tests will skip'}")
