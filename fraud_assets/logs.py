"""The product's log: structured lines on standard error, with the run, source and step that they belong to.

What belongs here: how a line looks, from which level on lines are shown, and which libraries' logs are turned down.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

ROOT = "fraud_assets"
_FIRST = ("timestamp", "level", "event", "run", "source", "step")


def configure(level: str) -> None:
    """Show the product's lines of this level and above; once a process, before work begins."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger(ROOT)
    root.setLevel(level)
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.addFilter(lambda _: root.handlers == [handler])  # in a run, Dagster's own handler shows the lines
        root.addHandler(handler)


def logger(module: str) -> structlog.stdlib.BoundLogger:
    """The log of a module: ``logger(__name__)``; events are short, what they are about is in fields."""
    made: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"{ROOT}.{module.removeprefix(f'{ROOT}.')}")
    return made


@contextmanager
def work(**fields: str) -> Iterator[None]:
    """Every line logged inside has these fields: run, source, step."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def quiet_optuna() -> None:
    """Optuna does not log every trial."""
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
