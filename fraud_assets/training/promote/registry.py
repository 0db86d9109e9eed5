"""Who is champion: the registry's versions, their aliases, and how a version gets or loses its place.

What belongs here: writing aliases and tags. Reading the champion to score with is model_store.py's, without MLflow.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from fraud_assets.errors import FraudError
from fraud_assets.models.model_store import CARD_FILE, Card, registered_name, require_reachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

Role = Literal["champion", "challenger"]

PROMOTED_AT, REFUSAL, ROLLED_BACK_AT = "promoted_at", "refusal", "rolled_back_at"
"""Tags of a version: when it last became champion, why the gate refused it, when it was taken down again."""


@dataclass(frozen=True)
class Version:
    """A version in the registry; ``aliases`` are champion and challenger, times are ISO 8601 in UTC."""

    version: int
    run_id: str
    aliases: tuple[str, ...]
    created_at: str
    promoted_at: str | None
    rolled_back_at: str | None
    refusal: str | None
    metrics: dict[str, float]


def enter(source: str, version: int, role: Role, refusal: str | None, tracking_uri: str) -> None:
    """Give a new version its alias, and keep what the gate said of it."""
    client, name = _client(tracking_uri), registered_name(source)
    if refusal:
        client.set_model_version_tag(name, str(version), REFUSAL, refusal)
    if role == "champion":
        _crown(client, name, version)
    else:
        client.set_registered_model_alias(name, "challenger", str(version))


def versions(source: str, tracking_uri: str) -> list[Version]:
    """Every version of the source's models, newest first."""
    client, name = _client(tracking_uri), registered_name(source)
    found = [client.get_model_version(name, one.version) for one in client.search_model_versions(f"name='{name}'")]
    newest_first = sorted(found, key=lambda one: -int(one.version))
    return [_version(one, client.get_run(str(one.run_id)).data.metrics) for one in newest_first]


def promote(source: str, version: int, tracking_uri: str, force: bool = False) -> None:
    """Make a version the champion.

    Raises:
        FraudError: there is no such version, it is champion, or the gate refused it and ``force`` is not given.
    """
    known = {one.version: one for one in versions(source, tracking_uri)}
    if version not in known:
        there_are = ", ".join(map(str, sorted(known))) or "none"
        raise FraudError(f"{source} has no model version {version}; there are: {there_are}")
    if "champion" in known[version].aliases:
        raise FraudError(f"version {version} of {source} is the champion already")
    if known[version].refusal and not force:
        raise FraudError(f"the gate refused version {version} of {source}: {known[version].refusal}; or give --force")
    _crown(_client(tracking_uri), registered_name(source), version)


def rollback(source: str, tracking_uri: str) -> tuple[int, int]:
    """Take the champion down and put the one before it back; returns (former, present) champion's versions.

    Raises:
        FraudError: there is no champion, or none before it.
    """
    known = versions(source, tracking_uri)
    champion = _champion(known)
    earlier = [one for one in known if one.promoted_at and not one.rolled_back_at and one is not champion]
    if champion is None or not earlier:
        raise FraudError(f"{source} has no champion before the present one; see: fraud model list --source {source}")
    before = max(earlier, key=lambda one: one.promoted_at or "")
    client, name = _client(tracking_uri), registered_name(source)
    client.set_registered_model_alias(name, "champion", str(before.version))
    client.set_model_version_tag(name, str(champion.version), ROLLED_BACK_AT, _now())
    return champion.version, before.version


def champion_version(source: str, tracking_uri: str) -> int:
    """The version that is champion.

    Raises:
        FraudError: there is none.
    """
    champion = _champion(versions(source, tracking_uri))
    if champion is None:
        raise FraudError(f"{source} has no champion yet; train one: fraud run train --source {source}")
    return champion.version


def run_of(source: str, version: int, tracking_uri: str) -> str:
    """The run a version was made in.

    Raises:
        FraudError: there is no such version.
    """
    run_id = {one.version: one.run_id for one in versions(source, tracking_uri)}.get(version)
    if run_id is None:
        raise FraudError(f"{source} has no model version {version}; see: fraud model list --source {source}")
    return run_id


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


def _champion(known: list[Version]) -> Version | None:
    return next((one for one in known if "champion" in one.aliases), None)


def _crown(client: "MlflowClient", name: str, version: int) -> None:
    client.set_registered_model_alias(name, "champion", str(version))
    client.set_model_version_tag(name, str(version), PROMOTED_AT, _now())
    client.delete_model_version_tag(name, str(version), ROLLED_BACK_AT)
    challenger = client.get_registered_model(name).aliases.get("challenger")
    if challenger is not None and int(challenger) == version:
        client.delete_registered_model_alias(name, "challenger")


def _version(found: Any, metrics: dict[str, float]) -> Version:
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
    tags = found.tags
    return Version(
        version=int(found.version),
        run_id=found.run_id,
        aliases=tuple(sorted(found.aliases)),
        created_at=created,
        promoted_at=tags.get(PROMOTED_AT),
        rolled_back_at=tags.get(ROLLED_BACK_AT),
        refusal=tags.get(REFUSAL),
        metrics=dict(metrics),
    )


def _client(tracking_uri: str) -> "MlflowClient":
    require_reachable(tracking_uri)  # MLflow's own client tries for minutes
    from mlflow import MlflowClient  # takes seconds

    return MlflowClient(tracking_uri)


def _now() -> str:
    return datetime.now(UTC).isoformat()
