import subprocess
import sys
from pathlib import Path

import pytest

from fraud_assets.stack import install


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_an_unsupported_python_is_refused_in_one_line(version: tuple[int, int]) -> None:
    with pytest.raises(install.InstallError, match=rf"found {version[0]}\.{version[1]}; name another: make PYTHON="):
        install.check_python(version)


def test_installing_again_does_nothing() -> None:
    if install.installed() != install.fingerprint(install.DEV_LOCK):
        pytest.skip("this run's environment was not made by make install from the present lock")
    for options in ([], ["--dev"]):  # what development needs is all that the product needs, and stays
        done = subprocess.run([sys.executable, install.__file__, *options], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_an_unreachable_index_is_one_line_naming_the_host() -> None:
    environment = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    uv = str(Path(sys.executable).with_name("uv"))
    with pytest.raises(install.InstallError) as raised:
        install.run([uv, "pip", "install", "--no-cache", "--dry-run", "rich==0.0.1"], "the package index", environment)
    message = str(raised.value)
    assert message.startswith("could not reach the package index (127.0.0.1:9); check")
    assert "\n" not in message


@pytest.mark.parametrize("lock", [install.LOCK, install.DEV_LOCK])
def test_the_lock_pins_every_package_with_a_hash(lock: str) -> None:
    lines = Path(lock).read_text().replace("\\\n", "").splitlines()
    packages = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert packages
    assert all("==" in line and "--hash=sha256:" in line for line in packages)
    assert not any("://" in line for line in lines)
