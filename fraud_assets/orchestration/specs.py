"""How a declared table becomes a Dagster asset: key, spec, partitions, and the step that writes it."""

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.declarations.tables import Layer, Table
from fraud_assets.orchestration.step_log import logged

SOURCES = dg.StaticPartitionsDefinition(list(catalogue()))
OWNER = "team:fraud-platform"
RETRY = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)
"""For steps that talk to Kafka, Spark or MLflow: a service that restarts is back within seconds."""


def asset_key(table: Table) -> dg.AssetKey:
    """The asset of a table: ``layer/name``."""
    return dg.AssetKey([str(table.layer), table.name])


def table_spec(table: Table, deps: Iterable[Table], *kinds: str) -> dg.AssetSpec:
    """A table's asset: key, upstream tables, group, owner, kinds, description and column schema."""
    return dg.AssetSpec(
        asset_key(table),
        deps=[asset_key(upstream) for upstream in deps],
        group_name=str(table.layer),
        description=table.description,
        kinds={"delta", *kinds},
        owners=[OWNER],
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.full_name},
        partitions_def=SOURCES,
    )


def written_by(*specs: dg.AssetSpec, priority: int = 0) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of a step that writes tables: one writer of a table at a time, retried when a service is down.

    Of the steps that are ready, that with the highest ``priority`` runs first.
    """
    first = specs[0].key
    asset = dg.multi_asset(
        name="__".join(first.path),
        specs=list(specs),
        pool=pool(first),
        retry_policy=RETRY,
        op_tags={"dagster/priority": str(priority)},
    )
    return lambda step: asset(logged(step, "/".join(first.path)))


def pool(asset: dg.AssetKey) -> str:
    """The Dagster pool (limit 1) of a table's writers; one step writes all of silver."""
    return "silver" if asset.path[0] == Layer.SILVER else "_".join(asset.path)


def column_schema(table: Table) -> dg.TableSchema:
    """The declared columns, with meaning, unit and privacy class."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                description=f"{column.meaning} [{column.unit}]" if column.unit else column.meaning,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
                tags={"privacy": str(column.privacy)},
            )
            for column in table.columns
        ]
    )
