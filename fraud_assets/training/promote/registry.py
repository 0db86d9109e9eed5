"""The registry's versions, and how a version becomes champion or is rolled back.

What belongs here: writing promotions. One write decides: an event in the source's log of promotions, which names the
champion that it replaces (see models/promotions.py). Roles follow from the log; MLflow's aliases ``champion`` and
``challenger`` are a copy of them for MLflow's own users, set after each event and put right by whoever reads next.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from fraud_assets.errors import FraudError
from fraud_assets.logs import logger
from fraud_assets.models.model_store import (
    CARD_FILE,
    CHAMPION,
    Card,
    champions,
    promotions_name,
    registered_name,
    require_reachable,
    search_versions,
)
from fraud_assets.models.promotions import Event, History, Kind

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logger(__name__)
Role = Literal["champion", "challenger"]

GATE, PASSED = "gate", "passed"
"""The tag that a version is created with: `PASSED`, or why the gate refused it."""
ARTIFACT_HASH, FEATURES_FINGERPRINT, CODE_VERSION = "artifact_hash", "features_fingerprint", "code_version"
"""Tags that a version is created with: what its model's file is, what it was computed from and by."""
_CHALLENGER = "challenger"


class ChampionChanged(FraudError):
    """Another version became champion between the look at the champion and the promotion or rollback."""


@dataclass(frozen=True)
class Version:
    """A version in the registry; ``aliases`` are champion and challenger, times are ISO 8601 in UTC.

    ``promoted_at`` is when it last became champion, ``rolled_back_at`` when it was last rolled back, unless it became
    champion again.
    """

    version: int
    run_id: str
    aliases: tuple[str, ...]
    created_at: str
    promoted_at: str | None
    rolled_back_at: str | None
    refusal: str | None
    artifact_hash: str | None
    features_fingerprint: str | None
    code_version: str | None
    metrics: dict[str, float]


def versions(source: str, tracking_uri: str) -> list[Version]:
    """Every version of the source's models, newest first; MLflow's aliases are put right if they differ.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    known = _known(source, tracking_uri)
    past = champions(source, tracking_uri)
    roles = _roles(past, [int(one["version"]) for one in known])
    if known:
        with _best_effort(source):
            _copy_to_aliases(_client(tracking_uri), source, roles)
    metrics = _metrics([one["run_id"] for one in known], source, tracking_uri)
    return [_version(one, roles, past, metrics.get(one["run_id"], {})) for one in known]


def promote(source: str, version: int, tracking_uri: str, force: bool = False) -> None:
    """Make a version the champion; of two promotions at once, one is refused.

    Raises:
        FraudError: there is no such version, it is champion, the gate refused it and ``force`` is not given, or
            another version became champion meanwhile.
    """
    known = {int(one["version"]): one for one in _known(source, tracking_uri)}
    if version not in known:
        there_are = ", ".join(map(str, sorted(known))) or "none"
        raise FraudError(f"{source} has no model version {version}; there are: {there_are}")
    present = champions(source, tracking_uri).champion
    if version == present:
        raise FraudError(f"version {version} of {source} is the champion already")
    refusal = _refusal(known[version])
    if refusal and not force:
        raise FraudError(f"the gate refused version {version} of {source}: {refusal}; or give --force")
    make_champion(source, version, known[version]["run_id"], present, tracking_uri)


def make_champion(source: str, version: int, run_id: str, replaces: int | None, tracking_uri: str) -> None:
    """Make a version champion in place of ``replaces``, and of no other.

    Raises:
        ChampionChanged: another version became champion meanwhile.
    """
    _decide(source, "promotion", version, run_id, replaces, tracking_uri)


def refresh_aliases(source: str, tracking_uri: str) -> None:
    """Put MLflow's aliases right, as after a version was registered that becomes challenger.

    A failure is a warning in the log: the log of promotions is what counts, and the next reader tries again.
    """
    with _best_effort(source):
        known = [int(one["version"]) for one in _known(source, tracking_uri)]
        _copy_to_aliases(_client(tracking_uri), source, _roles(champions(source, tracking_uri), known))


def rollback(source: str, tracking_uri: str) -> tuple[int, int]:
    """Put the champion before the present one back; returns (former, present) champion's versions.

    Raises:
        FraudError: there is no champion, or none before it, or another version became champion meanwhile.
    """
    past = champions(source, tracking_uri)
    if past.champion is None or past.previous is None:
        raise FraudError(f"{source} has no champion before the present one; see: fraud model list --source {source}")
    run_id = run_of(source, past.previous, tracking_uri)
    _decide(source, "rollback", past.previous, run_id, past.champion, tracking_uri)
    return past.champion, past.previous


def champion_version(source: str, tracking_uri: str) -> int:
    """The version that is champion.

    Raises:
        FraudError: there is none.
    """
    champion = champions(source, tracking_uri).champion
    if champion is None:
        raise FraudError(f"{source} has no champion yet; train one: fraud run train --source {source}")
    return champion


def run_of(source: str, version: int, tracking_uri: str) -> str:
    """The run a version was made in.

    Raises:
        FraudError: there is no such version.
    """
    runs: dict[int, str] = {int(one["version"]): one["run_id"] for one in _known(source, tracking_uri)}
    if version not in runs:
        raise FraudError(f"{source} has no model version {version}; see: fraud model list --source {source}")
    return runs[version]


def features_of(source: str, version: int, tracking_uri: str) -> tuple[str, ...]:
    """The features a version takes, in its order."""
    return Card.from_json(text(source, version, CARD_FILE, tracking_uri)).features


def text(source: str, version: int, file: str, tracking_uri: str) -> str:
    """A text that was kept with a version, by its file's name.

    Raises:
        FraudError: there is no such version or file.
    """
    import mlflow

    run_id = run_of(source, version, tracking_uri)
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"  # of one small file
    try:
        mlflow.set_tracking_uri(tracking_uri)
        return str(mlflow.artifacts.load_text(f"runs:/{run_id}/{file}"))
    except (mlflow.exceptions.MlflowException, OSError) as error:
        raise FraudError(f"version {version} of {source} has no {file}; it was trained before that was kept") from error


def _decide(source: str, kind: Kind, version: int, run_id: str, replaces: int | None, tracking_uri: str) -> None:
    """Append the event, then read the log: the event has no effect if another one was written before it."""
    client = _client(tracking_uri)
    number = _append(client, source, Event(0, kind, version, replaces, run_id, ""))
    refresh_aliases(source, tracking_uri)
    past = champions(source, tracking_uri)
    if number not in {event.number for event in past.events}:
        raise ChampionChanged(
            f"version {past.champion} of {source} became champion meanwhile, so version {version} did not; "
            f"see: fraud model list --source {source}"
        )


def _append(client: "MlflowClient", source: str, event: Event) -> int:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

    name = promotions_name(source)
    try:
        try:
            client.create_registered_model(name, description=f"Promotions and rollbacks of {registered_name(source)}")
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
        promoted = f"models:/{registered_name(source)}/{event.version}"
        written = client.create_model_version(name, promoted, event.run_id, event.tags())
    except MlflowException as error:
        first_line = str(error).splitlines()[0][:200]
        raise FraudError(f"MLflow refused the {event.kind} of version {event.version}: {first_line}") from error
    return int(written.version)


def _known(source: str, tracking_uri: str) -> list[dict[str, Any]]:
    """The source's versions as MLflow describes them, newest first."""
    found = search_versions(registered_name(source), tracking_uri)
    return sorted(found, key=lambda one: -int(one["version"]))


