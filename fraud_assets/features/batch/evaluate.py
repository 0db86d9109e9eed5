"""The declared features over a frame of payments: the one batch evaluation, on a laptop and inside Spark."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES, closure, columns, windows_over
from fraud_assets.declarations.features.kinds import Entity, Feature
from fraud_assets.features.compute import Computation, stages
from fraud_assets.features.events.frame import FrameTimelines, LabelledPayments
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.baseline import source_baseline
from fraud_assets.features.inputs.row import Facts, with_inputs


def evaluate(
    transactions: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    features: Sequence[Feature] = FEATURES,
    wanted: pl.Series | None = None,
    facts: Facts | None = None,
    baseline: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The payments as they came, with a double for each feature; null where it cannot be known.

    ``transactions`` are payments of one source, with the columns of silver.transactions that the features name: one
    that is not there counts as null, a feature that is there stays as it is. ``labels`` are the labels received
    (transaction_id, is_fraud, known_at); ``label_delay`` is in seconds. Payments of one entity are in the order
    (event_time, transaction_id); a payment's window holds those not after it in that order and later than its
    event_time less the window. Label windows run over the time each label became known, see events/labels.py. Where
    ``wanted`` (true or false for each payment) is given, the others count in windows but are not returned.
    ``baseline`` is `baseline.source_baseline` of the whole source; without it, ``transactions`` are the whole source.
    """
    plan = closure(features)
    needs = columns(plan)
    if baseline is None:
        baseline = source_baseline(transactions.lazy() if needs & {*BASELINE} else transactions.lazy().limit(0))
    facts = facts or Facts()
    every = with_inputs(transactions, needs, facts, baseline)
    payments = LabelledPayments.of(every, labels, label_delay)

    inner = windows_over(plan)
    computation = Computation(_timelines(payments, np.ones(every.height, bool)), facts)
    returned = every = computation.extend(every, stages(f for f in plan if f.name in inner))
    if wanted is not None:
        returned = every.filter(wanted)
        computation = Computation(_timelines(payments, wanted.to_numpy(), every), facts)
    returned = computation.extend(returned, stages(f for f in plan if f.name not in inner))
    names = [feature.name for feature in features if feature.name not in transactions.columns]
    return returned.select(*transactions.columns, *names)


def _timelines(
    payments: LabelledPayments, wanted: npt.NDArray[np.bool_], source: pl.DataFrame | None = None
) -> Callable[[Entity], FrameTimelines]:
    return cache(lambda entity: FrameTimelines(payments, entity, wanted, source))
