"""The declared features over a frame of payments: the one batch evaluation, on a laptop and inside Spark.

What belongs here: from declarations to columns.
"""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt
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
    wanted: pl.Series | None = None,
) -> pl.DataFrame:
    """The payments as they came, with a double for each feature.

    ``transactions`` are payments of one source, with the columns of silver.transactions that the features name;
    ``labels`` what is known about them (transaction_id, is_fraud, known_at); ``label_delay`` is in seconds. Window
    features of entities not in ``entities`` are left out. Payments of one entity are taken in the order (event_time,
    transaction_id); a payment's window holds those not after it in that order and later than its event_time less the
    window. Label windows run over the time each label became known, see ``labels``. The mean of an empty window is 0.
    Where ``wanted`` (true or false for each payment) is given, the others count in windows but are not returned.
    """
    returned = transactions if wanted is None else transactions.filter(wanted)
    columns = returned.select(
        pl.sql_expr(f.expression).cast(pl.Float64).alias(f.name) for f in features if isinstance(f, RowFeature)
    ).to_dict()
    chosen = np.ones(transactions.height, bool) if wanted is None else wanted.to_numpy()
    moments = Moments.of(transactions["event_time"].to_physical().to_numpy())
    for entity in ENTITIES:
        windows = [f for f in features if isinstance(f, WindowFeature) and f.entity == entity and entity in entities]
        if windows:
            columns |= _windows(transactions, labels, label_delay, entity, moments, chosen, windows)
    return returned.with_columns(columns[f.name].alias(f.name) for f in features if f.name in columns)


def _windows(
    transactions: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    entity: Entity,
    moments: Moments,
    wanted: npt.NDArray[np.bool_],
    features: list[WindowFeature],
) -> Iterator[tuple[str, pl.Series]]:
    """One entity's features of the wanted payments, computed in the order (entity, event_time, transaction_id)."""
    codes = transactions[entity].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    order = ordered(codes, moments, transactions["transaction_id"])
    at = np.flatnonzero(wanted[order])
    entities, when = codes[order[at]], moments[order[at]]
    place = (np.cumsum(wanted) - 1)[order[at]]  # among the rows returned
    for of in ("amount", "is_fraud"):
        chosen = [f for f in features if f.of == of]
        if not chosen:
            continue
        if of == "amount":
            amounts = transactions["amount"].to_numpy()[order]
            timeline = Timeline.of(codes[order], moments[order], np.ones_like(order), amounts)
            end = at + 1
        else:
            timeline = _label_timeline(codes, known(transactions, labels, label_delay))
            end = timeline.until(entities, when)
        for window in dict.fromkeys(f.window for f in chosen):
            count, mean = timeline.between(timeline.until(entities, when, window * 1_000_000), end)
            for feature in chosen:
                if feature.window == window:
                    values: Floats = np.empty(len(at))
                    values[place] = count if feature.aggregate == "count" else mean
                    yield feature.name, pl.Series(values)


def _label_timeline(codes: Integers, events: pl.DataFrame) -> Timeline:
    entities, moments = codes[events["row"].to_numpy()], Moments.of(events["known"].to_numpy())
    order = ordered(entities, moments)
    count, fraud = events["count"].to_numpy()[order], events["fraud"].to_numpy()[order]
    return Timeline.of(entities[order], moments[order], count, fraud.astype(np.float64))
