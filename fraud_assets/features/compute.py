"""The declared features over a frame of payments: the one batch evaluation, on a laptop and inside Spark.

What belongs here: from declarations to columns, one after the other.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES, closure, columns, windows_over
from fraud_assets.declarations.features.kinds import Feature, RowFeature, parsed
from fraud_assets.features.events.frame import Payments, Sides
from fraud_assets.features.inputs.baseline import NAMES as POPULATION
from fraud_assets.features.inputs.baseline import population as population_of
from fraud_assets.features.inputs.row import Facts, with_inputs


def evaluate(
    transactions: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    features: Sequence[Feature] = FEATURES,
    wanted: pl.Series | None = None,
    facts: Facts | None = None,
    population: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The payments as they came, with a double for each feature; null where it cannot be known.

    ``transactions`` are payments of one source, with the columns of silver.transactions that the features name: one
    that is not there counts as null, a feature that is there stays as it is. ``labels`` is what is known about them
    (transaction_id, is_fraud, known_at); ``label_delay`` is in seconds. Payments of one entity are taken in the order
    (event_time, transaction_id); a payment's window holds those not after it in that order and later than its
    event_time less the window. Label windows run over the time each label became known, see ``labels``. Where
    ``wanted`` (true or false for each payment) is given, the others count in windows but are not returned.
    ``population`` is what `population.population` says of the whole source; without it, ``transactions`` are the whole
    source.
    """
    plan = closure(features)
    needs = columns(plan)
    if population is None:
        population = population_of(transactions.lazy() if needs & {*POPULATION} else transactions.lazy().limit(0))
    facts = facts or Facts()
    every = with_inputs(transactions, needs, facts, population)
    everyone = np.ones(every.height, bool)
    chosen = everyone if wanted is None else wanted.to_numpy()
    payments = Payments.of(every, labels, label_delay, facts)

    inner = windows_over(plan)
    sides = Sides(payments, everyone, plan)
    returned = every = _stepwise(every, [f for f in plan if f.name in inner], sides)
    if wanted is not None:
        returned, sides = every.filter(wanted), Sides(payments, chosen, plan, every)
    returned = _stepwise(returned, [f for f in plan if f.name not in inner], sides)
    names = [feature.name for feature in features if feature.name not in transactions.columns]
    return returned.select(*transactions.columns, *names)


def _stepwise(frame: pl.DataFrame, features: Sequence[Feature], sides: Sides) -> pl.DataFrame:
    """The frame with the features, those of payments alone taken together as far as they do not need each other."""
    waiting: list[RowFeature] = []

    def flushed() -> pl.DataFrame:
        made = frame.select(parsed(f.expression).cast(pl.Float64).alias(f.name) for f in waiting)
        waiting.clear()
        return frame.hstack(made.select(pl.all().fill_nan(None)).get_columns())

    given = {*frame.columns}
    for feature in features:
        if feature.name in given:
            continue
        if any(other.name in feature.needs for other in waiting):
            frame = flushed()
        if isinstance(feature, RowFeature):
            waiting.append(feature)
        else:
            frame = frame.hstack([sides.series(feature, frame)])
    return flushed()
