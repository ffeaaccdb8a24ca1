"""What the gateway has to say of a device is said until somebody settles it, and again when it happens again."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.intake.alarms import settle
from gateway.queries import Queries
from gateway.store.postgres import connect
from simulators.network.postgres import Postgres
from tests.gateway.desk import LATER, Desk, Offer, offer, open_desk
from tests.gateway.test_gateway_order import ALARM
from tests.gateway.test_postgres_order import desks

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
THIEF = "lane-2"
WRONG = (THIEF, "wrong-topic")


@pytest.fixture
def lane(region: Any) -> Any:
    return region.lane("lane-1")


@pytest.fixture(params=["file", "postgres"])
def desk(request: pytest.FixtureRequest, region: Any, lane: Any) -> Iterator[Desk]:
    if request.param == "file":
        with open_desk(region) as opened:
            yield opened
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with closing(connect(postgres.fresh())) as store:
        store.migrate()
        yield desks(region, [store, store])[0]


@pytest.fixture
def stolen(lane: Any) -> Offer:
    """D01: a frame of one device on the topic of another."""
    return str(lane.topic).replace(lane.name, THIEF), lane.frame([lane.alarm()])


def at_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def shown(desk: Desk) -> list[tuple[object, object]]:
    """On the page and to programs."""
    return [(alarm["device"], alarm["code"]) for alarm in Queries(desk.connection).alarms()]


def times(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("SELECT since_ms, last_ms, settled_ms FROM alarms")


def test_d01_what_goes_on_is_said_again_every_hour_and_not_more_often(desk: Desk, stolen: Offer) -> None:
    assert desk.take(stolen).alarms == [WRONG]
    quiet = [desk.take(stolen, now=LATER + n * HOUR / 4).alarms for n in (1, 2, 3, 4)]
    assert quiet == [[], [], [], []]
    assert desk.take(stolen, stolen, now=LATER + HOUR + SECOND).alarms == [WRONG]
    assert desk.take(stolen, now=LATER + 2 * HOUR).alarms == []
    assert times(desk) == [(at_ms(LATER), at_ms(LATER + 2 * HOUR), None)]


def test_a_clock_that_was_ahead_when_it_was_said_silences_nothing(desk: Desk, stolen: Offer) -> None:
    ahead = LATER + timedelta(days=400)
    assert desk.take(stolen, now=ahead).alarms == [WRONG]
    assert desk.take(stolen).alarms == [WRONG]
    assert desk.take(stolen).alarms == []
    assert times(desk) == [(at_ms(ahead), at_ms(ahead), None)]


def test_what_is_settled_is_on_no_page_and_comes_back_at_once_when_it_happens_again(
    desk: Desk, stolen: Offer, lane: Any
) -> None:
    desk.take(stolen, (str(lane.topic)[:-4], b"garbage"))
    assert settle(desk.connection, *WRONG, at_ms(LATER + SECOND)) == 1
    assert shown(desk) == [("", "wrong-topic")]  # of nobody: another one's stays
    assert settle(desk.connection, *WRONG, at_ms(LATER + 2 * SECOND)) == 0
    first, second = Queries(desk.connection).all_alarms(10)
    assert (first["device"], first["settled_ms"]) == ("", None)
    assert (second["device"], second["settled_ms"]) == (THIEF, at_ms(LATER + SECOND))
    assert Queries(desk.connection).all_alarms(1) == [first]
    assert Queries(desk.connection).alarms_counted() == (1, 2)
    assert desk.take(stolen, now=LATER + 3 * SECOND).alarms == [WRONG]
    assert shown(desk) == [WRONG, ("", "wrong-topic")]


def test_the_newest_stands_first_though_another_one_began_later(desk: Desk, stolen: Offer, lane: Any) -> None:
    desk.take(stolen)
    desk.take((str(lane.topic)[:-4], b"garbage"), now=LATER + SECOND)
    desk.take(stolen, now=LATER + 2 * SECOND)
    assert shown(desk) == [WRONG, ("", "wrong-topic")]


def test_a_conflict_that_was_settled_stays_so_when_what_is_in_quarantine_is_only_sent_again(
    desk: Desk, lane: Any
) -> None:
    conflict = ("lane-1", "sequence-conflict")
    both = [offer(lane, lane.alarm()), offer(lane, lane.tell(ALARM, seq=1))]
    assert desk.take(*both).alarms == [conflict]
    settle(desk.connection, *conflict, at_ms(LATER))
    again = desk.take(*both, now=LATER + 2 * HOUR)
    assert (again.alarms, again.duplicates, shown(desk)) == ([], 2, [])
    third = offer(lane, lane.tell(ALARM, seq=1))
    assert desk.take(third, now=LATER + 2 * HOUR).alarms == [conflict]
    assert shown(desk) == [conflict]


def test_a_person_lists_alarms_and_settles_them(
    region: Any, lane: Any, stolen: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gateway", "alarms", "--state", str(region.state)]
    assert main(command) == 0
    assert capsys.readouterr().out == "There is none.\n"
    with open_desk(region) as desk:
        desk.take(stolen)
        desk.take(stolen, now=LATER + SECOND)
    assert main([*command, "--json"]) == 1
    row = {"device": THIEF, "code": "wrong-topic", "boot": "", "seq": 0, "settled_ms": None}
    row |= {"since_ms": at_ms(LATER), "last_ms": at_ms(LATER + SECOND)}
    assert json.loads(capsys.readouterr().out) == {"alarms": [row], "open": 1, "total": 1}
    assert main(command) == 1
    line = "wrong-topic: lane-2; since 2026-11-24T13:00:00+00:00, last 2026-11-24T13:00:01+00:00"
    assert capsys.readouterr().out.splitlines() == [line]
    assert main([*command, "--settle", *WRONG, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"device": THIEF, "code": "wrong-topic", "settled": 1}
    assert main(command) == 0
    assert capsys.readouterr().out.startswith(f"{line}; settled 20")


def test_whoever_settles_what_is_not_open_is_told_so(
    region: Any, lane: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gateway", "alarms", "--state", str(region.state), "--settle"]
    assert main([*command, "lane-1", "wrong\x1b-topic"]) == 2
    said = capsys.readouterr().err
    assert "lane-1 has no open alarm wrong?-topic." in said
    assert "`gateway alarms` lists them." in said
    assert main([*command, "", "wrong-topic"]) == 2
    assert "An unproven sender has no open alarm wrong-topic." in capsys.readouterr().err


def test_a_line_says_of_which_boot_and_number_and_steers_no_terminal(
    region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_desk(region) as desk:
        insert = "INSERT INTO alarms (device, code, boot, seq, since_ms) VALUES (?, 'sequence-conflict', ?, ?, 0)"
        desk.connection.executemany(insert, [("lane-1", "ab" * 16, 4), ("\x1b[2J", "", 0)])
    assert main(["gateway", "alarms", "--state", str(region.state)]) == 1
    one, other = sorted(capsys.readouterr().out.splitlines(), reverse=True)
    assert f"sequence-conflict: lane-1, boot {'ab' * 16}, number 4; 1970-01-01T00:00:00+00:00" in one
    assert other == "sequence-conflict: ?[2J; 1970-01-01T00:00:00+00:00"
