"""What the Dagster UI shows of a finished step: row counts, versions, a preview, tables and figures as Markdown."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from fraud_assets.declarations.tables import Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREVIEW_ROWS = 5
PREVIEW_SPAN = timedelta(hours=1)


def step_metadata(table: Table, source: str, written: int, **more: Any) -> dict[str, Any]:
    """Rows in the table, rows written, version, path, newest event time, freshness lag, a preview of the newest rows.

    ``more`` is what the step adds; facts that are None are left out.
    """
    lake = Lake.of(settings())
    facts: dict[str, Any] = {
        "dagster/row_count": reads.count(table, lake, source),
        "rows_written": written,
        "table_version": reads.version(table, lake),
        "table_path": dg.MetadataValue.path(lake.path(table)),
        **more,
    }
    latest = reads.newest_time(table, lake, source)
    if latest is not None:
        facts["newest"] = dg.MetadataValue.timestamp(latest)
        facts["freshness_lag_seconds"] = round((datetime.now(UTC) - latest).total_seconds(), 1)
        facts["preview"] = dg.MetadataValue.md(markdown(_newest_rows(table, source, lake, latest)))
    return {name: value for name, value in facts.items() if value is not None}


def markdown(frame: pl.DataFrame) -> str:
    """A frame as a Markdown table; long cells are cut and bars escaped."""
    rows = [[_cell(value) for value in row] for row in frame.iter_rows()]
    lines: Iterable[list[str]] = [frame.columns, ["---"] * frame.width, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(drawn: "Figure") -> dg.MarkdownMetadataValue:
    """A matplotlib figure as the Dagster UI shows it: a PNG inside Markdown."""
    image = BytesIO()
    drawn.savefig(image, format="png", dpi=80)
    return dg.MetadataValue.md(f"![figure](data:image/png;base64,{b64encode(image.getvalue()).decode()})")


def _newest_rows(table: Table, source: str, lake: Lake, latest: datetime) -> pl.DataFrame:
    shown = [column.name for column in table.columns if column.name != "source" and column.type != "binary"]
    recent = lake.scan(table).filter(pl.col("source") == source, pl.col(table.time) >= latest - PREVIEW_SPAN)
    return recent.select(shown).top_k(PREVIEW_ROWS, by=table.time).collect()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return (text[:60] + "…" if len(text) > 60 else text).replace("|", "\\|").replace("\n", " ")
