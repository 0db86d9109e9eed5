"""The two streams of a source, their tables in bronze and silver, and what identifies a record."""

from fraud_assets.declarations.tables import Table, bronze, silver

STREAMS = {"transactions": (bronze.TRANSACTIONS, silver.TRANSACTIONS), "labels": (bronze.LABELS, silver.LABELS)}
"""By stream: the table of its records in bronze and in silver."""
COORDINATES = ["topic", "partition", "offset"]
"""What identifies a record in Kafka."""


def key(table: Table) -> list[str]:
    """What identifies a record among its source's: the table's key without the source."""
    return [name for name in table.key if name != "source"]
