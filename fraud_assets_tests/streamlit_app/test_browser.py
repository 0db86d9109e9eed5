"""The dashboard as a person sees it, in a real Chromium, on a lake written for the test."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

from docs.screenshots import FLAGS, chromium, open_alert, open_record, settle
from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake.location import Lake
from fraud_assets.settings import REPOSITORY
from fraud_assets_tests.streamlit_app.dashboard_lake import HOSTILE, LooksAt, Serve, write_lake
from fraud_assets_tests.streamlit_app.snapshots import snapshot
from streamlit_app import data

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        except Error as error:
            pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}; `make browser` fetches one")
        yield started
        started.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a dashboard on a lake; gives its URL once it answers."""
    servers: list[subprocess.Popen[bytes]] = []

    def start(lake: Lake) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = (tmp_path_factory.mktemp("dashboard") / "log").open("wb")
        environment = os.environ | {"FRAUD_LAKE": lake.root, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
                                    "PYTHONPATH": str(REPOSITORY)}  # fmt: skip
        command = [sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "streamlit_app/server.py")]
        options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        servers.append(subprocess.Popen(command + options, env=environment, stdout=log, stderr=subprocess.STDOUT))
        url = f"http://127.0.0.1:{port}"
        _until_it_answers(f"{url}/_stcore/health", servers[-1])
        return url

    yield start
    for server in servers:
        server.terminate()
        server.wait(20)


def _until_it_answers(url: str, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except urllib.error.URLError:  # not listening yet; see whether it ends meanwhile
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(0.1)
        else:
            return
    pytest.fail(f"the dashboard ended with {server.returncode} before it answered")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab that fails the test if the page writes errors to the console."""
    tab = browser.new_page(viewport={"width": 1440, "height": 1000})
    errors: list[str] = []
    tab.on(
        "console",
        lambda message: errors.append(f"{message.text} {message.location['url']}") if message.type == "error" else None,
    )
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    tab.close()
    assert not errors


@pytest.fixture(scope="module")
def dashboard(serve: Serve, written: Lake) -> str:
    return serve(written)


def _go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=30_000)
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.get_by_text("As of").first).to_be_visible()


def _card(page: Page, name: str) -> Locator:
    card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(name, exact=True))
    return card.get_by_test_id("stMetricValue")


def test_overview_shows_the_lake_s_counts(page: Page, dashboard: str, looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    page.goto(dashboard)
    _go(page, "Overview")
    expect(_card(page, "Transactions")).to_have_text(f"{data.count(snapshot(silver.TRANSACTIONS)):,}")
    expect(_card(page, "Alerts")).to_have_text(f"{data.count(snapshot(gold.ALERTS)):,}")
    expect(page.get_by_text("Payments per day")).to_be_visible()
    page.get_by_role("radio", name="24 hours").click()
    expect(page.get_by_text("Payments per hour")).to_be_visible()
    expect(page.get_by_text("All times are UTC.")).to_be_visible()


def test_an_alert_opens_on_click_and_hostile_text_stays_text(page: Page, dashboard: str) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(dashboard)
    _go(page, "Alerts")
    open_alert(page)
    expect(page.get_by_test_id("stText").get_by_text(HOSTILE, exact=True)).to_be_visible()
    expect(_card(page, "Risk")).to_have_text("Critical")
    expect(page.locator("svg text").filter(has_text=re.compile("^what was paid: .* EUR$"))).to_be_visible()
    expect(page.locator("svg text").filter(has_text="this payment")).to_be_visible()
    assert not [url for url in asked if "evil" in url]


def test_another_row_opens_another_alert(page: Page, dashboard: str) -> None:
    page.goto(dashboard)
    _go(page, "Alerts")
    open_alert(page, row=0)
    expect(page.get_by_test_id("stText").get_by_text(HOSTILE, exact=True)).to_be_visible()
    open_alert(page, row=2)
    expect(page.get_by_test_id("stText").get_by_text(HOSTILE, exact=True)).to_have_count(0)


def test_a_record_in_quarantine_is_fixed_with_a_patch(page: Page, serve: Serve, tmp_path: Path) -> None:
    write_lake(Lake(str(tmp_path)), transactions=500)
    page.goto(serve(Lake(str(tmp_path))))
    _go(page, "Quarantine")
    expect(page.locator("canvas td").get_by_text("yes", exact=True)).to_have_count(1)  # the account is balanced
    open_record(page, row=2)
    page.get_by_role("textbox", name="Or a patch").fill("amount=abs(amount)")
    page.get_by_role("textbox", name="Your name").fill("ann")
    page.get_by_role("textbox", name="Why").fill("a sign error")
    page.get_by_role("button", name="Fix").click()
    expect(page.get_by_text("1 fixed. Silver reads it on its next run.")).to_be_visible()
    settle(page)
    expect(page.get_by_text("fix with amount=abs(amount) by ann: a sign error")).to_be_visible()
    expect(page.get_by_text('{"amount": 5, "id": "a"}')).to_be_visible()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Drift", (f"All {len(NAMES) + 1}", "How to read it", "major 0.25", "population_zscore_amount_30d")),
        ("Pipeline", ("broker not reachable", "Delay from Kafka", "Consumer lag")),
        ("Quarantine", ("By reason", "Reconciliation", "Bronze = silver")),
        ("Model", ("Champion: version 2", "Card precision @ 100", "Models in MLflow")),
    ],
)
def test_page(page: Page, dashboard: str, name: str, seen: tuple[str, ...]) -> None:
    page.goto(dashboard)
    _go(page, name)
    for text in seen:
        expect(page.get_by_text(text).first).to_be_visible()


def test_an_empty_lake_says_what_to_run_on_every_page(page: Page, serve: Serve, tmp_path: Path) -> None:
    page.goto(serve(Lake(str(tmp_path))))
    for name in ("Overview", "Alerts", "Drift", "Pipeline", "Quarantine", "Model"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=30_000)
        expect(page.get_by_text("make demo")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_new_version_appears_by_itself(page: Page, serve: Serve, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    page.goto(serve(lake))
    expect(page.get_by_text("make demo")).to_be_visible(timeout=30_000)
    write_lake(lake, transactions=500)
    expect(_card(page, "Transactions")).to_have_text("500", timeout=20_000)
