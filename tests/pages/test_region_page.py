from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page

from gateway.intake.alarms import Alarm
from gateway.pages.condition import Condition, condition
from gateway.pages.rows import LANES_SHOWN, lists, texts
from gateway.pages.words import ALARMS
from gateway.queries import newest_alarms
from gateway.views import LaneView, ReferralView
from tests.pages.asking import ask, first_event
from tests.pages.looking import fits, load_axe, violations
from tests.pages.pretend import PretendRegion, RegionServer, Serving, overview

TABLE_TOP = "document.querySelector('.scroll').getBoundingClientRect().top"
LANE = LaneView("hill-road", "lane-1", "ready", "ready", 0, 0.1, 0, 1.0)


@pytest.mark.parametrize(
    ("lane", "wanted"),
    [
        (LANE, Condition.READY),
        (replace(LANE, screen="closed"), Condition.CLOSED),
        (replace(LANE, screen="look"), Condition.WORKING),
        (replace(LANE, screen="officer"), Condition.CALLING),
        (replace(LANE, screen="evacuate", state="fault"), Condition.EVACUATION),
        (replace(LANE, state="fault"), Condition.FAULT),
        (replace(LANE, link_age_s=30.0), Condition.FAULT),
        (replace(LANE, last_seen_s=11.0), Condition.STALE),
        (replace(LANE, last_seen_s=61.0), Condition.OFFLINE),
        (replace(LANE, last_seen_s=None), Condition.UNKNOWN),
        (replace(LANE, last_seen_s=61.0, screen="evacuate"), Condition.OFFLINE),
    ],
)
def test_unknown_stale_offline_and_fault_are_four_states(lane: LaneView, wanted: Condition) -> None:
    assert condition(lane) is wanted


def test_an_old_word_is_never_shown_as_a_present_one() -> None:
    silent = replace(overview(), lanes=(replace(LANE, screen="go", people=1, last_seen_s=20.0),))
    fields = lists(silent)["lanes"][0].fields
    assert fields["word"] == "Silent"
    assert fields["people"] == ""


def test_who_waits_longest_stands_first_and_who_was_seen_last() -> None:
    assert [row.key for row in lists(overview())["referrals"]] == ["c-1", "c-2", "c-0"]
    assert texts(overview())["referrals-note"] == "2 waiting"


def test_more_lanes_than_fit_are_counted_and_not_forgotten() -> None:
    many = replace(overview(), lanes=tuple(replace(LANE, device=f"lane-{n}") for n in range(LANES_SHOWN + 30)))
    assert len(lists(many)["lanes"]) == LANES_SHOWN
    assert texts(many)["lanes-note"] == f"{LANES_SHOWN + 30} of {LANES_SHOWN + 30} heard, 30 more not shown"


def test_the_regions_own_alarms_are_told_in_words_and_once_for_each_device() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    last_ms = int(now.timestamp() * 1000)
    told = [
        {"device": "", "code": "wrong-topic", "since_ms": 0, "last_ms": last_ms - 60_000},
        *(
            {"device": "lane-1", "code": "device-cloned", "boot": "a", "seq": n, "since_ms": 0, "last_ms": last_ms - n}
            for n in range(9)
        ),
    ]
    rows = lists(replace(overview(), alarms=newest_alarms(told, now)))["alarms"]
    assert [tuple(row.fields.values()) for row in rows] == [
        ("!", "Two devices share one identity", "lane-1", "9 times, the last", "0 s ago"),
        ("!", "Sends under another's name", "an unproven sender", "", "1 min ago"),
    ]


def test_each_alarm_of_the_gateway_has_words() -> None:
    assert set(ALARMS) == {alarm.value for alarm in Alarm}


