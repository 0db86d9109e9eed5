"""Promotion and rollback against a real MLflow server: two at once, and a process killed between its requests."""

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from structlog.testing import capture_logs

from fraud_assets.errors import FraudError
from fraud_assets.models.model_store import champions, promotions_name, registered_name
from fraud_assets.settings import Settings
from fraud_assets.training.promote import registry

pytestmark = pytest.mark.stack


@pytest.fixture
def source(mlflow_server: Settings) -> str:
    """A source with four versions, of which the gate passed all but the third; the first is champion."""
    import mlflow

    name, at = f"test-{uuid.uuid4().hex[:8]}", mlflow_server.mlflow
    client = mlflow.MlflowClient(at)
    client.create_registered_model(registered_name(name))
    experiment = client.create_experiment(registered_name(name))
    for number in (1, 2, 3, 4):
        run = client.create_run(experiment).info
        client.log_metric(run.run_id, "average_precision", number / 10)
        tags = {registry.GATE: registry.PASSED if number != 3 else "beats the champion: it does not"}
        client.create_model_version(registered_name(name), f"{run.artifact_uri}/model", run.run_id, tags)
    registry.make_champion(name, 1, registry.run_of(name, 1, at), None, at)
    return name


def aliases(source: str, at: str) -> dict[str, int]:
    """MLflow's own aliases."""
    import mlflow

    found = mlflow.MlflowClient(at).get_registered_model(registered_name(source)).aliases
    return {alias: int(version) for alias, version in found.items()}


def test_of_two_promotions_at_once_one_wins_and_the_other_is_refused(mlflow_server: Settings, source: str) -> None:
    at, start = mlflow_server.mlflow, Barrier(2)
    run = {version: registry.run_of(source, version, at) for version in (2, 4)}

    def promote(version: int) -> str | None:
        start.wait()
        try:
            registry.make_champion(source, version, run[version], 1, at)
        except registry.ChampionChanged as error:
            return str(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        refused = dict(zip((2, 4), pool.map(promote, (2, 4)), strict=True))
    (winner,) = (version for version, error in refused.items() if error is None)
    (loser,) = (version for version, error in refused.items() if error is not None)
    assert refused[loser] == (
        f"version {winner} of {source} became champion meanwhile, so version {loser} did not; "
        f"see: fraud model list --source {source}"
    )
    assert champions(source, at).champions == (1, winner)
    assert aliases(source, at)["champion"] == winner


def test_of_a_promotion_and_a_rollback_of_two_processes_one_wins(mlflow_server: Settings, source: str) -> None:
    at = mlflow_server.mlflow
    registry.promote(source, 2, at)
    code = "import sys; from fraud_assets.training.promote import registry; {}(*sys.argv[1:2], {}sys.argv[2])"
    calls = [code.format("registry.rollback", ""), code.format("registry.promote", "4, ")]
    started = [
        subprocess.Popen([sys.executable, "-c", call, source, at], stderr=subprocess.PIPE, text=True) for call in calls
    ]
    failed = [process.communicate()[1] for process in started]
    effective = [event.kind for event in champions(source, at).events]
    if all(process.returncode for process in started):
        raise AssertionError(failed)
    if any(process.returncode for process in started):
        assert "became champion meanwhile" in "".join(failed)
        assert len(effective) == 3
    else:  # they came one after the other
        assert len(effective) == 4
    assert aliases(source, at)["champion"] == champions(source, at).champion


@pytest.mark.parametrize("killed_at", ["create_model_version", "set_registered_model_alias"])
def test_a_promotion_killed_in_the_middle_is_decided_or_has_no_effect(
    mlflow_server: Settings, source: str, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    at = mlflow_server.mlflow
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            registry.promote(source, 2, at)
    decided = killed_at == "set_registered_model_alias"
    assert champions(source, at).champion == (2 if decided else 1)
    assert aliases(source, at)["champion"] == 1  # as it was before
    newest_first = registry.versions(source, at)  # a reader puts the aliases right
    assert aliases(source, at)["champion"] == (2 if decided else 1)
    assert [one.version for one in newest_first if "champion" in one.aliases] == [2 if decided else 1]
    registry.promote(source, 4, at)
    assert champions(source, at).champions == ((1, 2, 4) if decided else (1, 4))


def test_a_rollback_written_for_the_time_before_has_no_effect(
    mlflow_server: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = mlflow_server.mlflow
    registry.promote(source, 2, at)
    before = champions(source, at)
    for version in (4, 2):  # version 2 is champion again, and another one is before it
        registry.promote(source, version, at)
    with monkeypatch.context() as patch:  # the rollback reads the champions first, and then is slow
        states = iter([before])
        patch.setattr(registry, "champions", lambda *given: next(states, None) or champions(*given))
        with pytest.raises(registry.ChampionChanged, match=r"version 2 of .* so version 1 did not"):
            registry.rollback(source, at)
    assert champions(source, at).champions == (1, 2, 4, 2)
    assert aliases(source, at)["champion"] == 2
    assert registry.rollback(source, at) == (2, 4)


def test_a_promotion_stands_although_mlflow_refuses_its_aliases(
    mlflow_server: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    def refused(*_: Any) -> None:
        raise MlflowException("the disk is full")

    at = mlflow_server.mlflow
    with monkeypatch.context() as patch, capture_logs() as logged:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", refused)
        registry.promote(source, 2, at)
        assert [one.version for one in registry.versions(source, at) if "champion" in one.aliases] == [2]
        assert aliases(source, at)["champion"] == 1
    said = {"event": "MLflow's aliases were not set", "source": source, "error": "the disk is full"}
    assert logged == [{**said, "log_level": "warning"}] * 2
    assert champions(source, at).champions == (1, 2)
    registry.versions(source, at)  # the next reader puts them right
    assert aliases(source, at)["champion"] == 2


def test_rolled_back_versions_can_return(mlflow_server: Settings, source: str) -> None:
    at = mlflow_server.mlflow
    registry.promote(source, 2, at)
    assert registry.rollback(source, at) == (2, 1)
    second = next(one for one in registry.versions(source, at) if one.version == 2)
    assert second.promoted_at is not None
    assert second.rolled_back_at is not None
    registry.promote(source, 2, at)
    second = next(one for one in registry.versions(source, at) if one.version == 2)
    assert second.rolled_back_at is None
    with pytest.raises(FraudError, match=f"version 2 of {source} is the champion already"):
        registry.promote(source, 2, at)
    with pytest.raises(FraudError, match=f"the gate refused version 3 of {source}: beats the champion"):
        registry.promote(source, 3, at)


def test_a_registry_without_a_log_has_the_champion_of_its_alias(mlflow_server: Settings, source: str) -> None:
    import mlflow

    at = mlflow_server.mlflow
    mlflow.MlflowClient(at).delete_registered_model(promotions_name(source))
    assert champions(source, at).champion == 1
    registry.promote(source, 2, at)
    assert champions(source, at).champions == (1, 2)
    assert registry.rollback(source, at) == (2, 1)


def test_listing_asks_as_often_for_four_versions_as_for_one(
    mlflow_server: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    asked: list[str | None] = []
    send = requests.Session.send

    def counted(session: requests.Session, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        asked.append(request.url)
        return send(session, request, **settings)

    monkeypatch.setattr(requests.Session, "send", counted)
    found = registry.versions(source, mlflow_server.mlflow)
    assert [one.metrics["average_precision"] for one in found] == [0.4, 0.3, 0.2, 0.1]
    assert len(asked) <= 8, asked
