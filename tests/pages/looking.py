"""How the tests look at a page: axe, and what stands on it."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def load_axe(page: Page) -> None:
    page.evaluate(AXE)  # not a script tag: the page's own policy would rightly block it


def violations(page: Page) -> list[str]:
    """Each as one line: the rule and the first element."""
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)[
        "violations"
    ]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


def shown_sign(page: Page) -> str:
    return page.evaluate("document.body.dataset.screen")


def wait_for_sign(page: Page, sign: str, limit_s: float = 10.0) -> None:
    page.wait_for_function("sign => document.body.dataset.screen === sign", arg=sign, timeout=limit_s * 1000)


def fits(page: Page) -> bool:
    """No sideways scroll."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