def live(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function("() => document.getElementById('freshness').textContent === 'Live'")


def test_the_first_view_needs_no_script(region_url: str) -> None:
    body = ask(region_url).body.decode()
    for word in ("lane-3", "Officer needed", "More than one person inside", "10\u202f233", "P UTO", "hill-road"):
        assert word in body


def test_the_stream_says_the_same_as_the_first_view(page: Page, region_url: str) -> None:
    page.route("**/events", lambda route: route.abort())
    page.goto(region_url)
    first = page.inner_text("main")
    page.unroute("**/events")
    live(page, region_url)
    assert page.inner_text("main") == first


def test_a_change_is_drawn_in_place_and_moves_neither_focus_nor_scroll(
    page: Page, region: PretendRegion, region_url: str
) -> None:
    page.set_viewport_size({"width": 700, "height": 500})
    live(page, region_url)
    page.focus(".scroll")
    page.evaluate(
        "document.querySelector('.scroll').scrollLeft = 40; window.card = document.querySelector('#lanes li')"
    )
    before = page.evaluate(TABLE_TOP)
    fresh = ReferralView("c-3", "salt-lake", "lake-1", "outside", ("under-age",), 2.0, False)
    lanes = (replace(region.overview.lanes[0], screen="officer"), *region.overview.lanes[1:])
    region.show(lanes=lanes, referrals=(fresh, *region.overview.referrals), movements=region.overview.movements[1:])
    page.wait_for_selector("[data-key='c-3']")
    page.wait_for_function("() => card.dataset.kind === 'calling'")
    assert page.evaluate("card === document.querySelector('#lanes li')")
    assert page.evaluate("document.activeElement.className") == "scroll"
    assert page.evaluate("document.querySelector('.scroll').scrollLeft") == 40
    assert page.evaluate(TABLE_TOP) == pytest.approx(before, abs=1)  # a row more above it, and it has not moved
    keys = page.eval_on_selector_all("#referrals li", "rows => rows.map(row => row.dataset.key)")
    assert keys == ["c-1", "c-2", "c-3", "c-0"]


def test_a_region_without_lanes_says_so(page: Page, region: PretendRegion, region_url: str) -> None:
    region.show(lanes=(), referrals=(), movements=())
    live(page, region_url)
    page.wait_for_function("() => document.querySelectorAll('#lanes li').length === 0")
    load_axe(page)
    assert violations(page) == []
    assert texts(region.overview)["lanes-note"] == "0 of 0 heard"


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_accessible_and_fits(page: Page, region_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    live(page, region_url)
    load_axe(page)
    assert violations(page) == []
    assert fits(page)


def test_a_page_that_lost_its_gateway_says_so_and_recovers(page: Page, region: PretendRegion) -> None:
    page.clock.install()
    with Serving(RegionServer(region)) as serving:
        live(page, serving.url)
    page.clock.fast_forward(7000)
    page.wait_for_selector("#stale:visible")
    assert page.inner_text("#freshness") == "Not live"
    load_axe(page)
    assert violations(page) == []


def test_f05_markup_in_a_device_name_is_shown_as_text(page: Page, region: PretendRegion, region_url: str) -> None:
    planted = "<img src=x onerror=document.title='owned'>"
    live(page, region_url)
    for first_view in (False, True):
        region.show(lanes=(replace(LANE, device=planted, post=planted),), region=planted)
        if first_view:
            live(page, region_url)
        page.wait_for_function("() => document.querySelectorAll('#lanes li').length === 1")
        assert page.inner_text("#lanes [data-field=device]") == planted
    assert page.locator("img").count() == 0
    assert page.title() == f"Border posts - {planted}"


def test_f06_a_newline_in_a_device_name_forges_no_event(region: PretendRegion, region_url: str) -> None:
    planted = 'x\n\nevent: overview\ndata: {"forged":1}\n\n'
    region.show(lanes=(replace(LANE, device=planted),))
    told = first_event(f"{region_url}/events", "overview")
    assert told["lists"]["lanes"][0]["fields"]["device"] == planted


def test_every_answer_carries_the_strict_policy_and_foreign_hosts_are_refused(region_url: str) -> None:
    for path in ("/", "/static/overview.js", "/nowhere"):
        headers = ask(region_url + path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
    assert ask(region_url, Host="attacker.example").status == 400
    assert ask(f"{region_url}/static/..%2froutes.py").status == 404
    assert ask(region_url, "POST").status == 405
