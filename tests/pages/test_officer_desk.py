from dataclasses import replace

import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from edge.gate.events import Reason
from tests.pages.looking import fits, load_axe, violations
from tests.pages.pretend import KEY, PretendLane, Serving, lane_server, until
from web.serve import PageServer


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/officer")
    page.wait_for_function("() => document.activeElement.id === 'key'")  # the field has the focus
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#orders")


def test_an_officer_holds_sees_and_reopens_by_keyboard_alone(page: Page, lane: PretendLane, lane_url: str) -> None:
    lane.call(Reason.CHIP_ALTERED)
    sign_in(page, lane_url)
    page.wait_for_function("() => document.title.startsWith('(!)')")
    assert "Chip content altered" in page.inner_text("#reasons")
    press(page, "Seen")
    until(lambda: lane.orders == ["seen"], "seen")
    page.wait_for_function("() => document.getElementById('called').hidden")
    press(page, "Hold lane")
    page.wait_for_function("() => document.getElementById('state').textContent === 'Held by an officer'")
    press(page, "Reopen lane")
    page.wait_for_function("() => document.getElementById('state').textContent === 'Idle'")
    page.wait_for_function("() => document.getElementById('done').textContent.startsWith('Reopen lane: done')")
    assert page.evaluate("document.activeElement.textContent") == "Reopen lane"  # the focus stays where it was
    assert lane.orders == ["seen", "hold", "reopen"]
    page.reload()
    page.wait_for_selector("#orders")
    assert lane.orders == ["seen", "hold", "reopen"]


def press(page: Page, button: str) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == button:
            return page.keyboard.press("Enter")
    raise AssertionError(f"{button} cannot be reached by keyboard")


def test_orders_work_without_script(page: Page, lane: PretendLane, lane_url: str) -> None:
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    sign_in(plain, lane_url)
    plain.click("text=Hold lane")
    plain.wait_for_selector("#orders")
    context.close()
    assert lane.orders == ["hold"]


@pytest.mark.parametrize("width", [390, 1440])
def test_desk_and_login_are_accessible(page: Page, lane: PretendLane, lane_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{lane_url}/officer")
    load_axe(page)
    assert violations(page) == []
    lane.call(Reason.NOT_ALONE, Reason.LINGERED)
    lane.desk = replace(lane.desk, alarms=("tailgating",))
    sign_in(page, lane_url)
    load_axe(page)
    assert violations(page) == []
    assert fits(page)


def test_a_desk_that_lost_its_lane_says_so(page: Page, lane: PretendLane) -> None:
    with Serving(lane_server(lane)) as serving:
        page.clock.install()
        sign_in(page, serving.url)
        page.wait_for_timeout(200)
        assert page.locator("#stale").is_hidden()
    page.clock.fast_forward(7000)
    page.wait_for_selector("#stale:visible")
    assert "what you see is old" in page.inner_text("#stale")


def test_f01_a_form_on_another_port_of_this_host_orders_nothing(page: Page, lane: PretendLane, lane_url: str) -> None:
    """Another port is same-site, so the browser sends the officer's cookie along; the origin gives the page away."""

    async def attack(_: Request) -> Response:
        return HTMLResponse(f"<form method=post action='{lane_url}/officer/hold'><button>Win a prize</button></form>")

    attacker = Starlette(routes=[Route("/", attack)])
    with Serving(PageServer(attacker, lambda: None)) as foreign:
        sign_in(page, lane_url)
        page.goto(foreign.url)
        with page.expect_response("**/officer/hold") as answer:
            page.click("button")
        assert "officer-" in answer.value.request.all_headers()["cookie"]
        assert answer.value.status == 403
    assert lane.orders == []