def _roles(past: History, known: list[int]) -> dict[Role, int]:
    """The champion, and the newest version as challenger if it never was champion."""
    roles: dict[Role, int] = {} if past.champion is None else {"champion": past.champion}
    newest, were = max(known, default=None), {past.champion, *(event.version for event in past.events)}
    if newest is not None and newest not in were:
        roles["challenger"] = newest
    return roles


@contextmanager
def _best_effort(source: str) -> Iterator[None]:
    """Setting aliases: what MLflow refuses is a warning in the log."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (FraudError, MlflowException) as error:
        _LOG.warning("MLflow's aliases were not set", source=source, error=str(error).partition("\n")[0][:200])


def _copy_to_aliases(client: "MlflowClient", source: str, roles: Mapping[Role, int]) -> None:
    name = registered_name(source)
    aliases = {alias: int(version) for alias, version in client.get_registered_model(name).aliases.items()}
    for alias in (CHAMPION, _CHALLENGER):
        wanted = {str(role): version for role, version in roles.items()}.get(alias)
        if wanted is None and alias in aliases:
            client.delete_registered_model_alias(name, alias)
        elif wanted is not None and aliases.get(alias) != wanted:
            client.set_registered_model_alias(name, alias, str(wanted))


def _metrics(run_ids: list[str], source: str, tracking_uri: str) -> dict[str, dict[str, float]]:
    """The metrics of the runs, in one request."""
    if not run_ids:
        return {}
    client = _client(tracking_uri)
    experiment = client.get_experiment_by_name(registered_name(source))
    if experiment is None:
        return {}
    among = ", ".join(f"'{run_id}'" for run_id in run_ids)
    runs = client.search_runs([experiment.experiment_id], f"attributes.run_id IN ({among})", max_results=len(run_ids))
    return {run.info.run_id: dict(run.data.metrics) for run in runs}


def _version(found: Mapping[str, Any], roles: Mapping[Role, int], past: History, metrics: dict[str, float]) -> Version:
    number, tags = int(found["version"]), _tags(found)
    became = [event.at for event in past.events if event.version == number]
    ended = [event.at for event in past.events if event.kind == "rollback" and event.replaces == number]
    return Version(
        version=number,
        run_id=found["run_id"],
        aliases=tuple(role for role, version in roles.items() if version == number),
        created_at=datetime.fromtimestamp(int(found["creation_timestamp"]) / 1000, UTC).isoformat(timespec="seconds"),
        promoted_at=max(became, default=None),
        rolled_back_at=None if not ended or max(became, default="") > max(ended) else max(ended),
        refusal=_refusal(found),
        artifact_hash=tags.get(ARTIFACT_HASH),
        features_fingerprint=tags.get(FEATURES_FINGERPRINT),
        code_version=tags.get(CODE_VERSION),
        metrics=metrics,
    )


def _refusal(found: Mapping[str, Any]) -> str | None:
    gate = _tags(found).get(GATE, "")
    return None if gate == PASSED else gate or "it was trained by another release"


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in found.get("tags", [])}


def _client(tracking_uri: str) -> "MlflowClient":
    require_reachable(tracking_uri)  # MLflow's own client tries for minutes
    from mlflow import MlflowClient  # takes seconds

    return MlflowClient(tracking_uri)
