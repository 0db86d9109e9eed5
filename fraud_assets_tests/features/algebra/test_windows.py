"""Events are put in order whatever numbers their entities have."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.features.algebra.windows import ordered

ENTITY = st.sampled_from([-1, 0, 1, 254, 255, 256, 65_534, 65_535, 65_536, 2**40])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(ENTITY, st.integers(-3, 3), st.sampled_from("ab"))), st.booleans())
def test_by_entity_time_tie_break_and_position(events: list[tuple[int, int, str]], by_name: bool) -> None:
    entities, times = (np.array([event[k] for event in events], np.int64) for k in (0, 1))
    names = pl.Series([event[2] for event in events], dtype=pl.String)
    found = ordered(entities, times, names if by_name else None)
    key = [(*event, n) if by_name else (*event[:2], n) for n, event in enumerate(events)]
    assert found.tolist() == sorted(range(len(events)), key=key.__getitem__)
