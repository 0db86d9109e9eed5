"""A row's inputs and row features have the same bits in a frame of any height."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import FEATURES, NAMES
from fraud_assets.declarations.features.kinds import RowFeature, parsed
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.row import INPUTS, POSITIONS, Positions, with_inputs
from fraud_assets_tests.features import worlds

ROWS = [feature for feature in FEATURES if isinstance(feature, RowFeature)]
TEXTS = ("customer_id", "country", "ip_country")
READ = sorted({name for feature in ROWS for name in feature.needs} - {"event_time", *TEXTS})
HEIGHT = 20  # more than the processor takes at once
number = st.none() | st.floats(-1e9, 1e9) | st.integers(0, 100).map(float)
times = st.integers(0, 2**40).map(lambda after: worlds.START + timedelta(microseconds=after))


def assert_alone_as_together(frame: pl.DataFrame, make: Any) -> None:
    together = make(frame)
    alone = pl.concat([make(frame[row]) for row in range(frame.height)])
    assert_frame_equal(together, alone, check_exact=True)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_row_features(data: st.DataObject) -> None:
    values = {name: [data.draw(number) for _ in range(7)] for name in READ}
    columns: dict[str, Sequence[Any]] = {name: (of * HEIGHT)[:HEIGHT] for name, of in values.items()}
    texts = st.none() | st.sampled_from(["DE", "fr"])
    columns |= {name: [data.draw(texts)] * HEIGHT for name in TEXTS}
    columns["event_time"] = [data.draw(times) + timedelta(microseconds=77 * row) for row in range(HEIGHT)]
    schema = dict.fromkeys(READ, pl.Float64) | dict.fromkeys(TEXTS, pl.String)
    frame = pl.DataFrame(columns, schema=schema | {"event_time": worlds.TIME})
    made = [parsed(feature.expression).cast(pl.Float64).alias(f"{feature.name} of") for feature in ROWS]
    assert_alone_as_together(frame, lambda some: some.select(made))


@settings(deadline=None, max_examples=8)
@given(st.data(), st.sampled_from(POSITIONS))
def test_inputs(data: st.DataObject, positions: Positions) -> None:
    facts = worlds.facts(data.draw(worlds.revisions()), positions)
    some = [data.draw(worlds.payments(row)) | {"event_time": data.draw(times)} for row in range(7)]
    frame = worlds.paid((some * HEIGHT)[:HEIGHT])
    needs = {*INPUTS, "customer_listed", "merchant_listed", "ip_listed", "ip_country"} - {*NAMES, *BASELINE}
    assert_alone_as_together(frame, lambda rows: with_inputs(rows, needs, facts, None).select(sorted(needs)))
