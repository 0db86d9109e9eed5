"""How fast a file of JSON lines reaches Kafka through `fraud replay`, with the broker beside it.

The baseline sends the same records from memory with the bare client: no file, no parsing, no measuring.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.clock import rate, seconds
from fraud_assets.declarations.sources.source import named
from fraud_assets.settings import settings
from fraud_assets.sources.ecommerce.simulate import to_file
from fraud_assets.sources.files import records
from fraud_assets.sources.produce import ensure_topics, producer
from fraud_assets.sources.replay.replay import replay

GOAL = 150_000
ROWS = 500_000
ROUNDS = 3
END = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Records a second from the first read to the broker's last confirmation, the best of three."""
    stream = named("ecommerce").transactions.model_copy(update={"topic": "bench-replay"})
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        file = Path(folder) / "orders.jsonl"
        rows = to_file(ROWS, END, 0, file).records
        sent = [(record.key, record.value) for record in records(file, stream)]
        ensure_topics(settings().kafka, [stream.topic])
        bare = min(seconds(lambda: _bare(stream.topic, sent)) for _ in range(ROUNDS))
        reports = [replay(file, stream, settings().kafka) for _ in range(ROUNDS)]
    assert all(report.records == rows for report in reports)
    value, baseline = max(report.records_per_s for report in reports), rows / bare
    return rate("replay_rows_per_s", value, baseline, GOAL, "records/s")


def _bare(topic: str, sent: list[tuple[str | bytes | None, bytes]]) -> None:
    with producer(settings().kafka) as out:
        out.send(topic, sent)
