from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal

from fraud_assets.lake.writing import streamed, writer_properties

ROWS = pl.DataFrame({"name": ["a", "a", "b"], "amount": [1.0, 2.0, 3.0]})


@pytest.fixture
def table(tmp_path: Path) -> DeltaTable:
    ROWS.write_delta(tmp_path / "table")
    return DeltaTable(tmp_path / "table")


def test_a_batch_that_fails_leaves_the_table_as_it_was(table: DeltaTable) -> None:
    schema = pa.schema(table.schema())

    def batches() -> Iterator[pl.DataFrame]:
        yield ROWS
        raise ValueError("the second batch cannot be made")

    with pytest.raises(Exception, match="the second batch cannot be made"):
        write_deltalake(table, streamed(batches(), schema), mode="append", writer_properties=writer_properties(schema))
    assert DeltaTable(table.table_uri).version() == 0


def test_texts_have_a_dictionary_and_fractions_no_statistics(table: DeltaTable) -> None:
    schema = pa.schema(table.schema())
    batches = streamed([ROWS.select("amount"), ROWS.select("amount", "name")], schema)
    write_deltalake(table, batches, mode="overwrite", writer_properties=writer_properties(schema))
    assert_frame_equal(
        pl.read_delta(table.table_uri),
        pl.concat([ROWS, ROWS.with_columns(name=pl.lit(None, pl.String))]),
        check_row_order=False,
    )
    (file,) = DeltaTable(table.table_uri).file_uris()
    group = pq.ParquetFile(file.removeprefix("file://")).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {c.path_in_schema: c.has_dictionary_page for c in columns} == {"name": True, "amount": False}
    assert {c.path_in_schema: c.is_stats_set for c in columns} == {"name": True, "amount": False}
