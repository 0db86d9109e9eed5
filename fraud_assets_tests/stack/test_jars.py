import re
from pathlib import Path

import pytest

from fraud_assets.errors import FraudError
from fraud_assets.stack import jars


def line(name: str, content: bytes, home: Path) -> str:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_bytes(content)
    return next(f"{digest}  {found}\n" for found, digest in jars.checksums(home) if found == name)


def test_a_damaged_missing_or_added_jar_is_one_line(tmp_path: Path) -> None:
    recorded = line("spark/a-1.jar", b"right", tmp_path) + line("kafka/b-2.jar", b"right", tmp_path)
    jars.verify(tmp_path, recorded)

    (tmp_path / "spark/a-1.jar").write_bytes(b"wrong")
    with pytest.raises(FraudError, match=r"^jars: spark/a-1\.jar has checksum \w{12}…, expected \w{12}…: .*$"):
        jars.verify(tmp_path, recorded)

    line("spark/a-1.jar", b"right", tmp_path)
    (tmp_path / "kafka/b-2.jar").unlink()
    with pytest.raises(FraudError, match=r"^jars: kafka/b-2\.jar is missing below .*$"):
        jars.verify(tmp_path, recorded)

    line("kafka/b-2.jar", b"right", tmp_path)
    line("kafka/c-3.jar", b"unknown", tmp_path)
    with pytest.raises(FraudError, match=r"^jars: kafka/c-3\.jar has checksum \w{12}…, expected none…: .*$"):
        jars.verify(tmp_path, recorded)


def test_every_jar_that_ivy_is_asked_for_has_a_recorded_checksum() -> None:
    asked = re.findall(r'name="(\S+)" rev="(\S+)"', (jars.HERE / "ivy.xml").read_text())
    recorded = jars.CHECKSUMS.read_text()
    assert len(asked) > 10
    for name, revision in asked:
        assert f"/{name}-{revision}.jar\n" in recorded


@pytest.mark.slow
def test_no_way_to_the_repository_is_one_line_naming_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    ivy_file = tmp_path / "ivy.xml"
    text = (jars.HERE / "ivy.xml").read_text()
    one = next(row for row in text.splitlines() if "commons-pool2" in row)
    ivy_file.write_text(
        re.sub(r"<dependencies>.*</dependencies>", f"<dependencies>{one}</dependencies>", text, flags=re.S)
    )
    with pytest.raises(
        FraudError, match=r"^jars: could not reach the Maven repository at \S+ \(check HTTPS_PROXY .*\)$"
    ):
        jars.retrieve(tmp_path, ivy_file, tmp_path / "ivy")


def test_an_untrusted_certificate_says_what_to_check() -> None:
    output = "Server access error at url https://maven.example/x (javax.net.ssl.SSLHandshakeException: PKIX path …)"
    assert jars.explain(output) == (
        "jars: could not reach the Maven repository at maven.example "
        "(its certificate is not trusted; check SSL_CERT_FILE and the network)"
    )


def test_the_proxy_of_the_environment_is_passed_to_java() -> None:
    environment = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost,.example"}
    assert jars.proxy_options(environment) == [
        "-Dhttps.proxyHost=proxy.example",
        "-Dhttps.proxyPort=3128",
        "-Dhttp.nonProxyHosts=localhost|*.example",
    ]
    assert jars.proxy_options({}) == []
