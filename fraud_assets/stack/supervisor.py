"""The process manager (supervisord): its configuration, how it is started, asked and stopped."""

import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.stack.part import Part

MARK = "FRAUD_STACK_MEMBER"
"""The environment variable that every process of a stack inherits; its value is the stack's runtime folder."""

SETTLED_S = 30
"""A process that dies sooner after its start counts as failing, and after `RETRIES` more starts it is given up."""
RETRIES = 2
LONGEST_SOCKET = 100


def configuration(settings: Settings, parts: Iterable[Part]) -> str:
    """What supervisord reads: itself, its socket, one program a part."""
    home = settings.runtime
    head = f"""\
[supervisord]
identifier=fraud
pidfile={_text(home / "supervisord.pid")}
logfile={_text(home / "logs/supervisord.log")}
logfile_maxbytes=2MB
logfile_backups=0
directory={_text(home)}

[unix_http_server]
file={_text(socket(settings))}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    return "\n".join([head, *(_program(settings, part) for part in parts)])


def _program(settings: Settings, part: Part) -> str:
    return f"""\
[program:{part.name}]
command={_text(shlex.join(part.command))}
environment={_environment({**settings.given(), **part.environment})}
autostart=false
autorestart=true
startsecs={SETTLED_S}
startretries={RETRIES}
stopasgroup=true
killasgroup=true
stopwaitsecs=15
redirect_stderr=true
stdout_logfile={_text(log(settings, part.name))}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
"""


def socket(settings: Settings) -> Path:
    """Where supervisord listens for this stack's commands."""
    path = settings.runtime / "supervisord.sock"
    if len(str(path)) > LONGEST_SOCKET:
        raise FraudError(f"the runtime folder's path is too long for a socket: {path.parent}; set FRAUD_RUNTIME")
    return path


def log(settings: Settings, name: str) -> Path:
    """The log file of a part."""
    return settings.runtime / "logs" / f"{name}.log"


def end_of_log(settings: Settings, name: str, lines: int = 8) -> str:
    """The last lines of a part's log, for an error message."""
    try:
        text = log(settings, name).read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])


def connect(settings: Settings) -> Any:
    """The running supervisord's interface, or None if none answers."""
    transport = SupervisorTransport(serverurl=f"unix://{socket(settings)}")
    server = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
    try:
        server.supervisor.getState()
    except (OSError, xmlrpc.client.Error):
        return None
    return server.supervisor


def launch(settings: Settings, parts: Iterable[Part]) -> Any:
    """Start supervisord detached, or have the running one take over a changed configuration; its interface."""
    home = settings.runtime
    (home / "logs").mkdir(parents=True, exist_ok=True)
    file = home / "supervisord.conf"
    file.touch(mode=0o600)
    file.write_text(configuration(settings, parts))
    if running := connect(settings):
        _reload(running)
        return running
    done = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(file)],
        capture_output=True,
        text=True,
        cwd=home,
        env={**os.environ, MARK: str(home)},
    )
    deadline = time.monotonic() + 10
    while done.returncode == 0 and time.monotonic() < deadline:
        if running := connect(settings):
            return running
        time.sleep(0.05)
    raise FraudError(f"the process manager did not start: {(done.stderr or done.stdout).strip()[-300:]}")


def _reload(running: Any) -> None:
    """Stop and remove what the configuration no longer has or has differently, add what is new."""
    added, changed, removed = running.reloadConfig()[0]
    for name in (*changed, *removed):
        running.stopProcessGroup(name)
        running.removeProcessGroup(name)
    for name in (*added, *changed):
        running.addProcessGroup(name)


def members(settings: Settings) -> list[psutil.Process]:
    """Every live process of this stack, whoever its parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(settings.runtime) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _text(value: object) -> str:
    return str(value).replace("%", "%%")


def _environment(variables: dict[str, str]) -> str:
    quoted = (f"{name}='{value}'" if '"' in value else f'{name}="{value}"' for name, value in variables.items())
    return _text(",".join(quoted))
