"""Card precision top-k: what an investigation team with time for k cards a day finds.

The Fraud Detection Handbook's measure (chapter 4, precision top-k metrics); a card is its customer.
"""

import polars as pl


def card_precision(payments: pl.DataFrame, k: int = 100) -> float:
    """The share of truly defrauded cards among the k highest scored of a UTC day, averaged over days; 0 to 1.

    ``payments`` has event_time, customer_id, is_fraud and score. A card's score is its highest of the day; a card found
    defrauded is left out on later days. Days without payments do not count.

    >>> from datetime import datetime
    >>> day = [datetime(2026, 1, 1), datetime(2026, 1, 1), datetime(2026, 1, 2), datetime(2026, 1, 2)]
    >>> payments = pl.DataFrame({"event_time": day, "customer_id": ["a", "b", "a", "b"],
    ...                          "is_fraud": [True, False, True, True], "score": [.9, .1, .9, .5]})
    >>> card_precision(payments, k=1)  # finds a, then, as a is known by then, b
    1.0
    >>> card_precision(payments, k=2)  # finds a among two, then b among the one left, of two places
    0.5
    """
    cards = (
        payments.group_by(pl.col("event_time").dt.date().alias("day"), "customer_id")
        .agg(pl.col("score").max(), pl.col("is_fraud").any())
        .sort(["day", "score", "customer_id"], descending=[False, True, False])
    )
    found: set[str] = set()
    shares = []
    for _, day in cards.group_by("day", maintain_order=True):
        top = day.filter(~pl.col("customer_id").is_in(list(found))).head(k).filter("is_fraud")
        found.update(top["customer_id"])
        shares.append(top.height / k)
    return sum(shares) / len(shares)
