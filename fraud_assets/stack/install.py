"""Makes ``.venv`` from ``requirements.lock``: exactly the locked packages, each checked against its hash.

With ``--dev`` it is ``requirements-dev.lock``: the same and what tests and development need.

What belongs here: only what must work before anything is installed. The Makefile runs this file with whatever
``python3`` there is, so it uses the standard library alone and nothing newer than Python 3.6 can read.
"""

import hashlib
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOCK = os.path.join(ROOT, "requirements.lock")
DEV_LOCK = os.path.join(ROOT, "requirements-dev.lock")
TESTS = os.path.join(VENV, "bin", "pytest")  # what was installed for development stays so
STAMP = os.path.join(VENV, "installed.sha256")
UNREACHABLE = re.compile(r"connect|resolve|timed? ?out|dns|proxy|tunnel|certificate|network|unreachable", re.IGNORECASE)


class InstallError(Exception):
    """Set-up cannot go on; the message is the one line to show."""


def main() -> int:
    """Install what is missing; 0 when ``.venv`` holds what the lock says, 1 with one line on standard error."""
    try:
        check_python(sys.version_info[:2])
        dev = sys.argv[1:] == ["--dev"] or os.path.exists(TESTS)
        lock = DEV_LOCK if dev else LOCK
        if installed() == fingerprint(lock):
            return 0
        started = time.monotonic()
        make_venv()
        uv("pip", "sync", "--require-hashes", "--compile-bytecode", lock)
        uv("pip", "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        with open(STAMP, "w", encoding="utf-8") as file:
            file.write(fingerprint(lock))
        say(f"installed in {time.monotonic() - started:.0f} s")
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check_python(version: "tuple[int, ...]") -> None:
    """Refuse an interpreter that the locked packages do not support."""
    if not (3, 11) <= version < (3, 14):
        found = ".".join(map(str, version))
        raise InstallError(f"Python 3.11, 3.12 or 3.13 is needed, found {found}; name another: make PYTHON=python3.12")


def fingerprint(lock: str) -> str:
    """What an environment depends on, as one hash: its lock, the project's metadata, the interpreter."""
    digest = hashlib.sha256(f"{sys.version}{ROOT}".encode())
    for name in (lock, os.path.join(ROOT, "pyproject.toml")):
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed() -> str:
    """The fingerprint of the last complete installation, empty if there is none."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def make_venv() -> None:
    """Create the environment if needed and put the locked uv in it."""
    if not has_pip():
        say("creating .venv")
        needs = "Python's venv module; on Debian: apt install python3-venv"
        run([sys.executable, "-m", "venv", "--clear", VENV], needs)
    with open(LOCK, encoding="utf-8") as file:
        pin = re.search(r"^uv==.*(?:\n    --hash.*)+", file.read(), re.MULTILINE)
    assert pin, "requirements.lock has no uv: make lock"
    only_uv = os.path.join(VENV, "uv.lock")
    with open(only_uv, "w", encoding="utf-8") as file:
        file.write(pin.group())
    say("installing uv")
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", only_uv]
    run(pip, "the package index")


def has_pip() -> bool:
    """Whether ``.venv`` is there and works with the interpreter it was made from."""
    if not os.path.exists(PYTHON):
        return False
    null = subprocess.DEVNULL
    return subprocess.call([PYTHON, "-m", "pip", "--version"], stdout=null, stderr=null) == 0


def uv(*arguments: str) -> None:
    """Run the environment's uv against the index that pip is configured for."""
    environment = dict(os.environ, VIRTUAL_ENV=VENV)
    for option, variable in (("index-url", "UV_DEFAULT_INDEX"), ("extra-index-url", "UV_INDEX")):
        value = pip_option(option)
        if value:
            environment.setdefault(variable, value)
    run([os.path.join(VENV, "bin", "uv"), *arguments], "the package index", environment)


def pip_option(option: str) -> str:
    """A value from pip's own configuration (file or environment), empty if not set."""
    result = subprocess.run(
        [PYTHON, "-m", "pip", "config", "get", f"global.{option}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    from_file = result.stdout.decode().strip()
    return os.environ.get("PIP_" + option.upper().replace("-", "_"), from_file)


def run(command: "list[str]", needs: str, environment: "dict[str, str] | None" = None) -> None:
    """Run a command, passing on its progress; a failure becomes one line naming what it ``needs``."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if re.match(r"(Resolved|Prepared|Installed|Downloaded|Downloading|Bytecode compiled)\b", line.strip()):
            say(line.strip())
    if process.wait():
        raise InstallError(explain("\n".join(lines), needs))


def explain(output: str, needs: str) -> str:
    """One line out of a failed command's output: the host it could not reach, or its last words."""
    if UNREACHABLE.search(output):
        host = re.search(r"(?:https?://|host=')([^/'\s`]+)", output)
        where = f" ({host.group(1)})" if host else ""
        return f"could not reach {needs}{where}; check the network and HTTPS_PROXY, or set PIP_INDEX_URL to a mirror"
    last = [line for line in output.splitlines() if line][-1:] or ["no output"]
    return f"set-up failed, needs {needs}: {last[0]}"


def say(text: str) -> None:
    """Progress for a person."""
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
