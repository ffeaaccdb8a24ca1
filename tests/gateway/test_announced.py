"""What a device says of its starts tells what is still to come, and which whole start never came."""

import json
from contextlib import closing
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.intake.announced import EVERY_S, KEPT_STARTS, Announcing, Awaited, MissingBoots, awaited, boots_missing
from gateway.intake.vault import Vault
from gateway.lanes import Lanes
from gateway.store.connection import Connection, StoreFault
from gateway.store.postgres import connect
from messages.facts import OutboxDropped
from simulators.network.postgres import Postgres
from tests.gateway.desk import Desk
from tests.gateway.test_gateway_order import ALARM, numbered, told
from tests.gateway.test_gateway_worker import hear, word
from tests.gateway.test_postgres_order import desks

ONE, TWO, THREE, FOUR = (digit * 32 for digit in "1234")


def start(number: int, boot: str, last_seq: int) -> dict[str, object]:
    return {"boot": boot, "last_seq": last_seq, "number": number}


def announce(connection: Connection, device: str, *starts: object) -> None:
    announcing = Announcing(lambda: 0.0)
    announcing.hear(device, {"boots": list(starts)})
    announcing.keep(connection, announcing.take())


def tell_of_three_starts(desk: Desk, lane: Any) -> None:
    """The third of four is the first of which nothing came."""
    drop = OutboxDropped(TWO, ((5, 6),), 2, "disk-full")
    desk.take(numbered(lane, 2, told(lane, TWO, 1, ALARM, 0), told(lane, TWO, 2, ALARM, 1)))
    desk.take(numbered(lane, 5, told(lane, FOUR, 1, drop, 9)))


def is_told(desk: Desk, lane: Any) -> None:
    tell_of_three_starts(desk, lane)
    assert boots_missing(desk.connection) == [MissingBoots("lane-1", ((3, 4),))]
    assert awaited(desk.connection) == []
    announce(desk.connection, "lane-1", start(2, TWO, 8), start(3, ONE, 0), start(4, THREE, 3), start(5, FOUR, 1))
    assert boots_missing(desk.connection) == []  # one had no event, and the other is on its way
    assert awaited(desk.connection) == [
        Awaited("lane-1", TWO, ((3, 4), (7, 8))),
        Awaited("lane-1", THREE, ((1, 3),)),
    ]
    desk.take(numbered(lane, 4, *(told(lane, THREE, seq, ALARM, 5) for seq in (1, 2, 3))))
    desk.take(numbered(lane, 2, told(lane, TWO, 8, ALARM, 4)))  # what lies before it is a gap now
    assert awaited(desk.connection) == []


def test_starts_that_never_came_and_numbers_still_to_come_are_told(desk: Desk) -> None:
    is_told(desk, desk.region.lane())


def test_starts_and_numbers_are_told_by_postgres_too(region: Any, postgres: Postgres) -> None:
    lane = region.lane()
    with closing(connect(postgres.fresh())) as store:
        store.migrate()
        desks(region, [store])
        is_told(Desk(store, region, Vault(region.authority.store_key())), lane)


def test_news_are_written_once_a_minute_and_nothing_else_is(desk: Desk) -> None:
    now_s = [0.0]
    announcing = Announcing(lambda: now_s[0])
    written = "SELECT device, last_seq FROM announced ORDER BY device"

    def keep() -> bool:
        if due := announcing.is_due():
            announcing.keep(desk.connection, announcing.take())
        return due

    assert not announcing.is_due()  # nothing was heard
    announcing.hear("lane-1", {"boots": [start(1, ONE, 5)]})
    assert keep()
    announcing.hear("lane-1", {"boots": [start(1, ONE, 6)]})
    announcing.hear("lane-2", {"boots": [start(1, TWO, 1)]})
    now_s[0] += EVERY_S - 1
    assert not keep()
    now_s[0] += 1
    assert keep()
    assert desk.rows(written) == [("lane-1", 6), ("lane-2", 1)]
    statements: list[str] = []
    desk.connection.raw.set_trace_callback(statements.append)  # type: ignore[attr-defined]  # it is a SqliteStore
    announcing.hear("lane-1", {"boots": [start(1, ONE, 6)]})
    now_s[0] += EVERY_S
    assert keep()
    assert statements == []


