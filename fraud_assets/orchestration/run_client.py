"""Runs of the embedded Dagster, over its web server's GraphQL: start one, follow it, read what its checks said.

This is what the Dagster UI does; a run started here is queued, pooled and shown there like any other.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fraud_assets.errors import START, FraudError
from fraud_assets.settings import Settings

JOBS = ("refresh", "references", "summaries", "train", "upkeep")
"""The jobs there are; all but the last are for a source. ``definitions.py`` defines them."""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")

_LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PipelineNotFoundError { message }
  ... on PythonError { message } ... on UnauthorizedError { message } } }"""
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
    """What one asset check said."""

    asset: str
    name: str
    passed: bool
    severity: str
    description: str | None


@dataclass(frozen=True)
class Outcome:
    """What a run's checks said, and the errors of the steps that failed."""

    checks: tuple[Check, ...]
    errors: tuple[str, ...]


def launch(settings: Settings, job: str, source: str | None) -> str:
    """Start a run of a job, for a source where the job is partitioned; its id.

    Raises:
        FraudError: Dagster cannot be reached or knows no such job.
    """
    tags = [{"key": "dagster/partition", "value": source}] if source else []
    selector = {"repositoryLocationName": "fraud_assets", "repositoryName": "__repository__", "jobName": job}
    params = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tags}}
    answer = _ask(settings, _LAUNCH, {"params": params})["launchRun"]
    if answer["__typename"] != "LaunchRunSuccess":
        raise FraudError(f"job {job} was not started: {answer.get('message', answer['__typename'])}")
    return str(answer["run"]["runId"])


def runs(settings: Settings, limit: int = 20, **chosen: Any) -> list[Run]:
    """The newest runs; ``chosen`` is GraphQL's RunsFilter (runIds, statuses, pipelineName, tags …)."""
    answer = _ask(settings, _RUNS, {"filter": chosen, "limit": limit})["runsOrError"]["results"]
    return [_run(found) for found in answer]


def follow(settings: Settings, run_id: str, every: float = 0.5) -> Iterator[Run]:
    """The run as it goes on, until it has ended."""
    while True:
        (run,) = runs(settings, runIds=[run_id])
        yield run
        if run.status in ENDED:
            return
        time.sleep(every)


def outcome(settings: Settings, run_id: str) -> Outcome:
    """What the run's checks said and why steps failed."""
    checks, errors, cursor, more = [], [], None, True
    while more:
        page = _ask(settings, _EVENTS, {"id": run_id, "cursor": cursor})["logsForRun"]
        cursor, more = page["cursor"], page["hasMore"]
        for event in page["events"]:
            if event["__typename"] == "AssetCheckEvaluationEvent":
                said = event["evaluation"]
                asset = "/".join(said["assetKey"]["path"])
                checks.append(Check(asset, said["checkName"], said["success"], said["severity"], said["description"]))
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


def _run(found: dict[str, Any]) -> Run:
    now = time.time()
    steps = tuple(
        Step(step["stepKey"], step["status"] or "WAITING", (step["endTime"] or now) - step["startTime"])
        for step in found["stepStats"]
        if step["startTime"]
    )
    source = next((tag["value"] for tag in found["tags"] if tag["key"] == "dagster/partition"), "")
    return Run(found["runId"], found["jobName"], found["status"], source, found["startTime"], found["endTime"], steps)


def _ask(settings: Settings, query: str, variables: dict[str, Any]) -> Any:
    url = settings.dagster
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        raise FraudError(f"Dagster at {url} refused: {error.read().decode(errors='replace')[:300]}") from error
    except OSError as error:
        raise FraudError(f"Dagster cannot be reached at {url}; {START}") from error
    if "errors" in answer:
        raise FraudError(f"Dagster at {url} refused: {answer['errors'][0]['message'][:300]}")
    return answer["data"]
