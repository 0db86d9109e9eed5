"""Silver: typed, validated and deduplicated records, one canonical schema for all sources."""

from fraud_assets.declarations.tables.schema import COORDINATES, SOURCE, Column, Filled, Layer, Privacy, Table

_TRANSACTION_ID = Column("transaction_id", "string", "the source's identifier of the payment", nullable=False)
_STREAM = Column("stream", "string", "transactions or labels: the record's bronze table", nullable=False)
_CHANGED_AT = Column(
    "changed_at", "timestamp", "when the database made this change; null for other sources", "UTC", filled=Filled.RECORD
)
_CHANGE = (
    _CHANGED_AT,
    Column(
        "deleted_at",
        "timestamp",
        "when the database deleted the payment, which then no longer counts",
        "UTC",
        filled=Filled.RECORD,
    ),
)

TRANSACTIONS = Table(
    Layer.SILVER,
    "transactions",
    "Payments in one canonical schema, each once",
    (
        SOURCE,
        _TRANSACTION_ID,
        Column("event_time", "timestamp", "when the payment happened", "UTC", nullable=False),
        Column("customer_id", "string", "who paid", privacy=Privacy.PSEUDONYM, nullable=False),
        Column("merchant_id", "string", "who was paid; a terminal is a merchant's", nullable=False),
        Column("amount", "double", "what was paid", "currency units", nullable=False),
        Column("currency", "string", "currency of the amount", "ISO 4217"),
        Column("category", "string", "what was bought"),
        Column("channel", "string", "how the payment was made, for example pos or web"),
        Column("payment_method", "string", "card, wallet, transfer or other means"),
        Column("device", "string", "kind of device used"),
        Column("ip", "string", "address the payment came from", privacy=Privacy.PERSONAL),
        Column("customer_latitude", "double", "where the customer lives", "degrees or grid units", Privacy.PERSONAL),
        Column("customer_longitude", "double", "where the customer lives", "degrees or grid units", Privacy.PERSONAL),
        Column("merchant_latitude", "double", "where the merchant is", "degrees or grid units"),
        Column("merchant_longitude", "double", "where the merchant is", "degrees or grid units"),
        Column("country", "string", "country of the payment", "ISO 3166"),
        Column(
            "signals", "map<string, double>", "numbers the provider made, for example V1 to V28", filled=Filled.RECORD
        ),
        Column("attributes", "map<string, string>", "all other fields of the record", filled=Filled.RECORD),
        *COORDINATES,
        Column("ingested_at", "timestamp", "when bronze read the record", "UTC", filled=Filled.LAKE),
        Column("processed_at", "timestamp", "when the row was written here", "UTC", filled=Filled.LAKE),
        *_CHANGE,
        Column(
            "corrected_at", "timestamp", "when a newer change was last applied to the row", "UTC", filled=Filled.LAKE
        ),
    ),
    key=("source", "transaction_id"),
    time="event_time",
    cluster_by=("customer_id", "event_time"),
    constraints=(("amount_is_negative", "amount >= 0"), ("amount_is_beyond_belief", "amount < 1e9")),
)

CORRECTIONS = Table(
    Layer.SILVER,
    "corrections",
    "Later changes of payments; the newest of a payment is applied to its row of silver.transactions",
    (
        *(c for c in TRANSACTIONS.columns if c.name not in {"processed_at", "corrected_at"}),
        Column("found_at", "timestamp", "when the row was written here", "UTC"),
    ),
    key=("topic", "partition", "offset"),
    time="kafka_time",
)

LABELS = Table(
    Layer.SILVER,
    "labels",
    "Labels of payments and when each became known; a later label of a payment replaces the earlier from then on",
    (
        SOURCE,
        _TRANSACTION_ID,
        Column("is_fraud", "boolean", "whether the payment is fraud", nullable=False),
        Column("origin", "string", "chargeback, embedded (in the payment's record) or analyst"),
        Column("known_at", "timestamp", "from when on the label may be used", "UTC", nullable=False),
        *COORDINATES,
        Column("ingested_at", "timestamp", "when bronze read the record", "UTC", filled=Filled.LAKE),
        Column("processed_at", "timestamp", "when the row was written here", "UTC", filled=Filled.LAKE),
        Column("who", "string", "the analyst who gave the label", privacy=Privacy.PERSONAL),
        Column("why", "string", "the reason the analyst gave"),
        _CHANGED_AT,
    ),
    key=("source", "transaction_id", "known_at"),
    time="known_at",
)

