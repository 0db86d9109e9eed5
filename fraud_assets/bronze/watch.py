"""When a run is due: Kafka's end offsets against what bronze has committed, and patience with a lost broker."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass

from fraud_assets.bronze.offsets import Offsets, lag

LONGEST_WAIT = 300.0  # seconds


@dataclass(frozen=True)
class Observation:
    """What is known of one source at a tick: offsets by topic, and the run in flight if there is one."""

    source: str
    ends: dict[str, Offsets]
    read: dict[str, Offsets]
    running: str | None


@dataclass(frozen=True)
class Decision:
    """Whether to start a run for a source (``run_key`` set) and why."""

    source: str
    reason: str
    records: int = 0
    run_key: str | None = None


def decide(seen: Observation) -> Decision:
    """A run is due when a topic holds records that bronze has not read and no run of the source is in flight.

    The run key follows from the offsets alone, so the same records never start a second run.
    """
    if not any(seen.ends.values()):
        topics = " and ".join(seen.ends)
        return Decision(seen.source, f"{seen.source}: topics {topics} do not exist yet; nothing was ever sent")
    behind = {topic: lag(end, seen.read.get(topic, {})) for topic, end in seen.ends.items()}
    records = sum(behind.values())
    if records == 0:
        at = "; ".join(f"{topic} at {_offsets(end)}" for topic, end in seen.ends.items() if end)
        return Decision(seen.source, f"{seen.source}: bronze has read everything ({at})")
    waiting = ", ".join(f"{count} in {topic}" for topic, count in behind.items() if count)
    if seen.running:
        return Decision(seen.source, f"{seen.source}: run {seen.running[:8]} is in flight; waiting: {waiting}", records)
    return Decision(seen.source, f"{seen.source}: {waiting}", records, _run_key(seen))


def _run_key(seen: Observation) -> str:
    offsets = json.dumps([seen.read, seen.ends], sort_keys=True)
    return f"{seen.source}-{hashlib.sha256(offsets.encode()).hexdigest()[:16]}"


def _offsets(offsets: Offsets) -> str:
    return ", ".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items()))


@dataclass(frozen=True)
class Backoff:
    """Patience with a broker that does not answer: each failure doubles the wait, up to five minutes.

    Kept in the sensor's cursor; times are seconds since the epoch.
    """

    failures: int = 0
    retry_at: float = 0.0
    error: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Backoff":
        """The state a cursor holds; a fresh one for no cursor."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def cursor(self) -> str:
        """The state as a cursor."""
        return json.dumps(asdict(self))

    def waiting(self) -> bool:
        """Whether it is too early to ask the broker again."""
        return time.time() < self.retry_at

    def failed(self, error: str) -> "Backoff":
        """The state after one more failure."""
        wait = min(LONGEST_WAIT, 5.0 * 2**self.failures)
        return Backoff(self.failures + 1, time.time() + wait, error)

    def reason(self) -> str:
        """Why the sensor skips, for people."""
        wait = max(0.0, self.retry_at - time.time())
        return f"{self.error}; failure {self.failures}, next try in {wait:.0f} s"
