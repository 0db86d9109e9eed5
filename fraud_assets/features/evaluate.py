"""The declared features over a frame of payments: the one batch evaluation, on a laptop and inside Spark.

What belongs here: from declarations to columns. The event-by-event evaluation of the same declarations is in serving/.
"""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import polars as pl

from fraud_assets.features.catalogue import FEATURES, Entity, Feature, RowFeature, WindowFeature
from fraud_assets.features.labels import known
from fraud_assets.features.windows import Floats, Integers, Moments, Timeline, ordered

ENTITIES: tuple[Entity, ...] = ("customer_id", "merchant_id")


def evaluate(
    transactions: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    entities: Collection[Entity] = ENTITIES,
    features: Sequence[Feature] = FEATURES,
) -> pl.DataFrame:
    """The payments as they came, with a double for each feature.

    ``transactions`` are payments of one source, with the columns of silver.transactions that the features name;
    ``labels`` what is known about them (transaction_id, is_fraud, known_at); ``label_delay`` is in seconds. Window
    features of entities not in ``entities`` are left out. Payments of one entity are taken in the order (event_time,
    transaction_id); a payment's window holds those not after it in that order and later than its event_time less the
    window. Label windows run over the time each label became known, see ``labels``. The mean of an empty window is 0.
    """
    columns = transactions.select(
        pl.sql_expr(f.expression).cast(pl.Float64).alias(f.name) for f in features if isinstance(f, RowFeature)
    ).to_dict()
    moments = Moments.of(transactions["event_time"].to_physical().to_numpy())
    for entity in ENTITIES:
        windows = [f for f in features if isinstance(f, WindowFeature) and f.entity == entity and entity in entities]
        if windows:
            columns |= _windows(transactions, labels, label_delay, entity, moments, windows)
    return transactions.with_columns(columns[f.name].alias(f.name) for f in features if f.name in columns)


def _windows(
    transactions: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    entity: Entity,
    moments: Moments,
    features: list[WindowFeature],
) -> Iterator[tuple[str, pl.Series]]:
    """The features of one entity, computed in the order (entity, event_time, transaction_id), put back in the rows'."""
    codes = transactions[entity].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    order = ordered(codes, moments, transactions["transaction_id"])
    entities, when = codes[order], moments[order]
    for of in ("amount", "is_fraud"):
        chosen = [f for f in features if f.of == of]
        if not chosen:
            continue
        if of == "amount":
            amounts = transactions["amount"].to_numpy()[order]
            timeline = Timeline.of(entities, when, np.ones_like(entities), amounts)
            end = np.arange(1, len(order) + 1)
        else:
            timeline = _label_timeline(codes, known(transactions, labels, label_delay))
            end = timeline.until(entities, when)
        for window in dict.fromkeys(f.window for f in chosen):
            count, mean = timeline.between(timeline.until(entities, when, window * 1_000_000), end)
            for feature in chosen:
                if feature.window == window:
                    values: Floats = np.empty(len(order))
                    values[order] = count if feature.aggregate == "count" else mean
                    yield feature.name, pl.Series(values)


def _label_timeline(codes: Integers, events: pl.DataFrame) -> Timeline:
    entities, moments = codes[events["row"].to_numpy()], Moments.of(events["known"].to_numpy())
    order = ordered(entities, moments)
    count, fraud = events["count"].to_numpy()[order], events["fraud"].to_numpy()[order]
    return Timeline.of(entities[order], moments[order], count, fraud.astype(np.float64))
