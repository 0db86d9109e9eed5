import re

import pytest

from fraud_assets.declarations.tables import ALL, Layer, Table
from fraud_assets.declarations.tables.schema import Column
from fraud_assets.lake.location import Lake


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.full_name)
def test_a_declaration_is_complete(table: Table) -> None:
    names = table.column_names
    assert len(names) == len(set(names))
    assert {*table.key, *table.partition_by, table.time} <= set(names)
    assert all(column.meaning for column in table.columns)
    if table.layer is not Layer.BRONZE:
        nullable = [c.name for c in table.columns if c.name in table.key and c.nullable]
        # a source may have no categories; rows of an older lake have no attempt
        assert set(nullable) <= {"topic", "partition", "offset", "category", "attempt"}


def test_names_are_unique() -> None:
    assert len({table.full_name for table in ALL}) == len(ALL)


def test_quotes_in_meanings_are_escaped() -> None:
    assert Column("a", "int", "the card's", "s").ddl == "`a` int COMMENT 'the card''s [s]'"


def test_statistics_are_kept_for_time_and_key() -> None:
    table = Table(Layer.GOLD, "t", "T", (Column("source", "string", "s"), Column("id", "int", "i")), ("id",), "id")
    assert "'delta.dataSkippingStatsColumns' = 'id'" in table.ddl("/lake")
    assert re.search(r"delta\.`/lake/gold/t`", table.ddl(Lake("/lake/").path(table)))
