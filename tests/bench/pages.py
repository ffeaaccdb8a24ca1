"""How heavy and how quick are the pages? See tests/pages/bench_pages.py."""

from typing import Any


def measure() -> dict[str, Any]:
    from tests.pages import bench_pages  # needs the browser, which only this bench does

    return bench_pages.measure()
