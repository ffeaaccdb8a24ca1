import asyncio
import time

import pytest

from edge.gate.events import Reason
from edge.pages.guard import QUEUE_LIMIT, SESSION_LIFE_S, SESSIONS_LIMIT, OfficerKey, Sessions, TooManyTries
from tests.pages.asking import Answer, ask, first_event
from tests.pages.pretend import KEY, SETTINGS, PretendLane

FORM = "application/x-www-form-urlencoded"


def log_in(url: str, key: str = KEY, **headers: str) -> Answer:
    named = {"Origin": url, "content_type": FORM} | headers
    return ask(f"{url}/officer/login", "POST", f"key={key}".encode(), **named)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_orders_need_the_key(lane: PretendLane, lane_url: str) -> None:
    for order in ("hold", "reopen", "seen"):
        answer = ask(f"{lane_url}/officer/{order}", "POST", Origin=lane_url)
        assert answer.status == 401
    assert ask(f"{lane_url}/officer/events").status == 401
    assert lane.orders == []


def test_a_program_orders_with_the_key_as_bearer(lane: PretendLane, lane_url: str) -> None:
    for order in ("hold", "reopen", "seen"):
        answer = ask(f"{lane_url}/officer/{order}", "POST", Authorization=f"Bearer {KEY}")
        assert answer.status == 200
        assert answer.json()["state"] == lane.desk.state
    assert lane.orders == ["hold", "reopen", "seen"]


def test_nothing_is_ordered_by_looking(lane: PretendLane, lane_url: str) -> None:
    cookie = cookie_of(log_in(lane_url))
    for path in ("", "/hold", "/reopen", "/seen", "/logout"):
        ask(f"{lane_url}/officer{path}", Cookie=cookie)
    assert lane.orders == []


def test_a_wrong_key_is_refused_and_slows_the_next(lane: PretendLane, lane_url: str) -> None:
    began = time.monotonic()
    assert log_in(lane_url, "wrong").status == 401
    assert ask(f"{lane_url}/officer/hold", "POST", Authorization="Bearer wrong").status == 401
    assert ask(f"{lane_url}/officer/hold", "POST", Authorization="Bearer").status == 401
    assert time.monotonic() - began > 2.9
    assert lane.orders == []


def test_keys_are_judged_one_after_the_other_and_not_without_end() -> None:
    async def guess() -> list[object]:
        key = OfficerKey("right", delay_s=0.02)
        began = time.monotonic()
        answers = await asyncio.gather(*(key.fits("wrong") for _ in range(QUEUE_LIMIT + 5)), return_exceptions=True)
        assert time.monotonic() - began >= QUEUE_LIMIT * 0.02  # guessing side by side gains nothing
        assert await key.fits("right")
        return answers

    answers = asyncio.run(guess())
    assert answers.count(False) == QUEUE_LIMIT
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 5


def test_an_empty_key_opens_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        OfficerKey("")


def test_the_key_stands_in_no_repr() -> None:
    assert KEY not in repr(SETTINGS)


def test_f14_every_login_makes_a_new_session_that_scripts_and_other_sites_never_see(lane_url: str) -> None:
    first, second = log_in(lane_url), log_in(lane_url, Cookie="officer-planted=known")
    assert first.status == 303
    assert cookie_of(first) != cookie_of(second)
    for word in ("HttpOnly", "SameSite=strict", "Path=/officer"):
        assert word.lower() in first.headers["set-cookie"].lower()
    assert len(cookie_of(first).partition("=")[2]) >= 22  # 128 bits


def test_a_session_ends_with_the_shift_and_at_sign_out(lane_url: str) -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    token = sessions.open()
    now[0] = SESSION_LIFE_S - 1
    assert sessions.knows(token)
    now[0] = SESSION_LIFE_S
    assert not sessions.knows(token)

    cookie = cookie_of(log_in(lane_url))
    assert b"Hold lane" in ask(f"{lane_url}/officer", Cookie=cookie).body
    ask(f"{lane_url}/officer/logout", "POST", Cookie=cookie, Origin=lane_url)
    assert b"Hold lane" not in ask(f"{lane_url}/officer", Cookie=cookie).body


def test_the_oldest_session_gives_way() -> None:
    sessions = Sessions(lambda: 0.0)
    tokens = [sessions.open() for _ in range(SESSIONS_LIMIT + 1)]
    assert [sessions.knows(token) for token in tokens] == [False] + [True] * SESSIONS_LIMIT


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "https://attacker.example", "null", ""])
def test_f01_an_order_from_a_foreign_page_is_refused(lane: PretendLane, lane_url: str, origin: str) -> None:
    cookie = cookie_of(log_in(lane_url))
    answer = ask(f"{lane_url}/officer/hold", "POST", Cookie=cookie, Origin=origin)
    assert answer.status == 403
    assert ask(f"{lane_url}/officer/hold", "POST", Cookie=cookie).status == 403
    assert log_in(lane_url, Origin=origin).status == 403
    assert lane.orders == []
    assert ask(f"{lane_url}/officer/hold", "POST", Cookie=cookie, Origin=lane_url).status == 200


def test_the_officer_is_told_the_reason_and_what_helps(lane: PretendLane, lane_url: str) -> None:
    lane.call(Reason.NOT_ALONE)
    told = first_event(f"{lane_url}/officer/events", "lane", Authorization=f"Bearer {KEY}")
    assert told["reasons"] == ["not-alone"]
    assert told["reason_words"][0]["what"] == "More than one person inside"
    assert told["called"] is True
    assert {"state", "visit", "since_s", "link", "outbox"} <= told.keys()


def test_a_long_body_is_not_read(lane_url: str) -> None:
    assert ask(f"{lane_url}/officer/login", "POST", b"key=" + b"x" * 9000, Origin=lane_url).status == 401
