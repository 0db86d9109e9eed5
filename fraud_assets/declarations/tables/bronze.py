"""Bronze: every record Kafka accepted, byte for byte, with its Kafka coordinates."""

from fraud_assets.declarations.tables.schema import COORDINATES, SOURCE, Column, Layer, Privacy, Table

_RECORD = (
    SOURCE,
    *COORDINATES,
    Column("key", "binary", "the record's key as it was sent", privacy=Privacy.PERSONAL),
    Column("value", "binary", "the record's value as it was sent", privacy=Privacy.PERSONAL),
    Column("headers", "array<struct<key: string, value: binary>>", "the record's headers as they were sent"),
    Column("ingested_at", "timestamp", "when the streaming ingest read the record", "UTC"),
)
_KEY = ("topic", "partition", "offset")

TRANSACTIONS = Table(
    Layer.BRONZE, "transactions", "Payment records as Kafka accepted them", _RECORD, _KEY, "kafka_time"
)
LABELS = Table(Layer.BRONZE, "labels", "Records of labels as Kafka accepted them", _RECORD, _KEY, "kafka_time")
