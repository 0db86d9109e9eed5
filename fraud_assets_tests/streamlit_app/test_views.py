"""Every page on a written lake, on none, and on one whose files vanish: the right figures and never a traceback."""

from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from fraud_assets.declarations.sources.stream import ANALYST
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake.location import Lake
from fraud_assets.settings import REPOSITORY
from fraud_assets.silver.quarantine import Id, State, cases, chosen, history
from fraud_assets_tests.lakes import SOURCE, copied
from fraud_assets_tests.streamlit_app.dashboard_lake import LooksAt
from fraud_assets_tests.streamlit_app.snapshots import snapshot
from streamlit_app import data, views

PAGES = [module.name for module in iter_modules(views.__path__)]


def _page(name: str, **state: object) -> AppTest:
    script = f"from streamlit_app.views import {name}\n{name}.draw()\n"
    test = AppTest.from_string(script, default_timeout=30)
    test.session_state["source"] = SOURCE
    for key, value in state.items():
        test.session_state[key] = value
    return test.run()


def _metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


@pytest.mark.parametrize("name", PAGES)
def test_page_draws(name: str, looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    test = _page(name)
    assert not test.exception
    assert not test.warning
    assert test.title[0].value == name.capitalize()
    assert any("As of" in caption.value for caption in test.caption)


@pytest.mark.parametrize("name", PAGES)
def test_page_on_an_empty_lake_says_what_to_run(name: str, looks_at: LooksAt, tmp_path: Path) -> None:
    looks_at(Lake(str(tmp_path)))
    test = _page(name)
    assert not test.exception
    assert any("make demo" in text.value for text in test.markdown)


@pytest.mark.parametrize("name", PAGES)
def test_page_whose_files_vanish_says_so(name: str, looks_at: LooksAt, written: Lake, tmp_path: Path) -> None:
    lake = copied(written, tmp_path / "lake")
    for file in (tmp_path / "lake").rglob("*.parquet"):
        file.unlink()
    looks_at(lake)
    test = _page(name)
    assert not test.exception
    assert "lake changed" in test.warning[0].value


def test_overview_s_figures_are_the_lake_s(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    shown = _metrics(_page("overview"))
    alerts = data.count(snapshot(gold.ALERTS))
    assert shown["Transactions"] == "20,000"
    assert shown["Alerts"] == f"{alerts:,}"
    assert shown["Flagged"] == f"{alerts / 20_000:.2%}"
    assert shown["Money at risk"].endswith(" EUR")


def test_a_label_is_given_with_who_and_why(looks_at: LooksAt, written: Lake, tmp_path: Path) -> None:
    lake = copied(written, tmp_path / "lake")
    looks_at(lake)
    alert = snapshot(gold.ALERTS).rows().select("transaction_id").head(1).collect().item()

    def given() -> pl.DataFrame:
        return snapshot(silver.LABELS).rows().filter(pl.col("origin") == ANALYST).collect()

    test = _page("alerts", alert=alert)
    (fraud,) = (button for button in test.button if button.label == "Fraud")
    fraud.click().run()
    assert "who you are" in test.warning[0].value
    assert given().is_empty()

    test.text_input(key="alerts_who").set_value("ann")
    test.text_input(key=f"alerts_why_{alert}").set_value("customer denies it")
    (fraud,) = (button for button in test.button if button.label == "Fraud")
    fraud.click().run()
    assert not test.exception
    (row,) = given().select("transaction_id", "is_fraud", "who", "why").rows()
    assert row == (alert, True, "ann", "customer denies it")
    assert any(text.value.endswith("fraud, analyst by ann: customer denies it") for text in test.text)


def test_an_alert_s_detail_shows_payment_and_decision(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    alert = snapshot(gold.ALERTS).rows().sort("score", descending=True).head(1).collect().row(0, named=True)
    test = _page("alerts", alert=alert["transaction_id"])
    shown = _metrics(test)
    assert shown["Score"] == f"{alert['score']:.3f}"
    assert shown["Amount"] == f"{alert['amount']:,.2f} EUR"
    texts = {text.value for text in test.text}
    assert {alert["transaction_id"], alert["customer_id"], alert["merchant_id"], "batch lane"} <= texts


def test_the_queue_is_narrowed_by_its_filters(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    critical = snapshot(gold.ALERTS).rows().filter(pl.col("risk_level") == "critical").collect()
    least = float(critical["amount"].sort()[critical.height // 2])
    test = _page("alerts")
    test.number_input(key="alerts_amount").set_value(least)
    test.pills(key="alerts_levels").set_value(["critical"])
    queue = test.run().dataframe[0].value
    wanted = critical.filter(pl.col("amount") >= least)
    assert critical.height > len(queue) == wanted.height > 0


def test_pipeline_says_that_the_broker_is_not_there(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    test = _page("pipeline")
    shown = _metrics(test)
    assert shown["Consumer lag"] == "unknown"
    assert shown["In quarantine"] == "59"
    assert shown["Duplicates"] == "25"
    assert any("did not answer" in caption.value for caption in test.caption)


@pytest.fixture
def own_lake(looks_at: LooksAt, written: Lake, tmp_path: Path) -> Lake:
    lake = copied(written, tmp_path / "lake")
    looks_at(lake)
    return lake


def _case(lake: Lake, record: Id) -> dict[str, Any]:
    found = cases(SOURCE, lake)
    assert found is not None
    return chosen(found, (record,)).collect().row(0, named=True)


def _press(test: AppTest, label: str) -> AppTest:
    test.text_input(key="quarantine_who").set_value("bob")
    test.text_input(key="quarantine_why").set_value("the shop's test")
    next(button for button in test.button if button.label.startswith(label)).click()
    return test.run()


def test_a_record_in_quarantine_is_shown_and_discarded(own_lake: Lake) -> None:
    record = Id("cards", 0, 20_001)
    test = _page("quarantine", quarantine_record=record)
    assert '{"amount": -5, "id": "a"}' in {block.value for block in test.code}
    assert any("amount is negative" in text.value for text in test.text)
    _press(test, "Discard")
    assert test.success[0].value == "1 discarded."
    case = _case(own_lake, record)
    assert (case["state"], case["who"], case["why"]) == (State.DISCARDED, "bob", "the shop's test")
    assert not test.text_area
    assert _metrics(_page("pipeline"))["In quarantine"] == "58"


def test_an_edited_record_is_a_fix(own_lake: Lake) -> None:
    record = Id("cards", 0, 20_001)
    test = _page("quarantine", quarantine_record=record)
    test.text_area[0].set_value('{"amount": 5, "id": "a"}')
    _press(test, "Fix")
    assert _case(own_lake, record)["state"] == State.WAITING
    assert history(SOURCE, record, own_lake)["value"].to_list() == [
        b'{"amount": -5, "id": "a"}',
        b'{"amount": 5, "id": "a"}',
    ]


def test_a_patch_fixes_all_with_a_reason_or_says_where_it_cannot(own_lake: Lake) -> None:
    record = Id("cards", 0, 20_001)
    test = _page("quarantine", quarantine_record=record)
    test.selectbox(key="quarantine_for").set_value("amount is negative")
    _press(test, "Fix")
    assert "give a patch" in test.warning[0].value
    test.text_input(key=f"quarantine_patch_{record}").set_value("amount=abs(amount)")
    _press(test, "Fix")
    assert "not a json record" in test.warning[0].value  # half of those with the reason are not JSON either
    test.selectbox(key="quarantine_for").set_value("this record")
    _press(test, "Fix")
    assert test.success[0].value.startswith("1 fixed.")
    action = history(SOURCE, record, own_lake).row(1, named=True)
    assert (action["value"], action["expression"]) == (b'{"amount": 5, "id": "a"}', "amount=abs(amount)")


def test_nothing_is_done_without_a_name_and_a_reason(own_lake: Lake) -> None:
    record = Id("cards", 0, 20_001)
    test = _page("quarantine", quarantine_record=record)
    next(button for button in test.button if button.label == "Discard").click()
    assert "why" in test.run().warning[0].value
    assert _case(own_lake, record)["state"] == State.OPEN


def test_the_app_itself_starts_on_overview(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    test = AppTest.from_file(str(REPOSITORY / "streamlit_app/app.py"), default_timeout=30).run()
    assert not test.exception
    assert test.title[0].value == "Overview"
    assert test.sidebar.selectbox(key="source").value == SOURCE
