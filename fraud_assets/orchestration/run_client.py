"""Runs of the embedded Dagster, over its web server's GraphQL: start one, follow it, read its checks' results.

This is what the Dagster UI does; a run started here is queued, pooled and shown there like any other.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportError
from gql.transport.requests import RequestsHTTPTransport

from fraud_assets.errors import START, FraudError
from fraud_assets.orchestration.jobs import CODE_LOCATION, Job
from fraud_assets.settings import Settings

ENDED = ("SUCCESS", "FAILURE", "CANCELED")
TIMEOUT_S = 30
RETRIES = 3
"""Of a query that Dagster did not answer; a launch is sent once."""

_RUNS = """query($filter: RunsFilter!, $limit: Int) { runsOrError(filter: $filter, limit: $limit) {
  ... on Runs { results { runId jobName status startTime endTime tags { key value }
    stepStats { stepKey status startTime endTime } } } } }"""
_EVENTS = """query($id: ID!, $cursor: String) { logsForRun(runId: $id, afterCursor: $cursor) {
  ... on EventConnection { cursor hasMore events { __typename
    ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
    ... on RunFailureEvent { message }
    ... on AssetCheckEvaluationEvent { evaluation {
      checkName assetKey { path } success severity description } } } } } }"""
_ASSETS = """query { assetNodes { assetKey { path } isMaterializable
  partitionStats { numMaterialized } } }"""


@dataclass(frozen=True)
class Step:
    """One step of a run; times are seconds since the epoch."""

    name: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Run:
    """One run and its steps so far."""

    run_id: str
    job: str
    status: str
    source: str
    started: float | None
    ended: float | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Check:
    """The result of one asset check."""

    asset: str
    name: str
    passed: bool
    severity: str
    description: str | None


@dataclass(frozen=True)
class Outcome:
    """The results of a run's checks, and the errors of the steps that failed."""

    checks: tuple[Check, ...]
    errors: tuple[str, ...]


def launch(settings: Settings, job: Job, source: str | None) -> str:
    """Start a run of a job, for a source where the job is partitioned; the run's id.

    Raises:
        FraudError: Dagster cannot be reached or refuses.
    """
    from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError  # a second to import

    client = DagsterGraphQLClient(settings.reached("dagster-webserver"), settings.dagster_port, timeout=TIMEOUT_S)
    tags = {"dagster/partition": source} if source else {}
    try:
        return str(client.submit_job_execution(job.value, CODE_LOCATION, "__repository__", tags=tags))
    except DagsterGraphQLClientError as error:
        if isinstance(error.__cause__, TransportError):
            raise _unanswered(settings, error.__cause__) from error
        raise FraudError(f"Dagster did not start job {job}: {error.args[-1]:.300}") from error


def runs(settings: Settings, limit: int = 20, **chosen: Any) -> list[Run]:
    """The newest runs; ``chosen`` is GraphQL's RunsFilter (runIds, statuses, pipelineName, tags …)."""
    answer = _ask(settings, _RUNS, {"filter": chosen, "limit": limit})["runsOrError"]["results"]
    return [_run(row) for row in answer]


def follow(settings: Settings, run_id: str, every: float = 0.5) -> Iterator[Run]:
    """The run as it goes on, until it has ended."""
    while True:
        (run,) = runs(settings, runIds=[run_id])
        yield run
        if run.status in ENDED:
            return
        time.sleep(every)


def outcome(settings: Settings, run_id: str) -> Outcome:
    """The results of the run's checks, and why steps failed."""
    checks, errors, cursor, more = [], [], None, True
    while more:
        page = _ask(settings, _EVENTS, {"id": run_id, "cursor": cursor})["logsForRun"]
        cursor, more = page["cursor"], page["hasMore"]
        for event in page["events"]:
            if event["__typename"] == "AssetCheckEvaluationEvent":
                evaluation = event["evaluation"]
                asset = "/".join(evaluation["assetKey"]["path"])
                facts = (evaluation[name] for name in ("checkName", "success", "severity", "description"))
                checks.append(Check(asset, *facts))
            elif event["__typename"] == "ExecutionStepFailureEvent":
                causes = [cause["message"] for cause in event["error"]["causes"]] or [event["error"]["message"]]
                errors.append(f"{event['stepKey']}: {causes[-1].strip().splitlines()[0]}")
            elif event["__typename"] == "RunFailureEvent" and event["message"]:
                errors.append(event["message"].strip().splitlines()[0])
    return Outcome(tuple(checks), tuple(errors))


def never_made(settings: Settings) -> list[str]:
    """The assets that no run has made for any source."""
    nodes = _ask(settings, _ASSETS, {})["assetNodes"]
    missing = [node for node in nodes if node["isMaterializable"] and not node["partitionStats"]["numMaterialized"]]
    return sorted("/".join(node["assetKey"]["path"]) for node in missing)


def _run(row: dict[str, Any]) -> Run:
    now = time.time()
    steps = tuple(
        Step(step["stepKey"], step["status"] or "WAITING", (step["endTime"] or now) - step["startTime"])
        for step in row["stepStats"]
        if step["startTime"]
    )
    source = next((tag["value"] for tag in row["tags"] if tag["key"] == "dagster/partition"), "")
    return Run(row["runId"], row["jobName"], row["status"], source, row["startTime"], row["endTime"], steps)


def _ask(settings: Settings, query: str, variables: dict[str, Any]) -> Any:
    transport = RequestsHTTPTransport(f"{settings.dagster}/graphql", timeout=TIMEOUT_S, retries=RETRIES)
    try:
        return Client(transport=transport).execute(GraphQLRequest(query, variable_values=variables))
    except TransportError as error:
        raise _unanswered(settings, error) from error


def _unanswered(settings: Settings, error: TransportError) -> FraudError:
    if isinstance(error, TransportConnectionFailed):
        return FraudError(f"Dagster cannot be reached at {settings.dagster}; {START}")
    return FraudError(f"Dagster at {settings.dagster} refused: {error!s:.300}")
