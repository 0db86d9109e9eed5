"""Running the generator of card payments of Sparkov's kind, to a file.

What belongs here: where payments go; to Kafka they go by ``fraud replay``. It prints nothing, it returns what it wrote.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fraud_assets.declarations.sources.source import named
from fraud_assets.output_file import check
from fraud_assets.sources.sparkov.payments import payments


@dataclass(frozen=True)
class Made:
    """How many payments there are, how many of them are fraud, and how many cards paid."""

    records: int
    frauds: int
    cards: int


def to_file(count: int, end: datetime, seed: int, path: Path) -> Made:
    """Write payments to a file: the source's CSV, or Parquet, by its name.

    Raises:
        FraudError: nothing can be written there.
    """
    check(path, (".csv", ".parquet"))
    made = payments(count, end, seed)
    if path.suffix.lower() == ".csv":
        made.write_csv(path, separator=named("sparkov").transactions.separator)
    else:
        made.write_parquet(path)
    return Made(made.height, int(made["is_fraud"].sum()), made["cc_num"].n_unique())
