import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from edge.gate.events import Reason
from edge.pages.catalogue import read
from edge.pages.protocols import Screen, Sign
from edge.pages.traveller import STEPS
from simulators.network.broker import free_port
from tests.pages.asking import ask, first_event
from tests.pages.looking import fits, load_axe, shown_sign, violations, wait_for_sign
from tests.pages.pretend import SETTINGS, PretendLane, Serving, lane_server, until

ROOT = Path(__file__).parents[2]
SENT = [sign for sign in Sign if sign is not Sign.STALE]
# Which signs axe judges: all of them once, and the three layouts (steps, hint, referral) again from right to left.
JUDGED = {"en": SENT, "fr": [], "ar": [Sign.READY, Sign.LOOK, Sign.OFFICER]}
HINTS = ["nobody", "several", "too-dark", "blurred", "too-far", "look-straight"]


@pytest.mark.parametrize("code", ["en", "fr", "ar"])
def test_every_sign_is_said_in_the_chosen_language(page: Page, lane: PretendLane, lane_url: str, code: str) -> None:
    words = read(code)
    page.goto(lane_url)
    load_axe(page)
    for sign in SENT:
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        page.click(f"#languages button[value={code}]")  # ready and closed begin in the post's own language again
        assert page.inner_text("#sentence") == words.messages[f"sentence.{sign}"]
        assert page.inner_text("#detail") == words.messages[f"detail.{sign}"]
        assert page.locator("html").get_attribute("dir") == words.direction
        assert page.locator("html").get_attribute("lang") == code
        assert page.locator(".pictogram:visible").get_attribute("data-sign") == sign.value
        assert page.locator("#others p:visible").count() == 2
        assert page.locator("#progress").is_visible() == (sign in STEPS)
        assert fits(page)
        if sign in JUDGED[code]:
            assert violations(page) == [], sign


def test_languages_stand_in_the_same_order_under_right_to_left(page: Page, lane_url: str) -> None:
    page.goto(lane_url)

    def left_edges() -> list[float]:
        return [button.bounding_box()["x"] for button in page.locator("#languages button").all()]

    before = left_edges()
    page.click("button[value=ar]")
    assert left_edges() == pytest.approx(before, abs=40)
    assert before == sorted(before)


def test_a_pointing_picture_turns_with_the_language_and_a_camera_does_not(
    page: Page, lane: PretendLane, lane_url: str
) -> None:
    page.goto(lane_url)
    turned = {}
    for sign in (Sign.ENTER, Sign.LOOK):
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        page.click("button[value=ar]")
        turned[sign] = page.eval_on_selector(f"[data-sign={sign}]", "picture => getComputedStyle(picture).transform")
    assert turned[Sign.ENTER].startswith("matrix(-1")
    assert turned[Sign.LOOK] == "none"


