"""When a run is due: Kafka's end offsets against what bronze has committed, and patience with a lost broker."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass

from fraud_assets.bronze.offsets import Offsets, lag

LONGEST_WAIT = 300.0  # seconds
FIRST_RETRY = 15.0
"""Seconds after a failed run until another; Dagster's own retry of a run whose process died comes before that."""


@dataclass(frozen=True)
class Failed:
    """The source's newest run, which failed: when it ended (seconds since the epoch), and how many failed in a row."""

    run_id: str
    ended: float
    times: int

    @property
    def retry_at(self) -> float:
        """When to run again: each failure doubles the wait, up to five minutes."""
        return self.ended + _patience(FIRST_RETRY, self.times - 1)


@dataclass(frozen=True)
class Observation:
    """What is known of one source at a tick: offsets by topic, the run in flight, the newest run if that failed."""

    source: str
    ends: dict[str, Offsets]
    read: dict[str, Offsets]
    running: str | None
    failed: Failed | None = None


@dataclass(frozen=True)
class Decision:
    """Whether to start a run for a source (``run_key`` set) and why."""

    source: str
    reason: str
    records: int = 0
    run_key: str | None = None


def decide(seen: Observation) -> Decision:
    """A run is due when a topic holds records that bronze has not read and no run of the source is in flight.

    The run key follows from the offsets alone, so the same records never start a second run, unless the first failed:
    then one is due in a while, whether or not bronze has read them, and its key is that of the failed run.
    """
    if not any(seen.ends.values()):
        topics = " and ".join(seen.ends)
        return Decision(seen.source, f"{seen.source}: topics {topics} do not exist yet; nothing was ever sent")
    behind = {topic: lag(end, seen.read.get(topic, {})) for topic, end in seen.ends.items()}
    records = sum(behind.values())
    if seen.failed and not seen.running:
        return _again(seen, seen.failed, records)
    if records == 0:
        at = "; ".join(f"{topic} at {_offsets(end)}" for topic, end in seen.ends.items() if end)
        return Decision(seen.source, f"{seen.source}: bronze has read everything ({at})")
    waiting = ", ".join(f"{count} in {topic}" for topic, count in behind.items() if count)
    if seen.running:
        return Decision(seen.source, f"{seen.source}: run {seen.running[:8]} is in flight; waiting: {waiting}", records)
    return Decision(seen.source, f"{seen.source}: {waiting}", records, _run_key(seen))


def _again(seen: Observation, failed: Failed, records: int) -> Decision:
    wait = failed.retry_at - time.time()
    said = f"{seen.source}: run {failed.run_id[:8]} failed, failure {failed.times}"
    if wait > 0:
        return Decision(seen.source, f"{said}, next try in {wait:.0f} s; waiting: {records}", records)
    return Decision(seen.source, said, records, f"{seen.source}-after-{failed.run_id}")


def _patience(first: float, failures: int) -> float:
    return float(min(LONGEST_WAIT, first * 2**failures))


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
        return Backoff(self.failures + 1, time.time() + _patience(5.0, self.failures), error)

    def reason(self) -> str:
        """Why the sensor skips, for people."""
        wait = max(0.0, self.retry_at - time.time())
        return f"{self.error}; failure {self.failures}, next try in {wait:.0f} s"
