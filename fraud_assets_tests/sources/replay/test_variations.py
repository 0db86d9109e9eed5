import json
from collections import Counter
from collections.abc import Callable
from itertools import chain

import pytest

from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.sources.files import Record
from fraud_assets.sources.replay.variations import Variations, batches

FIELDS = ("id", "who", "sum", "bad")
ROWS = 2_000


def stream(format_: str) -> Stream:
    return Stream(topic="t", format=format_, fields=FIELDS, key="who", columns={"is_fraud": "bad"})  # type: ignore[arg-type]


def file(format_: str) -> list[Record]:
    lines: dict[str, Callable[[int], str]] = {
        "json": lambda n: json.dumps({"id": n, "who": f"c{n}", "sum": 1, "bad": 0}),
        "csv": lambda n: f"{n},c{n},1,0",
        "debezium": lambda n: json.dumps({"after": {"id": n, "who": f"c{n}", "sum": 1, "bad": 0}, "op": "c"}),
    }
    return [Record(f"c{number}", lines[format_](number).encode(), False, True) for number in range(ROWS)]


def test_without_variations_the_file_passes_in_order() -> None:
    counts = Counter[str]()
    found = list(batches(file("csv"), 300, stream("csv"), Variations(), counts))
    assert [len(batch) for batch in found] == [300] * 6 + [200]
    assert list(chain(*found)) == file("csv")
    assert not counts


@pytest.mark.parametrize("format_", ["json", "csv", "debezium"])
def test_a_share_of_the_records_loses_a_field_but_never_key_or_label(format_: str) -> None:
    counts = Counter[str]()
    sent = list(chain(*batches(file(format_), 500, stream(format_), Variations(missing=0.1), counts)))
    changed = [(was, now) for was, now in zip(file(format_), sent, strict=True) if was != now]
    assert len(changed) == counts["missing"]
    assert 0.07 * ROWS < len(changed) < 0.13 * ROWS
    lost = Counter[str]()
    for _, now in changed:
        assert not now.whole
        if format_ == "csv":
            values = dict(zip(FIELDS, now.value.decode().split(","), strict=True))
            lost.update(name for name in FIELDS if values[name] == "")
        else:
            content = json.loads(now.value)
            lost.update(set(FIELDS) - (content["after"] if format_ == "debezium" else content).keys())
    assert set(lost) == {"id", "sum"}
    assert lost.total() == len(changed)


def test_duplicates_are_added_and_late_records_come_later_but_come() -> None:
    counts = Counter[str]()
    variations = Variations(duplicates=0.05, late=0.1, late_batches=2, seed=3)
    found = list(batches(file("csv"), 100, stream("csv"), variations, counts))
    sent = Counter(chain(*found))
    assert set(sent) == set(file("csv"))
    assert sum(count - 1 for count in sent.values()) == counts["duplicates"] > 50
    place = {record: number for number, batch in enumerate(found) for record in batch}
    delays = Counter(place[record] - number // 100 for number, record in enumerate(file("csv")))
    assert delays[2] + delays[1] == counts["late"] > 100  # what is still delayed at the end comes as the last batches
    assert set(delays) <= {0, 1, 2}


def test_a_seed_decides_what_is_hit() -> None:
    def sent(seed: int) -> list[Record]:
        variations = Variations(0.1, 0.1, 0.1, seed=seed)
        return list(chain(*batches(file("csv"), 500, stream("csv"), variations, Counter())))

    assert sent(1) == sent(1) != sent(2)


def test_what_cannot_be_read_is_left_as_it_is() -> None:
    bad = [Record(None, value, False, False) for value in (b"[", b"[1]", b"1,2")]
    for format_ in ("json", "csv", "debezium"):
        assert list(chain(*batches(bad, 9, stream(format_), Variations(missing=1.0), Counter()))) == bad
