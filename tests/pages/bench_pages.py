"""How heavy and how quick are the pages? ``python -m tests.pages.bench_pages`` prints one JSON object.

Outside the tests, because seconds belong to the machine: {page: {transfer_kb, requests, first_paint_ms, drawn_ms}}.
"""

import json
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from edge.pages.protocols import Sign
from tests.pages.conftest import CHROMIUM, CHROMIUM_WORDS
from tests.pages.pretend import PretendLane, PretendRegion, RegionServer, Serving, lane_server, until

ROUNDS = 5
CHANGES = 40


def measure() -> dict[str, dict[str, float]]:
    lane, region = PretendLane(), PretendRegion()
    with sync_playwright() as playwright, Serving(lane_server(lane)) as edge, Serving(RegionServer(region)) as gateway:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_WORDS)
        pages = {
            "traveller": weigh(browser, f"{edge.url}/")
            | {"drawn_ms": round(change_to_paint_ms(browser, edge.url, lane), 1)},
            "officer": weigh(browser, f"{edge.url}/officer"),
            "region": weigh(browser, f"{gateway.url}/"),
        }
        browser.close()
    return pages


def weigh(browser: Browser, url: str) -> dict[str, float]:
    """Transferred bytes with headers, and the median of the first contentful paints in fresh windows."""
    paints, sizes, requests = [], [], []
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 1080, "height": 1920})
        page = context.new_page()
        page.goto(url)
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        entries = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map(entry => entry.transferSize)"
        )
        sizes.append(sum(entries))
        requests.append(len(entries))
        context.close()
    return {
        "transfer_kb": round(max(sizes) / 1000, 1),
        "requests": max(requests),
        "first_paint_ms": round(statistics.median(paints), 1),
    }


def change_to_paint_ms(browser: Browser, url: str, lane: PretendLane) -> float:
    """From a change at the lane to its acknowledgement after the paint, median."""
    page = browser.new_page()
    page.goto(url)
    until(lambda: lane.counter.number in lane.drawn_seqs, "the first paint")
    took = []
    for number in range(CHANGES):
        began = time.perf_counter()
        seq = lane.sign((Sign.READING, Sign.CHECKING)[number % 2])
        until(lambda seq=seq: seq in lane.drawn_seqs, "the paint")
        took.append((time.perf_counter() - began) * 1000)
    page.close()
    return statistics.median(took)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
