"""The jars of Kafka and of Spark's connectors: fetched once by Ivy, checked against checksums, kept in a cache.

``python -m fraud_assets.stack.jars`` fetches them; ``… --record`` writes the checksums anew after ivy.xml changed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyspark
from rich.console import Console

from fraud_assets.errors import FraudError
from fraud_assets.settings import settings
from fraud_assets.stack import truststore
from fraud_assets.stack.java import java

HERE = Path(__file__).parent
PYSPARK_JARS = Path(pyspark.__file__).parent / "jars"
CHECKSUMS = HERE / "jars.sha256"
CONFIGURATIONS = ("spark", "kafka")

console = Console(stderr=True)


def folder(configuration: str) -> Path:
    """Where the jars of ``configuration`` (``spark`` or ``kafka``) are once `ensure` has run."""
    return _cached() / configuration


def ensure() -> None:
    """Fetch the jars unless the cache has them; either way each must match its checksum.

    Raises:
        FraudError: a repository cannot be reached, or a jar is not the one that was recorded.
    """
    home = _cached()
    if home.is_dir():
        verify(home, CHECKSUMS.read_text())
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as scratch:
        fetched = retrieve(Path(scratch), HERE / "ivy.xml", home.parent / "ivy")
        verify(fetched, CHECKSUMS.read_text())
        try:
            fetched.rename(home)
        except OSError:  # another process was faster
            verify(home, CHECKSUMS.read_text())
    shutil.rmtree(home.parent / "ivy", ignore_errors=True)


def retrieve(scratch: Path, ivy_file: Path, ivy_cache: Path) -> Path:
    """Have Ivy put what ``ivy_file`` lists into ``scratch``; the folder has one sub-folder a configuration."""
    target = scratch / "jars"
    command = [
        str(java()),
        *truststore.java_options(scratch / "truststore.p12"),
        *proxy_options(os.environ),
        *("-jar", str(next(PYSPARK_JARS.glob("ivy-*.jar")))),
        *("-ivy", str(ivy_file), "-cache", str(ivy_cache), "-confs", *CONFIGURATIONS),
        *("-retrieve", f"{target}/[conf]/[artifact]-[revision](-[classifier]).[ext]"),
    ]
    output = []
    counts = {"found": 0, "[SUCCESSFUL": 0}
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ivy,
        console.status("jars: asking the repository") as status,
    ):
        assert ivy.stdout
        for line in ivy.stdout:
            output.append(line)
            word = line.split(maxsplit=1)[:1]
            if word and word[0] in counts:
                counts[word[0]] += 1
                status.update(f"jars: {counts['found']} resolved, {counts['[SUCCESSFUL']} fetched")
    if ivy.returncode:
        raise FraudError(explain("".join(output)))
    console.print(f"  jars: {counts['[SUCCESSFUL']} fetched", highlight=False)
    return target


def explain(output: str) -> str:
    """One line out of a failed Ivy run: the host that could not be reached, or the first problem it names."""
    host = re.search(r"(?:UnknownHostException: |Host |https?://)([\w.-]+\.\w+(?::\d+)?)", output)
    if host and re.search(r"not found|ConnectException|UnknownHost|SSL|PKIX|timed out|access error|refused", output):
        reason = "its certificate is not trusted; check SSL_CERT_FILE" if "PKIX" in output else "check HTTPS_PROXY"
        return f"jars: could not reach the Maven repository at {host.group(1)} ({reason} and the network)"
    problem = re.search(r"(?:UNRESOLVED DEPENDENCY|unresolved dependency|ERROR|Exception)[:\s]+(.+)", output)
    return f"jars: Ivy failed: {problem.group(1).strip() if problem else output.strip()[-200:]}"


def verify(home: Path, recorded: str) -> None:
    """Compare every jar below ``home`` with the ``recorded`` lines of ``sha256  configuration/name``."""
    expected = {name: digest for digest, name in (line.split() for line in recorded.splitlines())}
    found = dict(checksums(home))
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            raise FraudError(f"jars: {name} is missing below {home}; remove that folder and try again")
        if found[name] != expected.get(name):
            raise FraudError(
                f"jars: {name} has checksum {found[name][:12]}…, expected {expected.get(name, 'none')[:12]}…: "
                f"damaged or replaced; remove {home} and try again"
            )


def checksums(home: Path) -> Iterator[tuple[str, str]]:
    """The name below ``home`` and the SHA-256 of every jar."""
    for path in sorted(home.glob("*/*.jar")):
        with path.open("rb") as file:
            yield f"{path.parent.name}/{path.name}", hashlib.file_digest(file, "sha256").hexdigest()


def proxy_options(environment: "os._Environ[str] | dict[str, str]") -> list[str]:
    """Java's options for the proxy that ``HTTPS_PROXY`` names, with ``NO_PROXY``'s exceptions."""
    proxy = urlsplit(environment.get("HTTPS_PROXY") or environment.get("https_proxy") or "")
    if not proxy.hostname:
        return []
    options = [f"-Dhttps.proxyHost={proxy.hostname}", f"-Dhttps.proxyPort={proxy.port or 80}"]
    direct = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    names = [f"*{name}" if name.startswith(".") else name for name in direct.split(",") if name]
    return [*options, "-Dhttp.nonProxyHosts=" + "|".join(names)] if names else options


def _cached() -> Path:
    recorded = CHECKSUMS.read_bytes() if CHECKSUMS.exists() else b""
    return settings().cache / "jars" / hashlib.sha256(recorded).hexdigest()[:12]


def main() -> int:
    """Fetch the jars or, with ``--record``, fetch what ivy.xml lists and write down what came."""
    try:
        if "--record" in sys.argv:
            with tempfile.TemporaryDirectory() as scratch:
                fetched = retrieve(Path(scratch), HERE / "ivy.xml", Path(scratch) / "ivy")
                CHECKSUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in checksums(fetched)))
        else:
            ensure()
    except FraudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
