"""The champion as the gate's opponent: the model that a new one has to beat, as long as scoring can use it.

What belongs here: whether there is an opponent. A champion that scoring refuses, or that this release cannot read, is
none: it decides no payments, so nothing is lost when a new model replaces it.
"""

from pathlib import Path

from fraud_assets.features.compatibility import incompatibility
from fraud_assets.logs import logger
from fraud_assets.models.artifact import TrainedModel, from_bytes
from fraud_assets.models.model_store import load_version
from fraud_assets.models.unreadable import UnreadableModelError

_LOG = logger(__name__)


def opponent(source: str, champion: int, tracking_uri: str, cache: Path) -> TrainedModel | None:
    """The model of the version that is champion; None, with a warning in the log, if scoring cannot use it.

    Raises:
        FraudError: the server cannot be reached or refuses.
    """
    try:
        found = load_version(source, champion, tracking_uri, cache)
        reason = incompatibility(found.card.features, found.card.features_fingerprint)
        if reason is None:
            return from_bytes(found.model)
    except UnreadableModelError as error:
        reason = str(error)
    _LOG.warning("the champion cannot score, so it is no opponent", source=source, version=champion, reason=reason)
    return None