QUARANTINE = Table(
    Layer.SILVER,
    "quarantine",
    "Records that broke a rule, whole, with every reason",
    (
        SOURCE,
        _STREAM,
        *COORDINATES,
        Column("key", "binary", "the record's key as it was sent", privacy=Privacy.PERSONAL),
        Column("value", "binary", "the record's value as it was sent or fixed", privacy=Privacy.PERSONAL),
        Column("reasons", "array<string>", "every rule the record broke", nullable=False),
        Column("quarantined_at", "timestamp", "when the row was written here", "UTC"),
        Column("ingested_at", "timestamp", "when bronze read the record", "UTC", filled=Filled.LAKE),
        Column("attempt", "int", "which reading of the record failed; 0 is that of bronze, absent in older rows"),
    ),
    key=("topic", "partition", "offset", "attempt"),
    time="kafka_time",
)

QUARANTINE_ACTIONS = Table(
    Layer.SILVER,
    "quarantine_actions",
    "What people did about quarantined records: the audit, and what silver reads again",
    (
        SOURCE,
        _STREAM,
        *COORDINATES,
        Column("attempt", "int", "the reading of the record that the action asks for", nullable=False),
        Column("action", "string", "fix, replay or discard", nullable=False),
        Column("key", "binary", "the record's key as it was sent", privacy=Privacy.PERSONAL),
        Column("value", "binary", "the value that silver is to read", privacy=Privacy.PERSONAL),
        Column("expression", "string", "the patch that made the value; absent for an edited record"),
        Column("who", "string", "who acted", privacy=Privacy.PERSONAL, nullable=False),
        Column("why", "string", "why, in the person's words", nullable=False),
        Column("acted_at", "timestamp", "when the row was written here", "UTC", nullable=False),
        Column("ingested_at", "timestamp", "when bronze read the record", "UTC", filled=Filled.LAKE),
    ),
    key=("topic", "partition", "offset", "attempt"),
    time="kafka_time",
)

DUPLICATES = Table(
    Layer.SILVER,
    "duplicates",
    "Records with an existing key and the same content, so that every bronze record is counted",
    (
        SOURCE,
        _STREAM,
        *COORDINATES,
        _TRANSACTION_ID,
        Column("found_at", "timestamp", "when the row was written here", "UTC"),
    ),
    key=("topic", "partition", "offset"),
    time="kafka_time",
)

WATCHLISTS = Table(
    Layer.SILVER,
    "watchlists",
    "Blocked addresses, suspicious cards and merchants, countries of addresses: each revision of an entry a row",
    (
        SOURCE,
        Column("list", "string", "blocked_ips, suspicious_cards, suspicious_merchants or ip_countries", nullable=False),
        Column("entry", "string", "the address or network, card, merchant, or range", "", Privacy.PERSONAL, False),
        Column("ip_first", "bigint", "first address of a range, as a number"),
        Column("ip_last", "bigint", "last address of a range, as a number"),
        Column("country", "string", "country of a range", "ISO 3166 alpha-2"),
        Column("why", "string", "the reason that the file gives"),
        Column("valid_from", "timestamp", "the entry counts from this event time on", "UTC", nullable=False),
        Column("valid_to", "timestamp", "the entry counts before this event time; null while it is open", "UTC"),
        Column("known_at", "timestamp", "from when on the revision may be used", "UTC", nullable=False),
        Column("loaded_at", "timestamp", "when the row was written here", "UTC", nullable=False),
    ),
    key=("source", "list", "entry", "valid_from", "known_at"),
    time="known_at",
)
