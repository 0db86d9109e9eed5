"""An analyst's verdict on a payment: a label like any other, known from the moment it is given, never changed."""

from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads, writes
from fraud_assets.lake.location import Lake

ORIGIN = "verdict"


def give(source: str, transaction_id: str, is_fraud: bool, who: str, why: str, lake: Lake) -> bool:
    """Write a verdict to silver.labels; returns whether the payment is there already.

    A verdict on a payment that is not waits for it. A later label, a chargeback's or another verdict, revises it.

    Raises:
        FraudError: it does not say on which payment, by whom or why, or the lake has no labels yet.
    """
    texts = {"the payment": transaction_id.strip(), "who": who.strip(), "why": why.strip()}
    if missing := [name for name, text in texts.items() if not text]:
        raise FraudError(f"verdict: say {missing[0]}; who gave it and why is kept with it")
    log = lake.opened(silver.LABELS)
    if log is None or not {"who", "why"} <= {field.name for field in log.schema().fields}:
        raise FraudError(
            f"verdict: silver.labels is missing or of an older version; {START}, "
            f"then `fraud run refresh --source {source}`"
        )
    now = datetime.now(UTC)
    given = {
        "source": source, "transaction_id": texts["the payment"], "is_fraud": is_fraud, "origin": ORIGIN,
        "known_at": now, "processed_at": now, "who": texts["who"], "why": texts["why"],
    }  # fmt: skip
    writes.append(silver.LABELS, pl.DataFrame([given]), lake)
    payments = reads.scan(silver.TRANSACTIONS, lake)
    if payments is None:
        return False
    its_own = (pl.col("source") == source) & (pl.col("transaction_id") == texts["the payment"])
    return not payments.filter(its_own).select("source").head(1).collect().is_empty()
