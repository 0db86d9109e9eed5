"""What silver's step carries where, what a run of it reports, and how a record is named in it."""

from dataclasses import dataclass

from fraud_assets.declarations.tables import bronze, silver

STREAMS = {"transactions": (bronze.TRANSACTIONS, silver.TRANSACTIONS), "labels": (bronze.LABELS, silver.LABELS)}
"""For each stream, the table of its records in bronze and in silver."""
COORDINATES = ["topic", "partition", "offset"]


@dataclass
class Refined:
    """How many records went where; zero for a part that had been written by an earlier run."""

    versions: str = ""
    read: int = 0
    replayed: int = 0
    """Quarantined records that people had silver read again."""
    written: int = 0
    quarantined: int = 0
    duplicates: int = 0
    corrections: int = 0
    """Changes of payments that came after the first."""
    corrected: int = 0
    """Rows of silver that such a change was put over."""
    labelled: int = 0
    """Labels that came in line with payments."""
    undeclared: tuple[str, ...] = ()
    """Fields that records have and the source does not declare; each is named once."""
