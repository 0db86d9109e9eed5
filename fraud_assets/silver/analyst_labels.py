"""Labels that analysts give: appended to silver.labels, known from the moment they are given, never changed."""

from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.sources.stream import ANALYST
from fraud_assets.declarations.tables import silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake


def add_label(source: str, transaction_id: str, is_fraud: bool, who: str, why: str, lake: Lake) -> bool:
    """Append an analyst's label to silver.labels; returns whether silver has the payment.

    A label may come before its payment. Any later label of the payment replaces it from its own arrival on.

    Raises:
        FraudError: payment, analyst or reason is missing, or the lake has no silver.labels yet.
    """
    texts = {"the payment": transaction_id.strip(), "who": who.strip(), "why": why.strip()}
    if missing := [name for name, text in texts.items() if not text]:
        raise FraudError(f"label: say {missing[0]}; who gave it and why is kept with it")
    if lake.opened(silver.LABELS) is None:
        raise FraudError(f"label: silver.labels does not exist; {START}, then `fraud run refresh --source {source}`")
    now = datetime.now(UTC)
    given = {
        "source": source,
        "transaction_id": texts["the payment"],
        "is_fraud": is_fraud,
        "origin": ANALYST,
        "known_at": now,
        "processed_at": now,
        "who": texts["who"],
        "why": texts["why"],
    }
    writing.append(silver.LABELS, pl.DataFrame([given]), lake)
    payments = reads.scan(silver.TRANSACTIONS, lake)
    if payments is None:
        return False
    its_own = (pl.col("source") == source) & (pl.col("transaction_id") == texts["the payment"])
    return not payments.filter(its_own).select("source").head(1).collect().is_empty()
