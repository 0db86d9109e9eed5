"""The inputs of decisions as gold.decision_inputs keeps them: vectors of features, and watchlists that named a payment.

>>> vectors = pl.Series(encoded(np.array([[1.5, 2.0], [0.1, np.nan]], dtype=np.float32)))
>>> decoded(vectors, ["amount", "time_hour"]).rows()
[(1.5, 2.0), (0.10000000149011612, None)]
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from fraud_assets.models.algorithms.interface import Rows
from fraud_assets.watchlists.lists import LISTS

FLOAT = np.dtype("<f4")
FLAGS = {each.feature: each.name for each in LISTS.values() if each.feature}
"""By the feature that is 1 for the payments that a watchlist names: the watchlist."""


def encoded(rows: Rows) -> pa.Array:
    """Each row of a matrix of float32 as the bytes of its numbers; no number is copied."""
    count, width = rows.shape
    data = np.ascontiguousarray(rows, dtype=FLOAT)
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(width * FLOAT.itemsize)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def decoded(vectors: pl.Series, features: Sequence[str]) -> pl.DataFrame:
    """The features that vectors hold, a column each; null where the model was given NaN."""
    rows = np.frombuffer(b"".join(vectors), dtype=FLOAT).reshape(-1, len(features))
    return pl.DataFrame(rows, schema=list(features)).fill_nan(None)


def watchlist_hits(payments: pl.DataFrame) -> pl.Series:
    """The names of the watchlists that name each payment; null where no list was known."""
    flags = payments.select(*FLAGS)
    if all(column.null_count() == flags.height for column in flags):
        return pl.Series("watchlist_hits", [None], dtype=pl.List(pl.String)).new_from_index(0, flags.height)
    named = [pl.when(pl.col(flag) == 1).then(pl.lit(name)) for flag, name in FLAGS.items()]
    known = pl.any_horizontal(pl.col(*FLAGS).is_not_null())
    return flags.select(watchlist_hits=pl.when(known).then(pl.concat_list(named).list.drop_nulls())).to_series()
