"""Dagster wiring of upkeep: one op a table, in the pool of the table's writer; it also looks for duplicate keys."""

from dataclasses import asdict

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.tables import ALL, Table
from fraud_assets.lake import keys
from fraud_assets.lake.location import Lake
from fraud_assets.lake.upkeep import maintain
from fraud_assets.orchestration import specs
from fraud_assets.orchestration.jobs import Job
from fraud_assets.settings import settings


def _op(table: Table) -> dg.OpDefinition:
    @dg.op(name=f"upkeep_{table.layer}_{table.name}", pool=specs.pool(specs.asset_key(table)), out=dg.Out(dg.Nothing))
    def upkeep_table(context: dg.OpExecutionContext, spark: LazyPySparkResource) -> None:
        result = maintain(spark.spark_session, table, Lake.of(settings()))
        if result is None:
            context.log.info(f"{table.full_name} does not exist yet")
            return
        context.log.info(
            f"{table.full_name}: {result.files_before} files, {result.bytes_before:,} bytes → "
            f"{result.files_after} files, {result.bytes_after:,} bytes; "
            f"{result.files_removed} old data files and {result.log_files_removed} of the log removed"
        )
        facts = {
            name: ", ".join(value) if isinstance(value, tuple) else value for name, value in asdict(result).items()
        }
        facts["duplicate_keys"] = duplicates = keys.count_duplicates(table, Lake.of(settings()))
        if duplicates:
            problem = f"{table.full_name}: {duplicates:,} keys ({', '.join(table.key)}) are in more than one row"
            raise dg.Failure(f"{problem}; see docs/operations.md, unique_key", facts)
        context.add_output_metadata(facts)

    return upkeep_table


@dg.job(
    name=Job.UPKEEP.value,
    description="Compact every table and remove files that no kept version needs",
    executor_def=dg.in_process_executor,
)
def upkeep() -> None:
    """Every table in turn."""
    for table in ALL:
        _op(table)()
