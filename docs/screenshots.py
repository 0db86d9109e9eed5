"""Take the pictures that the docs show: ``python docs/screenshots.py DASHBOARD [FOLDER [DAGSTER]]``, two URLs.

Needs what `make tools` installs, a running dashboard (and Dagster, where its URL is given) and a Chromium; CHROMIUM
names its executable if it is not on the PATH.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect, sync_playwright

PAGES = {
    "overview": "",
    "alerts": "alerts",
    "drift": "drift",
    "pipeline": "pipeline",
    "quarantine": "quarantine",
    "model": "model",
}
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MARGIN = 12
"""Pixels to leave around the asset graph."""
SETTLED_MS = 5_000
"""How long Dagster may take to draw a page; it does not say when it is done."""


def chromium() -> str | None:
    """The Chromium to drive; None leaves the choice to Playwright."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def settle(page: Page) -> None:
    """Wait until the page has run to its end and its charts and tables are drawn."""
    expect(page.locator("h1")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", re.compile("notRunning"))
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    for chart in page.get_by_test_id("stPlotlyChart").all():
        expect(chart.locator("svg.main-svg").first).to_be_visible()
    for chart in page.get_by_test_id("stVegaLiteChart").all():
        expect(chart.locator("svg").first).to_be_visible()


def open_alert(page: Page, row: int = 0) -> None:
    """Open the detail of an alert by ticking its row in the queue."""
    queue = page.get_by_test_id("stDataFrame").first
    queue.click(position={"x": 18, "y": 52 + 35 * row})
    expect(page.get_by_role("heading", name="Alert in detail")).to_be_visible()
    settle(page)


def open_record(page: Page, row: int = 0) -> None:
    """Open the detail of a record in quarantine by ticking its row in the list."""
    page.get_by_test_id("stDataFrame").last.click(position={"x": 18, "y": 52 + 35 * row})
    expect(page.get_by_role("heading", name="Record in detail")).to_be_visible()
    settle(page)


def asset_graph(page: Page, dagster: str, file: Path) -> None:
    """Dagster's lineage with every group open, whole, and nothing around it."""
    groups = ",".join(f"global@global:{name}" for name in ("bronze", "silver", "gold", "training"))
    page.set_viewport_size({"width": 2300, "height": 2400})
    page.goto(f"{dagster.rstrip('/')}/asset-groups?{urlencode({'expanded': groups})}")
    expect(page.get_by_text("pipeline_runs").last).to_be_visible(timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)
    expect(page.get_by_text("Loading")).to_have_count(0, timeout=60_000)
    boxes = [box for node in page.locator("svg foreignObject").all() if (box := node.bounding_box())]
    left, top = (min(box[side] for box in boxes) - MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    page.screenshot(path=file, clip={"x": left, "y": top, "width": right - left, "height": bottom - top})


def partitions(page: Page, dagster: str, file: Path) -> None:
    """How every source stands in every asset of the job refresh."""
    page.set_viewport_size({"width": 1440, "height": 800})
    page.goto(f"{dagster.rstrip('/')}/locations/fraud_assets/jobs/refresh/partitions")
    page.get_by_role("button", name="Show per-asset status").click(timeout=60_000)
    expect(page.get_by_text("gold/pipeline_runs").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=file)


def main(base: str, folder: Path, dagster: str = "") -> None:
    """One PNG a page, the Alerts and Quarantine pages with a row open, and two of Dagster."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name, path in PAGES.items():
            page.goto(f"{base.rstrip('/')}/{path}")
            settle(page)
            if name == "alerts":
                open_alert(page)
            if name == "quarantine":
                open_record(page, row=2)
            main_part = page.get_by_test_id("stMain")
            height = main_part.evaluate("e => e.scrollHeight")
            page.set_viewport_size({"width": 1440, "height": max(900, height)})
            settle(page)
            page.screenshot(path=folder / f"{name}.png")
            page.set_viewport_size({"width": 1440, "height": 900})
            print(folder / f"{name}.png")
        if dagster:
            asset_graph(page, dagster, folder / "dagster.png")
            partitions(page, dagster, folder / "partitions.png")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python docs/screenshots.py DASHBOARD [FOLDER [DAGSTER]]")
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent, *sys.argv[3:4])
