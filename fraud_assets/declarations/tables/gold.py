"""Gold: model inputs, decisions and what the dashboard shows."""

from fraud_assets.declarations.features.catalogue import FEATURES as DECLARED_FEATURES
from fraud_assets.declarations.tables.schema import SOURCE, Column, Layer, Privacy, Table

_TRANSACTION_ID = Column("transaction_id", "string", "the payment", nullable=False)
_PAYMENT = (
    SOURCE,
    _TRANSACTION_ID,
    Column("event_time", "timestamp", "when the payment happened", "UTC", nullable=False),
    Column("customer_id", "string", "who paid", privacy=Privacy.PSEUDONYM, nullable=False),
    Column("merchant_id", "string", "who was paid", nullable=False),
    Column("amount", "double", "what was paid", "currency units", nullable=False),
)
_MODEL_VERSION = Column("model_version", "int", "version of the source's model in the registry", nullable=False)

FEATURES = Table(
    Layer.GOLD,
    "features",
    "Model inputs, each as it was known at the payment's event time",
    (
        *_PAYMENT,
        *(Column(f.name, "float", f.meaning, f.unit) for f in DECLARED_FEATURES if f.name != "amount"),
        Column(
            "features_fingerprint",
            "string",
            "fingerprint of all features, as declared then",
            nullable=False,
        ),
        Column("kafka_time", "timestamp", "Kafka's timestamp of the payment", "UTC"),
        Column("computed_at", "timestamp", "when the row was first computed", "UTC"),
        Column("recomputed_at", "timestamp", "when late or corrected data last made the row be recomputed", "UTC"),
        Column("deleted_at", "timestamp", "when the source deleted the payment: nothing is to learn from it", "UTC"),
    ),
    key=("source", "transaction_id"),
    time="event_time",
    cluster_by=("customer_id", "event_time"),
)

SCORES = Table(
    Layer.GOLD,
    "scores",
    "Decisions as they were made; facts, never changed",
    (
        *_PAYMENT,
        Column("score", "double", "the model's probability of fraud", "0 to 1", nullable=False),
        Column("risk_level", "string", "low, medium, high or critical", nullable=False),
        Column("decision", "string", "approve, review or block", nullable=False),
        _MODEL_VERSION,
        Column(
            "context",
            "string",
            "names what decided, in gold.decision_contexts: model, features, policy, source, code",
            nullable=False,
        ),
        Column(
            "policy_hash",
            "string",
            "names the policy that decided; its rules are in gold.decision_contexts",
            nullable=False,
        ),
        Column("lane", "string", "batch or online: which path decided", nullable=False),
        Column("kafka_time", "timestamp", "Kafka's timestamp of the payment", "UTC"),
        Column("decided_at", "timestamp", "when the decision was made", "UTC", nullable=False),
    ),
    key=("source", "transaction_id"),
    time="event_time",
    constraints=(("score_is_probability", "score >= 0 AND score <= 1"),),
)

DECISION_INPUTS = Table(
    Layer.GOLD,
    "decision_inputs",
    "What each decision of gold.scores was made from, exactly as it was scored; facts, never changed",
    (
        SOURCE,
        _TRANSACTION_ID,
        Column("score", "double", "the model's probability of fraud", "0 to 1", nullable=False),
        Column(
            "vector",
            "binary",
            "the features as scored: 4-byte little-endian floats in the order of the context's features, NaN for null",
            nullable=False,
        ),
        Column("watchlist_hits", "array<string>", "the watchlists that named the payment; null where none was known"),
        Column("context", "string", "the row of gold.decision_contexts that says what decided", nullable=False),
        Column("decided_at", "timestamp", "when the decision was made", "UTC", nullable=False),
    ),
    key=("source", "transaction_id"),
    time="decided_at",
)