def test_what_was_not_written_is_written_the_next_time_unless_there_is_newer(desk: Desk) -> None:
    announcing = Announcing(lambda: 0.0)
    announcing.hear("lane-1", {"boots": [start(1, ONE, 5)]})
    announcing.hear("lane-2", {"boots": [start(1, TWO, 5)]})
    heard = announcing.take()
    announcing.hear("lane-2", {"boots": [start(1, TWO, 9)]})
    announcing.again(heard)
    announcing.keep(desk.connection, announcing.take())
    assert desk.rows("SELECT device, last_seq FROM announced ORDER BY device") == [("lane-1", 5), ("lane-2", 9)]


def test_another_workers_older_word_takes_nothing_back(desk: Desk) -> None:
    announce(desk.connection, "lane-1", start(1, ONE, 9))
    announce(desk.connection, "lane-1", start(1, ONE, 4))
    assert desk.rows("SELECT last_seq FROM announced") == [(9,)]


@pytest.mark.parametrize(
    "boots",
    [
        None, "x", {"boot": ONE}, ["x"], [{"boot": ONE, "last_seq": 1}], [start(0, ONE, 1)], [start(1, ONE, -1)],
        [start(1, "z" * 32, 1)], [start(2**64, ONE, 1)], [{**start(1, ONE, 1), "last_seq": True}],
    ],
)  # fmt: skip
def test_what_names_no_start_is_left_out(desk: Desk, boots: object) -> None:
    announcing = Announcing(lambda: 0.0)
    announcing.hear("lane-1", {"boots": boots})
    announcing.keep(desk.connection, announcing.take())
    assert desk.rows("SELECT * FROM announced") == []


def test_a_device_that_makes_up_starts_fills_no_disk(desk: Desk) -> None:
    for number in range(0, KEPT_STARTS * 2, 50):
        announce(desk.connection, "lane-1", *(start(number + n, f"{number + n:032x}", 1) for n in range(1, 51)))
    announce(desk.connection, "lane-2", start(1, ONE, 1))
    counted = desk.rows("SELECT device, count(*) FROM announced GROUP BY device ORDER BY device")
    assert counted == [("lane-1", KEPT_STARTS), ("lane-2", 1)]


def test_a_worker_writes_down_what_a_signed_status_announces(desk: Desk) -> None:
    lane = desk.region.lane()
    hear(desk.region, Lanes(lambda: 0.0), word(lane, mono_ms=5, boots=[start(1, ONE, 7)]))
    assert awaited(desk.connection) == [Awaited("lane-1", ONE, ((1, 7),))]


def test_a_worker_whose_store_refuses_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise StoreFault("SQLITE_FULL")

    monkeypatch.setattr(Announcing, "keep", refuse)
    hear(desk.region, Lanes(lambda: 0.0), word(desk.region.lane(), mono_ms=5, boots=[start(1, ONE, 7)]))


def test_the_command_says_both_and_fails_for_a_start_that_never_came(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    asking = ["gateway", "gaps", "--state", str(desk.region.state)]
    announce(desk.connection, "lane-1", start(2, TWO, 2))
    assert main([*asking, "--json"]) == 0  # what is merely on its way is no gap
    assert json.loads(capsys.readouterr().out)["awaited"] == [{"device": "lane-1", "boot": TWO, "numbers": [[1, 2]]}]
    tell_of_three_starts(desk, desk.region.lane())
    announce(desk.connection, "lane-1", start(2, TWO, 4))
    assert main([*asking, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["gaps"], said["boots_missing"]) == ([], [{"device": "lane-1", "numbers": [[3, 4]]}])
    assert said["awaited"] == [{"device": "lane-1", "boot": TWO, "numbers": [[3, 4]]}]
    assert main(asking) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["lane-1: nothing came of its starts 3 to 4", f"lane-1 boot {TWO}: still to come 3 to 4"]
