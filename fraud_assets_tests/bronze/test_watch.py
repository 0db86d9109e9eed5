import pytest

from fraud_assets.bronze import watch
from fraud_assets.bronze.watch import LONGEST_WAIT, Backoff, Failed, Observation, decide

ENDS = {"payments": {0: 5, 1: 7}, "labels": {0: 2}}


def seen(
    read: dict[str, dict[int, int]], ends: dict[str, dict[int, int]] = ENDS, running: str | None = None
) -> Observation:
    return Observation("cards", ends, read, running)


def test_records_bronze_has_not_read_start_a_run() -> None:
    decision = decide(seen({"payments": {0: 5, 1: 4}}))
    assert decision.records == 5
    assert decision.reason == "cards: 3 in payments, 2 in labels"
    assert decision.run_key
    assert decision.run_key.startswith("cards-")


def test_the_run_key_follows_from_the_offsets_alone() -> None:
    key = decide(seen({"payments": {0: 1}})).run_key
    assert key == decide(seen({"payments": {0: 1}})).run_key
    assert key != decide(seen({"payments": {0: 2}})).run_key
    assert key != decide(seen({"payments": {0: 1}}, ENDS | {"labels": {0: 3}})).run_key
    assert key != decide(Observation("shop", ENDS, {"payments": {0: 1}}, None)).run_key


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (seen({}, {"payments": {}, "labels": {}}), "topics payments and labels do not exist yet"),
        (seen(ENDS), "bronze has read everything (payments at 0:5, 1:7; labels at 0:2)"),
        (seen(ENDS, {"payments": {0: 0}, "labels": {}}), "bronze has read everything (payments at 0:0)"),
        (seen({}, running="0123456789ab"), "run 01234567 is in flight; waiting: 12 in payments, 2 in labels"),
    ],
)
def test_a_skip_says_why(observation: Observation, reason: str) -> None:
    decision = decide(observation)
    assert decision.run_key is None
    assert decision.reason.startswith("cards: ")
    assert reason in decision.reason


@pytest.mark.parametrize("read", [{}, ENDS], ids=["before bronze read anything", "after bronze read everything"])
def test_a_failed_run_is_tried_again_once_and_later_each_time(
    read: dict[str, dict[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(watch.time, "time", lambda: now)
    waits = []
    for times in range(1, 8):
        failed = Failed(f"run-{times}", ended=1000.0, times=times)
        now = 1000.0
        early = decide(Observation("cards", ENDS, read, None, failed))
        assert early.run_key is None
        assert f"run run-{times} failed, failure {times}, next try in " in early.reason
        waits.append(failed.retry_at - now)
        now = failed.retry_at
        assert decide(Observation("cards", ENDS, read, None, failed)).run_key == f"cards-after-run-{times}"
        assert decide(Observation("cards", ENDS, read, "another", failed)).run_key is None
    assert waits == [15, 30, 60, 120, 240, LONGEST_WAIT, LONGEST_WAIT]


def test_patience_doubles_up_to_its_limit_and_survives_in_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(watch.time, "time", lambda: now)
    backoff, waits = Backoff.from_cursor(None), []
    assert not backoff.waiting()
    for _ in range(8):
        backoff = Backoff.from_cursor(backoff.failed("no broker").cursor())
        waits.append(backoff.retry_at - now)
        assert backoff.waiting()
    assert waits == [5, 10, 20, 40, 80, 160, LONGEST_WAIT, LONGEST_WAIT]
    assert backoff.reason() == "no broker; failure 8, next try in 300 s"
    now = backoff.retry_at
    assert not backoff.waiting()