DECISION_CONTEXTS = Table(
    Layer.GOLD,
    "decision_contexts",
    "What has decided: a row for each combination of model, features, policy, source's file and code",
    (
        SOURCE,
        Column("context", "string", "hash of the other columns", nullable=False),
        _MODEL_VERSION,
        Column("model_hash", "string", "SHA-256 of the model's file", nullable=False),
        Column("features", "array<string>", "the model's features, in the order of the vectors"),
        Column("features_fingerprint", "string", "fingerprint of these features", nullable=False),
        Column("threshold", "double", "score from which the model raises an alarm", "0 to 1", nullable=False),
        Column("policy_hash", "string", "names the policy", nullable=False),
        Column("policy", "string", "the policy's rules as JSON", nullable=False),
        Column("source_hash", "string", "names the content of the source's file", nullable=False),
        Column("source_content", "string", "the content of the source's file as JSON", nullable=False),
        Column("code_version", "string", "version of the package and commit", nullable=False),
        Column("first_used_at", "timestamp", "when it first decided", "UTC", nullable=False),
    ),
    key=("source", "context"),
    time="first_used_at",
)

ALERTS = Table(
    Layer.GOLD,
    "alerts",
    "Payments that were not approved, with the features that raised the score",
    (
        *_PAYMENT,
        Column("score", "double", "the model's probability of fraud", "0 to 1", nullable=False),
        Column("risk_level", "string", "low, medium, high or critical", nullable=False),
        Column("decision", "string", "review or block", nullable=False),
        _MODEL_VERSION,
        Column(
            "reasons",
            "array<struct<feature: string, value: double, contribution: double>>",
            "the features that raised the score most, with their SHAP contributions in log-odds",
        ),
        Column("raised_at", "timestamp", "when the alert was raised", "UTC", nullable=False),
    ),
    key=("source", "transaction_id"),
    time="event_time",
)

_AMOUNTS = (
    Column("transactions", "bigint", "payments", nullable=False),
    Column("amount_sum", "double", "what was paid in all", "currency units", nullable=False),
    Column("amount_mean", "double", "what was paid on average", "currency units", nullable=False),
    Column("amount_max", "double", "the largest payment", "currency units", nullable=False),
)
_FRAUDS = Column("frauds", "bigint", "payments whose newest label is fraud", nullable=False)
_SUMMARISED_AT = Column("summarised_at", "timestamp", "when the row was last computed", "UTC")
_LIFE = (
    Column("first_payment", "timestamp", "event time of the first payment", "UTC", nullable=False),
    Column("last_payment", "timestamp", "event time of the last payment", "UTC", nullable=False),
    Column("active_days", "bigint", "days with a payment", nullable=False),
)

HOURLY_CATEGORY_SUMMARY = Table(
    Layer.GOLD,
    "hourly_category_summary",
    "Payments by hour and category, late payments and labels included",
    (
        SOURCE,
        Column("hour", "timestamp", "the hour's beginning, by event time", "UTC", nullable=False),
        Column("category", "string", "what was bought; null where the source does not say"),
        *_AMOUNTS,
        Column("customers", "bigint", "different customers", nullable=False),
        Column("merchants", "bigint", "different merchants", nullable=False),
        _FRAUDS,
        Column("fraud_rate", "double", "share of payments known to be fraud", "0 to 1", nullable=False),
        _SUMMARISED_AT,
    ),
    key=("source", "hour", "category"),
    time="hour",
)

ACTIVITY_WINDOWS = Table(
    Layer.GOLD,
    "activity_windows",
    "What each customer did in windows of event time, written once when the watermark has passed a window's end",
    (
        SOURCE,
        Column("customer_id", "string", "who paid", privacy=Privacy.PSEUDONYM, nullable=False),
        Column("span", "string", "1m, 5m, 10m (begins every 5 minutes) or session", nullable=False),
        Column("window_start", "timestamp", "payments from this event time on", "UTC", nullable=False),
        Column("window_end", "timestamp", "payments before this event time", "UTC", nullable=False),
        *_AMOUNTS,
        Column("merchants", "bigint", "different merchants", nullable=False),
        Column("closed_at", "timestamp", "when the window was written here", "UTC"),
    ),
    key=("source", "customer_id", "span", "window_start"),
    time="window_start",
)

