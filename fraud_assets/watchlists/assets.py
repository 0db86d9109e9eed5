"""Dagster wiring of silver.watchlists."""

from typing import Any

import dagster as dg
import polars as pl
from dagster_pyspark import LazyPySparkResource

from fraud_assets.errors import FraudError
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings
from fraud_assets.watchlists.lists import LISTS
from fraud_assets.watchlists.load import TABLE, Loaded, load, report

SHOWN = 20


@specs.written_by(specs.table_spec(TABLE, (), "polars"))
def references(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Load each list that a setting names; one that cannot be read does not keep the others."""
    source, here = context.partition_key, settings()
    create_all(spark.spark_session, Lake.of(here), (TABLE,))
    done: list[Loaded] = []
    failed: list[str] = []
    for each in LISTS.values():
        if not each.place(here):
            continue
        try:
            done.append(load(each, each.place(here), source, Lake.of(here)))
        except FraudError as error:
            failed.append(str(error))
    facts: dict[str, Any] = {}
    for loaded in done:
        changes = f"{loaded.changed} opened or revised, {loaded.closed} closed, {loaded.unchanged} unchanged"
        facts[loaded.list] = f"{changes}, {len(loaded.bad)} bad lines"
        file = report(loaded, here.runtime / "references")
        if file:
            context.log.warning(f"{loaded.list}: {len(loaded.bad)} bad lines, listed in {file}")
            lines = [(bad.line, bad.problem, bad.text) for bad in loaded.bad[:SHOWN]]
            frame = pl.DataFrame(lines, schema=["line", "problem", "text"], orient="row")
            facts[f"{loaded.list}_bad_lines"] = dg.MetadataValue.md(metadata.markdown(frame))
    if failed:
        raise dg.Failure("; ".join(failed), metadata=facts, allow_retries=False)  # the next hour's run is the retry
    if not done:
        context.log.info(f"no list is set; settings: {', '.join(f'FRAUD_{name.upper()}' for name in LISTS)}")
    return dg.MaterializeResult(
        metadata=metadata.step_metadata(TABLE, source, sum(each.changed + each.closed for each in done), **facts)
    )


KEYS = [specs.asset_key(TABLE)]
