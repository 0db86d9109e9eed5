"""``python -m bench [NAME …]``: the named benchmarks, or all, each one JSON line on standard output.

What belongs here: finding them, the stack they run on, what becomes of their results. Example:
``python -m bench ingest_vs_bare silver_rows_per_s``.
"""

import inspect
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from pyspark.sql import SparkSession
from rich.console import Console

import bench
from fraud_assets.errors import FraudError
from fraud_assets.settings import settings
from fraud_assets.stack import operate

RESULTS = Path(__file__).parent / "results.jsonl"
PORTS = ("KAFKA", "KAFKA_CONTROLLER", "SPARK", "MLFLOW", "DAGSTER", "DAGSTER_CODE", "STREAMLIT")

console = Console(stderr=True, highlight=False)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="benchmarks to run; all of them without any")] = None,
    file: Annotated[Path | None, typer.Option(help="a file for the benchmarks that read one")] = None,
) -> None:
    """Run benchmarks; the exit status is 0 when each that ran met its goal."""
    found = _found()
    if unknown := [name for name in names or () if name not in found]:
        raise FraudError(f"no benchmark '{unknown[0]}'; there are: {', '.join(found)}")
    results = []
    with _stack():
        for name in names or found:
            console.print(f"{name} …")
            try:
                result = found[name](**_arguments(found[name], file))
            except FraudError as error:
                if names:
                    raise
                console.print(f"{name} left out: {error}")
                continue
            results.append(result)
            line = json.dumps(result)
            print(line, flush=True)
            with RESULTS.open("a") as kept:
                kept.write(line + "\n")
    if not all(result["met"] for result in results):
        raise typer.Exit(1)


def _found() -> dict[str, Callable[..., dict[str, Any]]]:
    """What ``run`` of each module does, by the module's name."""
    modules = {m.name: import_module(f"bench.{m.name}") for m in iter_modules(bench.__path__) if m.name != "__main__"}
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def _arguments(run: Callable[..., Any], file: Path | None) -> dict[str, Path]:
    return {"file": file} if file and "file" in inspect.signature(run).parameters else {}


@contextmanager
def _stack() -> Iterator[None]:
    """Kafka and Spark for the benchmarks alone, on free ports and in a temporary folder."""
    runtime = tempfile.mkdtemp(prefix="fraud-bench-")
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "SPARK_REMOTE", "MLFLOW_TRACKING_URI"):
        os.environ.pop(name, None)
    os.environ |= {"FRAUD_RUNTIME": runtime, "FRAUD_LAKE": f"{runtime}/lake"}
    with ExitStack() as listeners:
        for name in PORTS:
            listener = listeners.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
            os.environ[f"FRAUD_{name}_PORT"] = str(listener.getsockname()[1])
    settings.cache_clear()
    try:
        operate.up(settings(), only=("kafka", "spark"))
        yield
    finally:
        if session := SparkSession.getActiveSession():
            session.stop()  # or it would wait for a server that is gone
        operate.down(settings())
        shutil.rmtree(runtime, ignore_errors=True)


if __name__ == "__main__":
    try:
        typer.run(main)
    except FraudError as error:
        console.print(str(error))
        sys.exit(1)
