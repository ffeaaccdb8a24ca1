"""One browser for each file of browser tests, a fresh window and fresh servers for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.pretend import PretendLane, PretendRegion, RegionServer, Serving, lane_server

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_WORDS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # not longer: while it lives, no other test may run a loop of its own
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_WORDS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A kiosk in portrait. A message about the content policy or a script error fails the test."""
    context = browser.new_context(viewport={"width": 1080, "height": 1920}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def lane() -> PretendLane:
    return PretendLane()


@pytest.fixture
def lane_url(lane: PretendLane) -> Iterator[str]:
    with Serving(lane_server(lane)) as serving:
        yield serving.url


@pytest.fixture
def region() -> PretendRegion:
    return PretendRegion()


@pytest.fixture
def region_url(region: PretendRegion) -> Iterator[str]:
    with Serving(RegionServer(region)) as serving:
        yield serving.url
