"""The model in force, fetched from the registry over MLflow's REST API and kept on disk by version.

What belongs here: reading a registered model with little to import, as scoring starts often; importing
MLflow alone takes two seconds. Writing to the registry is in track.py.
"""

import json
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fraud_assets.errors import START, FraudError
from fraud_assets.models.baseline_distribution import Distribution

MODEL_FILE = "model.zip"
CARD_FILE = "card.json"
GATE_FILE = "gate.json"
TIMEOUT_S = 10.0
_PROXIED = "mlflow-artifacts:"


@dataclass(frozen=True)
class Card:
    """What goes with a model wherever it is used."""

    features: tuple[str, ...]
    features_fingerprint: str
    threshold: float
    reference: Mapping[str, Distribution]  # each feature and "score", over the training days

    def to_json(self) -> str:
        """The card as its artifact holds it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """The card that `to_json` wrote."""
        card = json.loads(text)
        reference = {n: Distribution(tuple(d["edges"]), tuple(d["counts"])) for n, d in card["reference"].items()}
        return cls(tuple(card["features"]), card["features_fingerprint"], card["threshold"], reference)


@dataclass(frozen=True)
class Champion:
    """A registered model: ``model`` is what model.to_bytes wrote."""

    version: int
    card: Card
    model: bytes


def registered_name(source: str) -> str:
    """The name of a source's models in the registry."""
    return f"fraud-{source}"


def load_champion(source: str, tracking_uri: str, cache: Path) -> Champion | None:
    """The source's champion, or None if it has none yet; the files are fetched once a version.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    name = registered_name(source)
    query = urllib.parse.urlencode({"name": name, "alias": "champion"})
    found = _get(tracking_uri, f"/api/2.0/mlflow/registered-models/alias?{query}")
    if found is None:
        return None
    return load_version(source, int(json.loads(found)["model_version"]["version"]), tracking_uri, cache)


def load_version(source: str, number: int, tracking_uri: str, cache: Path) -> Champion:
    """A version of the source's models that is or was its champion; the files are fetched once.

    Raises:
        FraudError: the server cannot be reached, refuses, or has no such version.
    """
    folder = cache / registered_name(source) / str(number)
    if not folder.is_dir():
        _fetch(tracking_uri, registered_name(source), number, folder)
    card = Card.from_json((folder / CARD_FILE).read_text())
    return Champion(number, card, (folder / MODEL_FILE).read_bytes())


def _fetch(tracking_uri: str, name: str, number: int, folder: Path) -> None:
    query = urllib.parse.urlencode({"name": name, "version": number})
    version = _json(tracking_uri, f"/api/2.0/mlflow/model-versions/get?{query}")["model_version"]
    model = _json(tracking_uri, f"/api/2.0/mlflow/model-versions/get-download-uri?{query}")["artifact_uri"]
    run = _json(tracking_uri, f"/api/2.0/mlflow/runs/get?run_id={version['run_id']}")["run"]["info"]["artifact_uri"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
        fetched = Path(scratch, "fetched")
        fetched.mkdir()
        (fetched / MODEL_FILE).write_bytes(_artifact(tracking_uri, f"{model}/data/{MODEL_FILE}"))
        (fetched / CARD_FILE).write_bytes(_artifact(tracking_uri, f"{run}/{CARD_FILE}"))
        try:
            fetched.rename(folder)  # whole or not at all, wherever this process may die
        except OSError:
            if not folder.is_dir():  # nobody else was a moment quicker
                raise


def _artifact(tracking_uri: str, uri: str) -> bytes:
    if uri.startswith(_PROXIED):
        path = urllib.parse.quote(urllib.parse.urlsplit(uri).path.lstrip("/"))
        found = _get(tracking_uri, f"/api/2.0/mlflow-artifacts/artifacts/{path}")
        if found is None:
            raise FraudError(f"MLflow at {tracking_uri} has no artifact {uri}; train again")
        return found
    import mlflow  # the artifacts are in a store of their own, which MLflow knows how to read

    return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=tracking_uri)).read_bytes()


def _json(tracking_uri: str, path: str) -> dict[str, Any]:
    found = _get(tracking_uri, path)
    if found is None:
        raise FraudError(f"MLflow at {tracking_uri} does not know {path}; train again")
    answer: dict[str, Any] = json.loads(found)
    return answer


def require_reachable(tracking_uri: str) -> None:
    """Nothing, if MLflow answers.

    Raises:
        FraudError: it cannot be reached.
    """
    _get(tracking_uri, "/health")


def _get(tracking_uri: str, path: str) -> bytes | None:
    """The answer's body, or None for 404."""
    try:
        with urllib.request.urlopen(tracking_uri.rstrip("/") + path, timeout=TIMEOUT_S) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise FraudError(f"MLflow at {tracking_uri} answered {error.code} {error.reason} to {path}") from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise FraudError(f"MLflow cannot be reached at {tracking_uri} ({reason}); {START}") from error
