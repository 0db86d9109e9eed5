"""A handful of payments, for the examples in the families' docstrings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import SIGNALS, Facts, Positions
from fraud_assets.features.inputs.watchlists import NOTHING, Watchlists

START = datetime(2026, 1, 1, tzinfo=UTC)
LABEL_DELAY_DAYS = 7


def features(
    name: str,
    amounts: Sequence[float] | None = None,
    hours: Sequence[float] | None = None,
    frauds: Sequence[bool] | None = None,
    signals: Sequence[Mapping[str, float] | None] | None = None,
    categories: Sequence[str | None] | None = None,
    homes: Sequence[tuple[float, float]] | None = None,
    shops: Sequence[tuple[float, float]] | None = None,
    positions: Positions = "sphere",
    suspicious: tuple[float, float] | None = None,
) -> list[float | None]:
    """A feature of one customer's payments to one merchant; what is not given is the same for all.

    ``hours`` are since the start of 2026-01-01 (by default one after the other), a day after the source began; homes
    and shops are latitudes and longitudes. Labels become known after seven days. The card is on the list of suspicious
    ones from one hour until before another, which is known from its beginning on.
    """
    given = (amounts, hours, frauds, signals, categories, homes, shops)
    count = max(len(column) for column in given if column is not None)
    at = [START + timedelta(hours=hour) for hour in hours or range(count)]
    frame = pl.DataFrame(
        {"transaction_id": [f"t{n:03}" for n in range(count)], "event_time": at, "customer_id": "c", "merchant_id": "m",
         "amount": [float(amount) for amount in amounts or [1] * count]},
        schema_overrides={"event_time": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    if signals is not None:
        frame = frame.with_columns(pl.Series("signals", list(signals), dtype=SIGNALS))
    if categories is not None:
        frame = frame.with_columns(pl.Series("category", list(categories), dtype=pl.String))
    for who, places in (("customer", homes), ("merchant", shops)):
        for place, axis in enumerate(("latitude", "longitude")):
            values = [float(pair[place]) for pair in places or []]
            frame = frame.with_columns(pl.Series(f"{who}_{axis}", values)) if values else frame
    labels = frame.select(
        "transaction_id",
        is_fraud=pl.Series(list(frauds or [False] * count)),
        known_at=pl.col("event_time") + timedelta(days=LABEL_DELAY_DAYS),
    )
    facts = Facts(START - timedelta(days=1), positions)
    if suspicious is not None:
        since, until = (START + timedelta(hours=hour) for hour in suspicious)
        entry = {"list": "suspicious_cards", "entry": "c", "valid_from": since, "valid_to": until, "known_at": since}
        facts = replace(facts, watchlists=Watchlists(pl.DataFrame([entry], schema=NOTHING.schema)))
    chosen = [feature for feature in FEATURES if feature.name == name]
    return evaluate(frame, labels, LABEL_DELAY_DAYS * 86_400, chosen, facts=facts)[name].to_list()
