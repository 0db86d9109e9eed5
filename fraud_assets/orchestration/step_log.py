"""A step's lines in the log: its run, source and name on each, what it wrote, how long it took, how it failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import dagster as dg

from fraud_assets.logs import logger, work

_LOG = logger(__name__)


def logged(step: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The step as it is, with its lines in the log."""
    if isgeneratorfunction(step):

        @wraps(step)
        def several(context: dg.AssetExecutionContext, **resources: Any) -> Iterator[Any]:
            with work(**_fields(context, name)), _timed():
                for result in step(context, **resources):
                    _written(result)
                    yield result

        return several

    @wraps(step)
    def single(context: dg.AssetExecutionContext, **resources: Any) -> Any:
        with work(**_fields(context, name)), _timed():
            result = step(context, **resources)
            _written(result)
            return result

    return single


def _fields(context: dg.AssetExecutionContext, name: str) -> dict[str, str]:
    source = {"source": context.partition_key} if context.has_partition_key else {}
    attempt = {"attempt": str(context.retry_number + 1)} if context.retry_number else {}
    return {"run": context.run.run_id[:8], "step": name, **source, **attempt}


def _written(result: dg.MaterializeResult[None]) -> None:
    known = {"rows": "rows_written", "version": "table_version"}
    facts = {name: (result.metadata or {}).get(key) for name, key in known.items()}
    table = result.asset_key.to_user_string() if result.asset_key else None
    _LOG.info("written", **{name: fact for name, fact in {**facts, "table": table}.items() if fact is not None})


@contextmanager
def _timed() -> Iterator[None]:
    """Log how long the block took, or why it failed."""
    started = time.monotonic()
    try:
        yield
    except Exception as error:
        _LOG.error("failed", seconds=_since(started), error=f"{type(error).__name__}: {error}"[:500])
        raise
    _LOG.info("finished", seconds=_since(started))


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
