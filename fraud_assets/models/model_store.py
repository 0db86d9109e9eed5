"""Registered models, read from MLflow over its REST API and kept on disk by version.

What belongs here: reading a version and the champion with little to import, as scoring starts often; importing MLflow
alone takes two seconds. Writing to the registry is in training/promote/.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fraud_assets.errors import START, FraudError
from fraud_assets.models.artifact_hash import hash_of
from fraud_assets.models.baseline_distribution import Distribution
from fraud_assets.models.promotions import Event, History, history
from fraud_assets.models.unreadable import UnreadableModelError

MODEL_FILE = "model.zip"
CARD_FILE = "card.json"
GATE_FILE = "gate.json"
TIMEOUT_S = 10.0
CHAMPION = "champion"
_RETRIES = Retry(total=3, connect=2, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504), raise_on_status=False)
_PROXIED = "mlflow-artifacts:"
_PAGE = 1_000


@dataclass(frozen=True)
class Card:
    """What goes with a model wherever it is used.

    ``baseline`` is the distribution of each feature and of "score" over the training days, ``artifact_hash`` the
    sha256 of the model's file.
    """

    features: tuple[str, ...]
    features_fingerprint: str
    threshold: float
    baseline: Mapping[str, Distribution]
    artifact_hash: str
    code_version: str

    def to_json(self) -> str:
        """The card as its artifact holds it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """The card that `to_json` wrote.

        Raises:
            UnreadableModelError: it is one of another release.
        """
        try:
            card = json.loads(text)
            baseline = {n: Distribution(tuple(d["edges"]), tuple(d["counts"])) for n, d in card["baseline"].items()}
            return cls(**{**card, "features": tuple(card["features"]), "baseline": baseline})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableModelError(f"a model's {CARD_FILE} is of another release ({error}); train again") from error


@dataclass(frozen=True)
class Champion:
    """A registered model: ``model`` is what artifact.to_bytes wrote."""

    version: int
    card: Card
    model: bytes


def registered_name(source: str) -> str:
    """The name of a source's models in the registry."""
    return f"fraud-{source}"


def promotions_name(source: str) -> str:
    """The name of the registered model whose versions are the source's promotions and rollbacks."""
    return f"{registered_name(source)}-promotions"


def load_champion(source: str, tracking_uri: str, cache: Path) -> Champion | None:
    """The source's champion, or None if it has none yet; the files are fetched once a version.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    champion = champions(source, tracking_uri).champion
    return None if champion is None else load_version(source, champion, tracking_uri, cache)


def champions(source: str, tracking_uri: str) -> History:
    """The source's champions, from its log of promotions; in a registry without one, from MLflow's alias.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    events = [Event.from_rest(one) for one in search_versions(promotions_name(source), tracking_uri)]
    if events:
        return history(events)
    query = {"name": registered_name(source), "alias": CHAMPION}
    found = _get(tracking_uri, "/api/2.0/mlflow/registered-models/alias", query)
    return history([], None if found is None else int(json.loads(found)["model_version"]["version"]))


def search_versions(name: str, tracking_uri: str) -> list[dict[str, Any]]:
    """Every version of a registered model as MLflow's REST API describes it; none if there is no such model.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    found: list[dict[str, Any]] = []
    query = {"filter": f"name='{name}'", "max_results": str(_PAGE)}
    while True:
        answer = _json(tracking_uri, "/api/2.0/mlflow/model-versions/search", query)
        found += answer.get("model_versions", [])
        if not answer.get("next_page_token"):
            return found
        query["page_token"] = answer["next_page_token"]


def load_version(source: str, number: int, tracking_uri: str, cache: Path) -> Champion:
    """A version of the source's models; the files are fetched once.

    Raises:
        UnreadableModelError: the server has no such version or not its files, or they are of another release.
        FraudError: the server cannot be reached or refuses, or the file kept on disk is another one.
    """
    folder = cache / registered_name(source) / str(number)
    if not folder.is_dir():
        _fetch(tracking_uri, registered_name(source), number, folder)
    card, model = Card.from_json((folder / CARD_FILE).read_text()), (folder / MODEL_FILE).read_bytes()
    if hash_of(model) != card.artifact_hash:
        raise FraudError(
            f"{folder / MODEL_FILE} has the sha256 {hash_of(model)[:12]}, its card says {card.artifact_hash[:12]}; "
            f"remove {folder} to fetch it again"
        )
    return Champion(number, card, model)


def require_reachable(tracking_uri: str) -> None:
    """Nothing, if MLflow answers.

    Raises:
        FraudError: it cannot be reached.
    """
    _get(tracking_uri, "/health")


def _fetch(tracking_uri: str, name: str, number: int, folder: Path) -> None:
    query = {"name": name, "version": str(number)}
    version = _json(tracking_uri, "/api/2.0/mlflow/model-versions/get", query)["model_version"]
    model = _json(tracking_uri, "/api/2.0/mlflow/model-versions/get-download-uri", query)["artifact_uri"]
    run = _json(tracking_uri, "/api/2.0/mlflow/runs/get", {"run_id": version["run_id"]})["run"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
        fetched = Path(scratch, "fetched")
        fetched.mkdir()
        (fetched / MODEL_FILE).write_bytes(_artifact(tracking_uri, f"{model}/data/{MODEL_FILE}"))
        (fetched / CARD_FILE).write_bytes(_artifact(tracking_uri, f"{run['info']['artifact_uri']}/{CARD_FILE}"))
        try:
            fetched.rename(folder)  # atomic: a process that is killed leaves the whole folder or none
        except OSError:
            if not folder.is_dir():  # another process has fetched it meanwhile
                raise


def _artifact(tracking_uri: str, uri: str) -> bytes:
    if uri.startswith(_PROXIED):
        path = quote(urlsplit(uri).path.lstrip("/"))
        found = _get(tracking_uri, f"/api/2.0/mlflow-artifacts/artifacts/{path}")
        if found is None:
            raise UnreadableModelError(f"MLflow at {tracking_uri} has no artifact {uri}; train again")
        return found
    import mlflow  # the artifacts are in a store of their own, which MLflow knows how to read

    return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=tracking_uri)).read_bytes()


def _json(tracking_uri: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    found = _get(tracking_uri, path, query)
    if found is None:
        raise UnreadableModelError(f"MLflow at {tracking_uri} does not know {path} {dict(query)}; train again")
    answer: dict[str, Any] = json.loads(found)
    return answer


@cache
def _session() -> requests.Session:
    """One session a process: connections are reused, and a server that is busy or restarts is asked again."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRIES))
    return session


def _get(tracking_uri: str, path: str, query: Mapping[str, str] | None = None) -> bytes | None:
    """The answer's body, or None for 404."""
    try:
        answer = _session().get(tracking_uri.rstrip("/") + path, params=query, timeout=TIMEOUT_S)
    except (requests.RequestException, ValueError) as error:
        raise FraudError(f"MLflow cannot be reached at {tracking_uri} ({_reason(error)}); {START}") from error
    if answer.status_code == requests.codes.not_found:
        return None
    if not answer.ok:
        raise FraudError(f"MLflow at {tracking_uri} answered {answer.status_code} {answer.reason} to {path}")
    return answer.content


def _reason(error: Exception) -> str:
    """The innermost cause, as that of a refused connection is wrapped several times."""
    cause: BaseException = error
    while (inner := getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)) and isinstance(
        inner, BaseException
    ):
        cause = inner
    return str(cause).rpartition(": ")[2]
