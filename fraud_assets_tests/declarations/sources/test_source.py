import re
from pathlib import Path

import pytest

from fraud_assets.declarations.sources.document import SourceError
from fraud_assets.declarations.sources.source import catalogue, load, named
from fraud_assets.declarations.sources.stream import Check
from fraud_assets.settings import REPOSITORY, settings

GOOD = """\
name: shop
description: a shop
owner: us
began: 2020-01-01
label_delay_days: 7
transactions:
  topic: shop-transactions
  fields: [id, at, who, where, sum, note]
  columns:
    transaction_id: id
    event_time: at
    customer_id: who
    merchant_id: where
    amount: sum
model:
  average_precision_floor: 0.1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(text)
    return path


def test_every_source_of_the_catalogue_can_be_loaded() -> None:
    assert set(catalogue()) == {"cards", "ecommerce", "ledger", "sparkov", "sparkov_sample", "ulb"}
    topics = [topic for source in catalogue().values() for topic in source.topics]
    assert len(set(topics)) == len(topics)
    assert settings().sources.is_dir()


def test_labels_have_a_topic_of_their_own_by_default(tmp_path: Path) -> None:
    source = load(write(tmp_path, GOOD))
    assert source.topics == ("shop-transactions", "shop-labels")
    assert source.labels.columns == named("cards").labels.columns


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("owner: us", "owner: us\ncolour: red", "shop.yaml:4:1: colour: no such setting; allowed: name, description, "
         "owner, began, label_delay_days, transactions, labels, features, model; found 'red'"),
        ("  fields:", "  time: {zoen: UTC}\n  fields:", "time.zoen: no such setting; allowed: format, zone"),
        ("  fields:", "  checks: {amount: {max: 1}}\n  fields:", "amount.max: no such setting; allowed: required,"),
        ("began: 2020-01-01", "began: some day", "shop.yaml:4:1: began: input should be a valid datetime"),
        ("owner: us\n", "", "shop.yaml:1:1: owner: field required"),
        ("    amount: sum\n", "", "shop.yaml:9:3: transactions.columns: column 'amount' is required and not mapped"),
        ("    amount: sum", "    amuont: sum", "shop.yaml:14:5: transactions.columns.amuont: no column of silver"),
        ("    amount: sum", "    amount: abs(sum)", "shop.yaml:14:5: transactions.columns.amount: a number belongs "
         "here, not a string; write cast(sum as double) (at character 5); found 'abs(sum)'"),
        ("    amount: sum", "    amount: summ", "no field 'summ'; did you mean 'sum'?; there are: id, at, who, where, "
         "sum, note (at character 1); found 'summ'"),
        ("    amount: sum", "    amount: cast(sum as date)", "no cast to date; allowed: string, bigint"),
        ("    amount: sum", "    amount: note = 'a'", "columns.amount: gives a boolean, and the column is a double"),
        ("    customer_id: who", "    customer_id: cast(who as double)", "customer_id: gives a double, which"),
        ("    event_time: at", "    event_time: to_timestamp(at)", "columns.event_time: no function 'to_timestamp'; "
         "times are read as `time` of the stream says"),
        ("  fields:", "  checks: {currency: {required: true}}\n  fields:", "checks.currency: no field 'currency'"),
        ("  fields:", "  checks: {amount: {one_of: [a]}}\n  fields:", "checks.amount: cannot compare a double with a"),
        ("  fields:", "  checks: {customer_id: {pattern: '(?i)a'}}\n  fields:", "checks.customer_id: pattern: '(?i)a"),
        ("  fields:", "  rules: {odd: amount + 1}\n  fields:", "rules.odd: not a condition: it gives a double"),
        ("  fields:", "  rules: {odd: note = 'a'}\n  fields:", "rules.odd: no field 'note'"),
        ("  fields:", "  time: {format: dd.MM.YYYY}\n  fields:", "time.format: 'YYYY' stands for no part of a time;"),
        ("  fields:", "  time: {format: dd.MM}\n  fields:", "time.format: the pattern has no year"),
        ("  fields:", "  time: {format: yyyy hh}\n  fields:", "hours of a half day (h) go with AM or PM (a)"),
        ("  fields:", "  time: {format: yyyy d d}\n  fields:", "time.format: the day stands twice"),
        ("  fields:", "  time: {format: \"yyyy 'T\"}\n  fields:", "time.format: a ' in the pattern is not closed"),
        ("  fields:", "  key: buyer\n  fields:", "shop.yaml:8:3: transactions.key: 'buyer' is not among the fields"),
        ("  fields:", "  separator: ;\n  fields:", "format json has none; allowed with format csv"),
        ("  fields:", "  format: xml\n  fields:", "shop.yaml:8:3: transactions.format: input should be 'json'"),
        ("  fields:", "  time: {zone: Mars}\n  fields:", "shop.yaml:8:10: transactions.time.zone: not a time zone"),
        ("  fields:", "  signals: [sum, V1]\n  fields:", "shop.yaml:8:18: transactions.signals.1: 'V1' is not among"),
        ("  fields:", "  rules: {odd: 'cast(sum as int) > 1'}\n  fields:", "shop.yaml:8:11: transactions.rules.odd"),
        ("owner: us", "owner: us\nowner: them", "owner: given twice"),
        ("owner: us", "owner: [us", "not YAML"),
        ("name: shop", "name: store", "shop.yaml:1:1: name: must equal the file's name 'shop'; found 'store'"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_column_and_what_to_do(tmp_path: Path, before: str, after: str, message: str) -> None:
    with pytest.raises(SourceError) as error:
        load(write(tmp_path, GOOD.replace(before, after, 1)))
    assert message in str(error.value)


def test_every_error_is_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        load(write(tmp_path, GOOD.replace("began: 2020-01-01", "began: x").replace("days: 7", "days: never")))
    assert [line.split(": ")[1] for line in str(error.value).splitlines()] == ["began", "label_delay_days"]


def test_a_field_may_have_a_name_that_sql_uses(tmp_path: Path) -> None:
    text = GOOD.replace("merchant_id: where", "merchant_id: coalesce(where, 'cast(x)', cast(who as string), `where`)")
    assert load(write(tmp_path, text)).transactions.columns["amount"] == "sum"


FIELD = REPOSITORY.parent / "shared/data/field/sources"


@pytest.mark.parametrize("path", sorted(FIELD.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_of_the_field_can_be_loaded_or_is_refused_for_another_reason(path: Path) -> None:
    """The two with a column that has no name are refused for that."""
    if path.stem not in ("e24i", "e24t"):
        assert load(path).name == path.stem
        return
    with pytest.raises(SourceError, match=r"transactions\.fields"):
        load(path)


def test_a_list_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"shop.yaml:1:1: found list"):
        load(write(tmp_path, "- a\n"))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(SourceError, match="no source 'nobody'; there are: cards, ecommerce"):
        named("nobody")


@pytest.mark.parametrize(("folder", "said"), [("", "holds no *.yaml"), ("nowhere", "is no folder")])
def test_a_folder_without_sources_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, said: str
) -> None:
    monkeypatch.setattr(settings(), "sources", tmp_path / folder)
    with pytest.raises(SourceError, match=f"no sources: {tmp_path / folder} {re.escape(said)}; set FRAUD_SOURCES"):
        catalogue.__wrapped__()


def test_a_check_is_conditions_with_reasons() -> None:
    check = Check(required=True, at_least=0, at_most=10, one_of=("a", "it's"), pattern="[a-z]+")
    assert dict(check.conditions("x", "double"))["x is missing"] == "`x` is not null"
    assert dict(check.conditions("x", "string")) == {
        "x is missing": "`x` is not null and trim(`x`) != ''",
        "x is below 0": "`x` >= 0.0",
        "x is above 10": "`x` <= 10.0",
        "x is not one of a, it's": "`x` in ('a', 'it\\'s')",
        "x does not match [a-z]+": "`x` rlike '^(?:[a-z]+)$'",
    }
