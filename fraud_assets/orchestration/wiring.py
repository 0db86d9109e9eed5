"""What the stages' Dagster wiring shares: partitions, resources, and how tables look in the Dagster UI.

Besides this module, Dagster is imported in ``assets.py``, ``checks.py``, ``sensors.py`` and ``definitions.py`` only.
"""

import warnings
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
from dagster_pyspark import LazyPySparkResource
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.declarations.tables import Layer, Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCES = dg.StaticPartitionsDefinition(list(catalogue()))
OWNER = "team:fraud-platform"
PARTITION_TAG = "dagster/partition"
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RETRY = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)
"""For steps that talk to Kafka, Spark or MLflow: a service that restarts is back within seconds."""


warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # asset checks that have partitions: we rely on them

PREVIEW_ROWS = 5
PREVIEW_SPAN = timedelta(hours=1)
UNIQUE_SPAN = timedelta(days=2)
"""How far back from its newest row a table's key is checked on every run; older rows are not."""


def key(table: Table) -> dg.AssetKey:
    """The asset of a table: ``layer/name``."""
    return dg.AssetKey([str(table.layer), table.name])


def spec(table: Table, deps: Iterable[Table], *kinds: str) -> dg.AssetSpec:
    """A table's asset: key, group, owner, kinds, description and column schema."""
    return dg.AssetSpec(
        key(table),
        deps=[key(upstream) for upstream in deps],
        group_name=str(table.layer),
        description=table.description,
        kinds={"delta", *kinds},
        owners=[OWNER],
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.full_name},
        partitions_def=SOURCES,
    )


def written_by(*specs: dg.AssetSpec, priority: int = 0) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of a step that writes tables: pooled, so that two runs never write one table, and retried.

    Of the steps that are ready, that with the highest ``priority`` runs first.
    """
    first = specs[0].key
    return dg.multi_asset(
        name="__".join(first.path),
        specs=list(specs),
        pool=pool(first),
        retry_policy=RETRY,
        op_tags={"dagster/priority": str(priority)},
    )


def pool(asset: dg.AssetKey) -> str:
    """The pool of a table's writers, one at a time; one step writes all of silver."""
    return "silver" if asset.path[0] == Layer.SILVER else "_".join(asset.path)


def in_flight(instance: dg.DagsterInstance, job: str, source: str) -> str | None:
    """The id of a run of the job for the source that has not ended; None without any."""
    running = dg.RunsFilter(tags={PARTITION_TAG: source}, statuses=IN_FLIGHT, job_name=job)
    return next((run.run_id for run in instance.get_runs(running, limit=1)), None)


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


def outcome(table: Table, source: str, written: int, **more: Any) -> dict[str, Any]:
    """What a person wants to know after a step: rows, version, freshness, a look at the newest rows."""
    lake = Lake.of(settings())
    version = reads.version(table, lake)
    facts: dict[str, Any] = {
        "dagster/row_count": reads.count(table, lake, source),
        "rows_written": written,
        "table_version": version,
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


def picture(figure: "Figure") -> dg.MarkdownMetadataValue:
    """A figure as the Dagster UI shows it: a PNG inside Markdown."""
    image = BytesIO()
    figure.savefig(image, format="png", dpi=80)
    return dg.MetadataValue.md(f"![figure](data:image/png;base64,{b64encode(image.getvalue()).decode()})")


class Spark(LazyPySparkResource):
    """A session on the Connect server, made when a step first asks for it.

    A server that was started again knows none of its old sessions, and refuses them for good: a step that is retried
    is given a new one, and so is the next step of the run.
    """

    @property
    def spark_session(self) -> SparkSession:
        """The run's session; while the server is being started again, this waits for it."""
        session: SparkSession = super().spark_session
        try:
            session.conf.get("spark.sql.session.timeZone")
        except PySparkException:
            session.stop()  # or it would stay the one that Spark takes where it is told none
            self._spark_session = None
            session = super().spark_session
        return session


def resources() -> Mapping[str, Any]:
    """What assets are given: Spark, as a thin client of the Connect server."""
    return {"spark": Spark(spark_config={"spark.remote": settings().spark})}


def _newest_rows(table: Table, source: str, lake: Lake, latest: datetime) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    shown = [column.name for column in table.columns if column.name != "source" and column.type != "binary"]
    recent = frame.filter(pl.col("source") == source, pl.col(table.time) >= latest - PREVIEW_SPAN)
    return recent.select(shown).top_k(PREVIEW_ROWS, by=table.time).collect()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return (text[:60] + "…" if len(text) > 60 else text).replace("|", "\\|").replace("\n", " ")


def key_checks(table: Table) -> list[dg.AssetCheckSpec]:
    """The checks that every table with a key has."""
    return [
        check_spec(table, "unique_key", f"no two rows with one {', '.join(table.key)}"),
        check_spec(table, "no_null_in_key", f"no null in {', '.join(table.key)}"),
    ]


def check_spec(table: Table, name: str, description: str, blocking: bool = False) -> dg.AssetCheckSpec:
    """One check of a table; what comes after the table does not run when a blocking one fails."""
    return dg.AssetCheckSpec(name, asset=key(table), description=description, blocking=blocking, partitions_def=SOURCES)


def key_results(table: Table, source: str) -> Iterator[dg.AssetCheckResult]:
    """The results of `key_checks`, for the rows of the newest days."""
    lake = Lake.of(settings())
    latest = reads.newest_time(table, lake, source)
    duplicates = reads.duplicate_keys(table, lake, source, latest - UNIQUE_SPAN) if latest else 0
    yield check(table, "unique_key", duplicates == 0, {"duplicate_keys": duplicates})
    nulls = reads.nulls_in_key(table, lake)
    yield check(table, "no_null_in_key", nulls == 0, {"nulls": nulls})


def check(
    table: Table,
    name: str,
    passed: bool,
    facts: Mapping[str, Any],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """The result of one check of a table, with what was found."""
    return dg.AssetCheckResult(passed=passed, asset_key=key(table), check_name=name, severity=severity, metadata=facts)
