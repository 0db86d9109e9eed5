"""What a demonstration did, as tables for people, and whether all of it went well."""

from collections.abc import Mapping
from statistics import median

import polars as pl
from rich.table import Table as Shown

from fraud_assets.bronze import offsets
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import ALL, bronze, gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import run_client as runs
from fraud_assets.settings import Settings
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.training.evaluate.metrics.names import in_words


def tables(settings: Settings, source: Source) -> Shown:
    """Rows and version of every table."""
    shown = Shown("table", "rows", "version", box=None, title="The lake", title_justify="left")
    for column in shown.columns[1:]:
        column.justify = "right"
    for table in ALL:
        count, version = reads.count(table, Lake.of(settings), source.name), reads.version(table, Lake.of(settings))
        shown.add_row(table.full_name, f"{count:,}", str(version))
    return shown


def quarantine(settings: Settings) -> Shown:
    """Quarantined records by reason."""
    shown = Shown("reason", "records", box=None, title="Quarantine", title_justify="left")
    frame = reads.scan(silver.QUARANTINE, Lake.of(settings))
    if frame is not None:
        reasons = frame.select(pl.col("reasons").explode()).group_by("reasons").len().sort("len", descending=True)
        for reason, count in reasons.collect().iter_rows():
            shown.add_row(reason, f"{count:,}")
    return shown


def champion(settings: Settings, source: Source) -> Shown:
    """The newest model's metrics on payments later than its training."""
    shown = Shown("metric", "value", box=None, title="Model", title_justify="left")
    frame = reads.scan(gold.MODEL_PERFORMANCE, Lake.of(settings))
    if frame is not None:
        newest = frame.filter(pl.col("source") == source.name).sort("model_version").collect()
        newest = newest.filter(pl.col("model_version") == newest["model_version"].max())
        for metric, value in newest.select("metric", "value").iter_rows():
            shown.add_row(in_words(metric), f"{value:,.3f}".rstrip("0").rstrip("."))
    return shown


def stages(seconds: Mapping[str, float], seen: Mapping[str, runs.Run]) -> Shown:
    """Seconds of each part of the demonstration, and the longest each step of a job took."""
    shown = Shown("stage", "seconds", box=None, title="Time", title_justify="left")
    shown.columns[1].justify = "right"
    for stage, spent in seconds.items():
        shown.add_row(stage, f"{spent:.1f}")
    steps: dict[str, float] = {}
    for run in sorted(seen.values(), key=lambda run: run.started or 0):
        for step in run.steps:
            name = f"  {run.job}: {step.name.replace('__', '.')}"
            steps[name] = max(steps.get(name, 0.0), step.seconds)
    for name, spent in steps.items():
        shown.add_row(name, f"{spent:.1f}")
    return shown


def delays(seen: Mapping[str, float]) -> str:
    """Event to dashboard, in a line."""
    if not seen:
        return "no live payment was decided while the demonstration watched; the dashboard shows the first soon"
    ordered = sorted(seen.values())
    worst = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"median {median(ordered):.1f} s, P95 {worst:.1f} s over {len(ordered)} live payments"


def faults(settings: Settings, source: Source, seen: Mapping[str, runs.Run]) -> list[str]:
    """What did not go well: checks that failed, assets never made, records not accounted for; empty when all did."""
    found = []
    for run in seen.values():
        for check in runs.outcome(settings, run.run_id).checks:
            if not check.passed:
                found.append(f"check {check.name} on {check.asset} failed in run {run.run_id[:8]} of {run.job}")
    found += [f"asset {asset} was never made" for asset in runs.never_made(settings)]
    found += [f"not balanced: {stream}" for stream in reconcile(source.name, Lake.of(settings)) if not stream.balanced]
    ends = offsets.ends(settings.kafka, list(source.topics))
    for stream, table in ((source.transactions, bronze.TRANSACTIONS), (source.labels, bronze.LABELS)):
        sent, kept = sum(ends[stream.topic].values()), reads.count(table, Lake.of(settings), source.name)
        if sent != kept:
            found.append(f"Kafka holds {sent:,} records of {stream.topic}, {table.full_name} {kept:,}")
    return found
