"""The Pipeline page: runs, delays, errors, rows in each table."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fraud_assets.bronze import offsets
from fraud_assets.declarations.sources.document import SourceError
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import ALL, Table, bronze, gold, silver
from fraud_assets.lake.location import Lake
from fraud_assets.monitoring.latency import STAGES, Latency, Stage, latency
from fraud_assets.settings import settings
from streamlit_app import data, look, parts
from streamlit_app.data import Snapshot, cached, count, newest
from streamlit_app.queries import pipeline as query
from streamlit_app.queries.quarantine import in_quarantine

_RANGES = {"last hour": timedelta(hours=1), "24 hours": timedelta(days=1), "7 days": timedelta(days=7), "all": None}


@cached
def _runs(pipeline_runs: Snapshot) -> pl.DataFrame:
    return query.runs(pipeline_runs.rows())


@cached
def _steps(pipeline_runs: Snapshot, since: datetime | None) -> query.Steps:
    return query.steps(pipeline_runs.rows(), since)


@cached
def _newest_time(table: Snapshot, column: str) -> datetime | None:
    newest: datetime | None = table.rows().select(pl.col(column).max()).collect().item()
    return newest


@cached
def _latency(table: Snapshot, written: str, since: datetime | None) -> Latency | None:
    return latency(table.rows(), written, since)


@cached
def _in_quarantine(cases: data.Cases) -> int:
    return in_quarantine(cases.rows())


@st.cache_data(ttl=2 * parts.REFRESH, show_spinner=False)
def _lag(source: str) -> tuple[int | None, str]:
    """Records in Kafka that bronze has not read, and where from or why that is unknown."""
    here = settings()
    try:
        topic = named(source).transactions.topic
        end = offsets.ends(here.kafka, [topic], timeout=1.0)[topic]
    except (offsets.BrokerUnreachable, SourceError) as error:
        return None, str(error)
    read = offsets.committed(Lake.of(here).opened(bronze.TRANSACTIONS), source, topic)
    return offsets.lag(end, read), f"topic {topic} at {here.kafka}"


def draw() -> None:
    """The page."""
    st.title("Pipeline")
    _live()


@st.fragment(run_every=parts.REFRESH)
@parts.guarded
def _live() -> None:
    source = parts.source()
    present = {t.full_name: s for t in ALL if (s := newest(t, source)) is not None}
    if not present:
        parts.nothing_yet("The lake has no tables yet.")
        return
    chosen = st.segmented_control("Range", list(_RANGES), default="24 hours", required=True, key="pipeline_range")
    span = _RANGES[chosen or "24 hours"]
    cards = st.columns(4)
    _cards(*cards[1:], present, span)
    lag, lag_note = cards[0].empty(), st.empty()
    left, right = st.columns([1, 1.3], gap="medium")
    with left:
        st.subheader("Delay from Kafka")
        _delays(present, span)
    with right:
        st.subheader("Tables")
        _tables(present)
    st.subheader("Runs")
    _show_runs(present.get(gold.PIPELINE_RUNS.full_name))
    _lag_card(lag, lag_note, source)  # last, because a broker that is down takes a second to give up on


def _since(newest_time: datetime | None, span: timedelta | None) -> datetime | None:
    return newest_time - span if newest_time and span else None


def _cards(
    first: DeltaGenerator,
    second: DeltaGenerator,
    third: DeltaGenerator,
    present: dict[str, Snapshot],
    span: timedelta | None,
) -> None:
    runs = present.get(gold.PIPELINE_RUNS.full_name)
    done = _steps(runs, _since(_newest_time(runs, "ended_at"), span)) if runs else query.Steps(0, 0)
    failed = f"{done.failed:,} of {done.count:,} steps failed"
    parts.card(first, "Error rate", look.share(done.failed, done.count), failed, "Over the range chosen above.")

    def rows_of(*tables: Table) -> int:
        return sum(count(present[t.full_name]) for t in tables if t.full_name in present)

    aside = _in_quarantine(cases) if (cases := data.cases(parts.source())) else 0
    arrived = rows_of(bronze.TRANSACTIONS, bronze.LABELS)
    of_all = f"{look.share(aside, arrived)} of what arrived"
    parts.card(second, "In quarantine", f"{aside:,}", of_all, "Open: see the page Quarantine.")
    duplicates = f"{rows_of(silver.DUPLICATES):,}"
    parts.card(
        third, "Duplicates", duplicates, "each payment once", "Records with an existing key and the same content."
    )
    parts.as_of(*(present.get(t.full_name) for t in (gold.PIPELINE_RUNS, silver.QUARANTINE, silver.DUPLICATES)))


def _lag_card(column: DeltaGenerator, note: DeltaGenerator, source: str) -> None:
    lag, where = _lag(source)
    value, below = ("unknown", "broker not reachable") if lag is None else (f"{lag:,}", "records behind Kafka")
    parts.card(column, "Consumer lag", value, below, "End offsets of the payments' topic minus what bronze has read.")
    note.caption(f"Consumer lag as of {look.moment(parts.now())}: {parts.literal(where)}")


def _delays(present: dict[str, Snapshot], span: timedelta | None) -> None:
    rows = [_delay(stage, present.get(stage.table.full_name), span) for stage in STAGES]
    seconds = {p: st.column_config.TextColumn(p, alignment="right") for p in ("P50", "P95", "P99", "Payments")}
    st.dataframe(pl.DataFrame(rows), hide_index=True, column_config=seconds, alt="Delay from Kafka to each stage")
    st.caption("From Kafka's timestamp of a payment to each stage's; the range ends at the stage's newest row.")
    parts.as_of(*(present.get(stage.table.full_name) for stage in STAGES))


def _delay(stage: Stage, table: Snapshot | None, span: timedelta | None) -> dict[str, str]:
    delay = _latency(table, stage.written, _since(_newest_time(table, stage.written), span)) if table else None
    percentiles = (delay.p50, delay.p95, delay.p99) if delay else ()
    figures = tuple(look.duration(seconds) for seconds in percentiles) or ("–",) * 3
    return {
        "Stage": stage.name,
        **dict(zip(("P50", "P95", "P99"), figures, strict=True)),
        "Payments": f"{delay.rows:,}" if delay else "0",
    }


def _tables(present: dict[str, Snapshot]) -> None:
    rows = pl.DataFrame(
        [(name, count(s), s.version, s.written_at) for name, s in present.items()],
        schema=["Table", "Rows", "Version", "Last write"],
        orient="row",
    )
    config: dict[str, Any] = {
        "Table": st.column_config.TextColumn(width="medium"),
        "Rows": st.column_config.NumberColumn(format="localized"),
        "Last write": st.column_config.DatetimeColumn(format=look.TIME, timezone="UTC"),
    }
    st.dataframe(rows, hide_index=True, height="content", column_config=config, alt="Rows and version of every table")


def _show_runs(pipeline_runs: Snapshot | None) -> None:
    runs = _runs(pipeline_runs) if pipeline_runs else pl.DataFrame()
    if pipeline_runs is None or runs.is_empty():
        st.caption("No run is recorded yet: each run records the runs that ended before it.")
        return
    config: dict[str, Any] = {
        "run_id": "Run",
        "job": "Job",
        "status": st.column_config.MultiselectColumn(
            "Status", options=list(look.STATUS), color=list(look.STATUS.values())
        ),
        "started_at": st.column_config.DatetimeColumn("Started", format=look.TIME, timezone="UTC"),
        "seconds": st.column_config.NumberColumn("Duration (s)", format="%.1f"),
        "steps": "Steps",
        "failed": "Failed steps",
    }
    order = ["status", "job", "started_at", "seconds", "steps", "failed", "run_id"]
    st.dataframe(
        runs.with_columns(pl.concat_list("status")),
        hide_index=True,
        height=300,
        column_order=order,
        column_config=config,
        alt="Recent runs",
    )
    parts.as_of(pipeline_runs)
