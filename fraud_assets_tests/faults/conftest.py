"""A stack that these tests may kill, and what an undisturbed lake holds of the same records."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from fraud_assets.bronze.offsets import ends
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets_tests.conftest import KEPT
from fraud_assets_tests.faults.comparison import contents
from fraud_assets_tests.faults.own_stack import OwnStack, own_stack, send
from fraud_assets_tests.faults.pipeline_steps import CARDS, READ, TABLES
from fraud_assets_tests.lakes import copied


@pytest.fixture(scope="package")
def own(isolated: Settings) -> Iterator[OwnStack]:
    """Kafka and Spark of these tests alone, with records in Kafka; kept when the shared stack is."""
    with own_stack(isolated.runtime / "faults", isolated.mlflow, keep=isolated.runtime == KEPT) as made:
        if not any(ends(made.settings.kafka, [CARDS.transactions.topic]).values()):
            send(made.settings.kafka)
        yield made


@pytest.fixture(scope="package")
def empty(own: OwnStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with every table and no rows, to copy."""
    lake = tmp_path_factory.mktemp("faults") / "empty"
    lake.mkdir()
    own.spark(lambda session: create_all(session, Lake(str(lake)), (*TABLES, *READ)))
    return lake


@pytest.fixture(scope="package")
def clean(own: OwnStack, empty: Path) -> dict[str, pl.DataFrame]:
    """What a lake holds after a run that nothing disturbed, its increments small."""
    lake = copied(empty, empty.parent / "clean")
    own.refresh(lake)
    rows_by_table = contents(lake)
    assert not [name for name, rows in rows_by_table.items() if rows.is_empty()]
    return rows_by_table


@pytest.fixture
def faulty(empty: Path, tmp_path: Path) -> Lake:
    """The lake of one test, with every table and no rows."""
    return copied(empty, tmp_path / "lake")
