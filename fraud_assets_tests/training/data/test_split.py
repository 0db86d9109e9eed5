from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.errors import FraudError
from fraud_assets.training.data.split import Days, split

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_delay_lies_between_the_parts_and_the_newest_label_is_known_now() -> None:
    now = FIRST + 90 * DAY
    parts = split(FIRST, now, 7 * DAY)
    assert (parts.train.start, parts.train.end) == (FIRST + 27 * DAY, FIRST + 55 * DAY)
    assert (parts.validation.start, parts.validation.end) == (FIRST + 62 * DAY, FIRST + 69 * DAY)
    assert parts.test.start == FIRST + 76 * DAY
    assert parts.test.end - FIRST - 83 * DAY < timedelta(seconds=1)
    assert parts.test.labels_at == now


def test_training_takes_what_there_is_and_says_how_much_it_needs() -> None:
    assert split(FIRST, FIRST + 42 * DAY, 7 * DAY).train.start == FIRST
    with pytest.raises(FraudError, match=r"20\.0 days of payments, 42 needed"):
        split(FIRST, FIRST + 20 * DAY, 7 * DAY)
    assert split(FIRST, FIRST + 20 * DAY, DAY, Days(train=7, validation=3, test=3)).train.end == FIRST + 11 * DAY


@given(
    st.lists(st.tuples(st.integers(0, 60 * 24), st.booleans(), st.integers(0, 40 * 24)), min_size=1, max_size=40),
    st.integers(0, 10),
)
def test_no_part_uses_a_label_that_was_not_known_yet(rows: list[tuple[int, bool, int]], delay_days: int) -> None:
    """Turning every label that came too late into its opposite changes no part."""
    ids = [str(i) for i in range(len(rows))]
    paid = [FIRST + timedelta(hours=hour) for hour, _, _ in rows]
    payments = pl.DataFrame({"transaction_id": ids, "event_time": paid})
    labels = pl.DataFrame(
        {
            "transaction_id": ids,
            "is_fraud": [fraud for _, fraud, _ in rows],
            "known_at": [at + timedelta(hours=late) for at, (_, _, late) in zip(paid, rows, strict=True)],
        }
    )
    parts = split(FIRST, FIRST + 60 * DAY, delay_days * DAY)
    moments = (parts.train.labels_at, parts.validation.labels_at, parts.test.labels_at)
    assert moments == (parts.validation.start, parts.test.start, FIRST + 60 * DAY)
    for part in (parts.train, parts.validation, parts.test):
        late = pl.col("known_at") > part.labels_at
        other = labels.with_columns(is_fraud=pl.col("is_fraud") ^ late)
        assert part.collect(payments.lazy(), labels.lazy()).equals(part.collect(payments.lazy(), other.lazy()))
        told = set(labels.filter(~late)["transaction_id"])
        taken = part.collect(payments.lazy(), labels.lazy())
        assert not taken.filter(~pl.col("transaction_id").is_in(told), "is_fraud").height


def test_a_revised_label_counts_as_it_stood() -> None:
    parts = split(FIRST, FIRST + 90 * DAY, 7 * DAY)
    payments = pl.DataFrame({"transaction_id": ["a"], "event_time": [parts.train.start]})
    labels = pl.DataFrame(
        {
            "transaction_id": ["a", "a", "a"],
            "is_fraud": [False, True, False],
            "known_at": [parts.train.end + DAY, parts.train.start + DAY, parts.validation.end],
        }
    )
    assert parts.train.collect(payments.lazy(), labels.lazy())["is_fraud"].to_list() == [False]
    assert parts.train.collect(payments.lazy(), labels[1:].lazy())["is_fraud"].to_list() == [True]