def test_the_camera_step_says_what_helps(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    for hint in HINTS:
        lane.sign(Sign.LOOK, hint=hint)
        page.wait_for_function(
            "text => document.getElementById('detail').textContent === text", arg=read("en").messages[f"hint.{hint}"]
        )


def test_all_referrals_are_one_picture(page: Page, lane: PretendLane, lane_url: str) -> None:
    """Whatever led to it: reasons, hints and time limits change nothing that a bystander could see."""
    page.goto(lane_url)
    seen = set()
    for hint, countdown_s, reason in [
        ("", None, Reason.TOO_SLOW),
        ("several", 9.0, Reason.NOT_ALONE),
        ("document-left", 3.0, Reason.PERSON_LISTED),
        ("look-straight", None, Reason.FACE_NO_MATCH),
    ]:
        lane.sign(Sign.LOOK)
        wait_for_sign(page, "look")
        lane.call(reason)
        lane.sign(Sign.OFFICER, hint=hint, countdown_s=countdown_s)
        wait_for_sign(page, "officer")
        seen.add(page.evaluate("document.body.innerText + document.title"))
        told = first_event(f"{lane_url}/events", "screen")
        assert (told["hint"], told["countdown_s"]) == ("", None)
    assert len(seen) == 1


def test_the_next_traveller_begins_in_the_language_of_the_post(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    wait_for_sign(page, "ready")
    page.click("button[value=fr]")
    lane.sign(Sign.LOOK)
    wait_for_sign(page, "look")
    assert page.locator("html").get_attribute("lang") == "fr"
    lane.show(Screen(Sign.READY, visit=2))
    wait_for_sign(page, "ready")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("button[value=en]").get_attribute("aria-pressed") == "true"


def test_progress_never_falls_back_within_a_visit(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)

    def step() -> str | None:
        return page.locator("#progress [aria-current=step]").get_attribute("data-step")

    for sign, wanted in [
        (Sign.CHECKING, "1"),
        (Sign.ENTER, "2"),
        (Sign.LOOK, "3"),
        (Sign.CHECKING, "3"),
        (Sign.GO, "4"),
    ]:
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        assert step() == wanted
    lane.show(Screen(Sign.READY, visit=2))
    wait_for_sign(page, "ready")
    assert step() == "1"


def test_two_changes_ten_milliseconds_apart_end_in_the_last(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    for _ in range(5):
        lane.sign(Sign.ENTER)
        time.sleep(0.01)  # the point of the test: another change while the first is on its way
        last = lane.sign(Sign.LOOK)
        until(lambda last=last: last in lane.drawn_seqs, "the last change is painted")
        assert shown_sign(page) == "look"


def test_what_stands_on_the_glass_is_acknowledged_again_and_again(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    seq = lane.sign(Sign.ENTER)
    until(lambda: lane.drawn_seqs.count(seq) >= 2, "a second acknowledgement", 5.0)


def test_a_countdown_is_told_before_time_is_up(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    lane.sign(Sign.PUT_BACK, countdown_s=9.0)
    wait_for_sign(page, "put-back")
    assert page.inner_text("#countdown") in ("9 seconds left", "8 seconds left")
    lane.sign(Sign.CHECKING)
    wait_for_sign(page, "checking")
    assert page.locator("#countdown").is_hidden()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900), (320, 560)])
def test_every_sign_fits_phone_and_desk(page: Page, lane: PretendLane, lane_url: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(lane_url)
    load_axe(page)
    for sign in SENT:
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        page.click("button[value=fr]")
        assert fits(page), sign
        sizes = [button.bounding_box() for button in page.locator("#languages button").all()]
        assert min(size["height"] for size in sizes) >= 64
    assert violations(page) == []


def test_every_ground_and_ink_keep_seven_to_one(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    for sign in SENT:
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        colours = page.evaluate(
            "['background-color', 'color'].map(name => getComputedStyle(document.body).getPropertyValue(name))"
        )
        assert contrast(*colours) >= 7, sign


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two `rgb(r, g, b)`."""
    lights = []
    for colour in (one, other):
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_nothing_moves_for_those_who_asked_for_calm(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    for sign in SENT:
        lane.sign(sign)
        wait_for_sign(page, sign.value)
        assert page.evaluate("document.getAnimations().length") == 0


def test_f05_markup_in_the_name_of_a_lane_is_shown_as_text(page: Page, lane: PretendLane) -> None:
    planted = "<img src=x onerror=document.title='owned'>"
    settings = type(SETTINGS)(officer_key="k", post="</title><script>1</script>", lane=planted)
    with Serving(lane_server(lane, settings)) as serving:
        page.goto(serving.url)
        lane.show(Screen(Sign.GO, lane=planted))
        wait_for_sign(page, "go")
        assert page.inner_text("#lane") == planted
        assert page.locator("img").count() == 0
        assert page.title() == f"Gate {planted}"


def test_a_sign_that_this_page_does_not_know_is_drawn_as_closed(page: Page, lane: PretendLane, lane_url: str) -> None:
    page.goto(lane_url)
    lane.sign(Sign.GO)
    wait_for_sign(page, "go")
    lane.show(Screen(Sign.STALE))
    wait_for_sign(page, "stale")


def test_without_script_the_page_claims_nothing(lane: PretendLane, lane_url: str) -> None:
    lane.sign(Sign.GO)
    first = ask(lane_url).body.decode()
    assert 'data-screen="stale"' in first
    assert "This gate is closed" in first


# --- a lane that falls silent ---
@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def process(port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The latest lane stands last; all are ended."""
    started = [start(port)]
    yield started
    for each in started:
        each.kill()
        each.wait(10)


def start(port: int) -> subprocess.Popen[bytes]:
    lane = subprocess.Popen([sys.executable, "-m", "tests.pages.pretend", str(port)], cwd=ROOT)
    until(lambda: healthy(port), "the lane answers", 20.0)
    return lane


def healthy(port: int) -> bool:
    try:
        return ask(f"http://127.0.0.1:{port}/healthz").status == 200
    except OSError:  # not yet
        return False


def test_a_lane_that_falls_silent_never_keeps_a_green_arrow(
    page: Page, port: int, process: list[subprocess.Popen[bytes]]
) -> None:
    page.goto(f"http://127.0.0.1:{port}")
    wait_for_sign(page, "go")
    process[-1].send_signal(signal.SIGSTOP)  # the connection stands, and says nothing
    wait_for_sign(page, "stale", 8.0)
    assert page.inner_text("#sentence") == "This gate is closed"
    assert page.inner_text("#detail") == "Please see an officer."
    process[-1].send_signal(signal.SIGCONT)
    wait_for_sign(page, "go", 8.0)

    process[-1].kill()
    process[-1].wait(10)
    wait_for_sign(page, "stale", 8.0)
    load_axe(page)
    assert violations(page) == []
    process.append(start(port))
    wait_for_sign(page, "go", 8.0)


def test_every_answer_carries_the_strict_policy(lane_url: str) -> None:
    for path in ("/", "/static/traveller.js", "/officer", "/healthz", "/nowhere"):
        headers = ask(lane_url + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_no_page_names_another_host(lane_url: str) -> None:
    for path in ("/", "/static/traveller.js", "/static/traveller.css", "/officer"):
        body = ask(lane_url + path).body
        assert b"http://" not in body
        assert b"https://" not in body


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/..%5capp.py", "/static/x"])
def test_f09_no_path_leads_out_of_the_static_folder(lane_url: str, path: str) -> None:
    assert ask(lane_url + path).status == 404


def test_f10_a_foreign_host_name_is_refused(lane_url: str) -> None:
    assert ask(lane_url, Host="lane.attacker.example").status == 400


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'{"seq":-1}', b'{"seq":"1"}', b'{"seq":1e400}', b" " * 5000, b"\xff"]
)
def test_a_garbled_acknowledgement_acknowledges_nothing(lane: PretendLane, lane_url: str, body: bytes) -> None:
    assert ask(f"{lane_url}/drawn", "POST", body).status == 400
    assert lane.drawn_seqs == []


def test_f01_a_foreign_page_cannot_vouch_for_the_glass(lane: PretendLane, lane_url: str) -> None:
    body = json.dumps({"seq": 1}).encode()
    assert ask(f"{lane_url}/drawn", "POST", body, Origin="http://127.0.0.1:1").status == 403
    assert ask(f"{lane_url}/drawn", "POST", body, Origin=lane_url).status == 204
    assert lane.drawn_seqs == [1]


def test_a_program_can_ask_for_the_lane(lane_url: str) -> None:
    assert ask(f"{lane_url}/healthz").json() == {"ok": True}
    assert ask(f"{lane_url}/api/v1/lane").json() == {"state": "idle", "screen": "ready"}
    assert ask(f"{lane_url}/api/v1/metrics").json()["amplification"] == {"single": 12.2, "group": None}