CUSTOMER_PROFILES = Table(
    Layer.GOLD,
    "customer_profiles",
    "What is known of each customer from all payments and labels",
    (
        SOURCE,
        Column("customer_id", "string", "who paid", privacy=Privacy.PSEUDONYM, nullable=False),
        *_LIFE,
        *_AMOUNTS,
        Column("amount_stddev", "double", "standard deviation of what was paid; null for one", "currency units"),
        Column("merchants", "bigint", "different merchants", nullable=False),
        Column("categories", "bigint", "different categories", nullable=False),
        Column("usual_category", "string", "the commonest category; null where the source does not say"),
        Column("night_share", "double", "share of payments from 0 to 6 o'clock UTC", "0 to 1", nullable=False),
        _FRAUDS,
        _SUMMARISED_AT,
    ),
    key=("source", "customer_id"),
    time="last_payment",
)

MERCHANT_PROFILES = Table(
    Layer.GOLD,
    "merchant_profiles",
    "What is known of each merchant from all payments and labels; none where the source does not say who was paid",
    (
        SOURCE,
        Column("merchant_id", "string", "who was paid", nullable=False),
        *_LIFE,
        *_AMOUNTS,
        Column("customers", "bigint", "different customers", nullable=False),
        Column("usual_category", "string", "the commonest category; null where the source does not say"),
        _FRAUDS,
        Column("fraud_rate", "double", "share of payments known to be fraud", "0 to 1", nullable=False),
        _SUMMARISED_AT,
    ),
    key=("source", "merchant_id"),
    time="last_payment",
)

DRIFT = Table(
    Layer.GOLD,
    "drift",
    "How far the newest payments have moved from those the champion was trained on",
    (
        SOURCE,
        _MODEL_VERSION,
        Column("feature", "string", "a feature's name, or score", nullable=False),
        Column("psi", "double", "population stability index", nullable=False),
        Column("window_start", "timestamp", "payments from this event time on were compared", "UTC", nullable=False),
        Column("window_end", "timestamp", "payments before this event time were compared", "UTC", nullable=False),
        Column("rows", "bigint", "payments compared", nullable=False),
        Column("computed_at", "timestamp", "when the row was computed", "UTC"),
    ),
    key=("source", "model_version", "feature", "window_end"),
    time="window_end",
)

MODEL_PERFORMANCE = Table(
    Layer.GOLD,
    "model_performance",
    "Metrics of every trained model on payments later than its training data",
    (
        SOURCE,
        _MODEL_VERSION,
        Column("metric", "string", "name of the metric", nullable=False),
        Column("value", "double", "value of the metric", nullable=False),
        Column("role", "string", "champion or challenger: what the model became", nullable=False),
        Column("test_start", "timestamp", "event time of the first test payment", "UTC"),
        Column("test_end", "timestamp", "event time of the last test payment", "UTC"),
        Column("run_id", "string", "MLflow run"),
        Column("computed_at", "timestamp", "when the metric was computed", "UTC"),
    ),
    key=("source", "model_version", "metric"),
    time="computed_at",
)

PIPELINE_RUNS = Table(
    Layer.GOLD,
    "pipeline_runs",
    "Every finished step of every run",
    (
        SOURCE,
        Column("run_id", "string", "Dagster run", nullable=False),
        Column("job", "string", "refresh, references, summaries, train or upkeep", nullable=False),
        Column("step", "string", "the asset or check", nullable=False),
        Column("status", "string", "success, failure or skipped", nullable=False),
        Column("started_at", "timestamp", "when the step began", "UTC"),
        Column("ended_at", "timestamp", "when the step ended", "UTC"),
        Column("seconds", "double", "how long the step took", "s"),
    ),
    key=("run_id", "step"),
    time="ended_at",
)
