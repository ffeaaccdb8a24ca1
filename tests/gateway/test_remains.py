"""A rebuild puts right what the devices model and the gaps lack, and takes nothing away that retention explains."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.care.retention import sweep
from gateway.intake.rebuild import rebuild
from gateway.intake.vault import Vault
from gateway.store.postgres import PostgresStore, connect
from messages.events import Clock
from messages.facts import DeviceTelemetry, OutboxDropped, Reading
from simulators.network.postgres import Postgres
from tests.gateway.desk import LATER, Desk, offer_with_bodies
from tests.gateway.test_gateway_order import ALARM, SNAPSHOT, numbered, story, told
from tests.gateway.test_postgres_order import desks

ONE, TWO, GONE = "1" * 32, "2" * 32, "3" * 32
READING = DeviceTelemetry((Reading("cpu", 40.5),))
MODEL = [query for query in SNAPSHOT if "first_ms" in query or "FROM arrived" in query or "FROM dropped" in query]
DAMAGES = (
    "UPDATE boots SET first_ms = 0, last_ms = 0, synced_ms = 0 WHERE boot LIKE '1%'",
    "UPDATE boots SET first_ms = NULL, last_ms = NULL, synced_mono = NULL, synced_ms = NULL",
    "UPDATE boots SET last_ms = last_ms - 1 WHERE boot LIKE '2%'",
    "DELETE FROM arrived",
    "UPDATE arrived SET last = last - 1 WHERE last > first",
    "UPDATE arrived SET last = last - 1 WHERE first = 4",
    "DELETE FROM dropped",
    "UPDATE boots SET boot = '00' WHERE boot LIKE '3%'",  # the one of which there are no events
)


def tell(desk: Desk) -> Any:
    """A whole boot, and one with a gap, a bad event, a number that two claim, and drops; all of a third was dropped."""
    lane = desk.region.lane()
    desk.take(numbered(lane, 1, *(told(lane, ONE, n, READING, n, clock=Clock.UNKNOWN) for n in (1, 2))))
    desk.take(numbered(lane, 1, told(lane, ONE, 3, READING, 9)))
    drops = OutboxDropped(TWO, ((2, 3),), 2, "disk-full"), OutboxDropped(GONE, ((1, 9),), 9, "outbox-full")
    desk.take(numbered(lane, 3, told(lane, TWO, 1, ALARM, 20), told(lane, TWO, 2, drops[1], 21)))
    desk.take(numbered(lane, 3, *(told(lane, TWO, n, ALARM, 20 + n) for n in (4, 5))))
    lane.boot = TWO
    desk.take(offer_with_bodies(lane, [b"poison"], 6))
    desk.take(numbered(lane, 3, told(lane, TWO, 8, drops[0], 30)))
    desk.take(numbered(lane, 3, told(lane, TWO, 8, ALARM, 30)))  # both are set aside, with the drops that one declared
    return lane


def model(desk: Desk) -> list[Any]:
    return [desk.rows(query) for query in MODEL]


def is_put_right(desk: Desk) -> None:
    tell(desk)
    right = model(desk)
    assert [len(rows) for rows in right] == [3, 4, 2]
    assert rebuild(desk.connection, desk.vault).equal
    for damage in DAMAGES:
        desk.connection.execute(damage)
        assert not rebuild(desk.connection, desk.vault).equal, damage
        desk.connection.execute("DELETE FROM boots WHERE boot = '00'")
        assert model(desk) == right, damage
        assert rebuild(desk.connection, desk.vault).equal, damage


def is_left_when_events_are_gone(desk: Desk) -> None:
    tell(desk)
    late_ms = 400 * 86_400_000
    desk.connection.execute("UPDATE events SET received_ms = received_ms + ? WHERE seq IN (3, 5)", (late_ms,))
    right = model(desk)
    assert sweep(desk.connection, (), LATER + timedelta(days=400), keep_days=100).rows_removed
    assert desk.stored() == 2
    assert rebuild(desk.connection, desk.vault).equal
    assert model(desk) == right
    desk.connection.execute("DELETE FROM arrived")
    assert not rebuild(desk.connection, desk.vault).equal
    assert model(desk)[0] == right[0]  # times that no event shows any more are not taken away for that
    assert rebuild(desk.connection, desk.vault).equal


@pytest.fixture
def server_desk(region: Any, postgres: Postgres) -> Iterator[Desk]:
    with closing(connect(postgres.fresh())) as store:
        store.migrate()
        yield _Late(store, region, Vault(region.authority.store_key()))


class _Late(Desk):
    """Knows a device as soon as it speaks: the region enrols it in its file."""

    def take(self, *offers: Any) -> Any:
        if not self.rows("SELECT 1 FROM devices"):
            assert isinstance(self.connection, PostgresStore)
            desks(self.region, [self.connection])
        return super().take(*offers)


def test_what_boots_and_gaps_lack_is_found_and_put_right(desk: Desk) -> None:
    is_put_right(desk)


def test_what_boots_and_gaps_lack_is_found_and_put_right_on_postgres(server_desk: Desk) -> None:
    is_put_right(server_desk)


def test_what_retention_took_is_missed_by_no_rebuild(desk: Desk) -> None:
    is_left_when_events_are_gone(desk)


def test_what_retention_took_is_missed_by_no_rebuild_on_postgres(server_desk: Desk) -> None:
    is_left_when_events_are_gone(server_desk)


def test_a_body_that_cannot_be_opened_shows_no_drops_and_stops_nothing(desk: Desk) -> None:
    tell(desk)
    desk.connection.execute("DELETE FROM dropped")
    assert rebuild(desk.connection, Vault(b"another key of thirty-two bytes.")).equal
    assert not rebuild(desk.connection, desk.vault).equal


def test_the_command_tells_of_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    tell(desk)
    shown = ["device", "show", "--state", str(desk.region.state), "--json"]
    rebuilding = ["gateway", "rebuild", "--state", str(desk.region.state), "--json"]
    assert main(shown) == 0
    right = capsys.readouterr().out
    desk.connection.execute("UPDATE boots SET first_ms = 0, last_ms = 0, synced_ms = 0")
    desk.connection.execute("DELETE FROM dropped")
    assert [main(rebuilding), main(rebuilding)] == [1, 0]
    said = [json.loads(line)["equal"] for line in capsys.readouterr().out.splitlines()]
    assert said == [False, True]
    assert main(shown) == 0
    assert capsys.readouterr().out == right


def test_all_but_the_numbers_of_the_boots_comes_back_from_events_and_quarantine(desk: Desk) -> None:
    for frame in story(desk.region):
        desk.take(frame)
    assert rebuild(desk.connection, desk.vault).equal
    right = model(desk)
    lost = "UPDATE boots SET first_ms = NULL, last_ms = NULL, synced_mono = NULL, synced_ms = NULL"
    for damage in (lost, "DELETE FROM arrived", "DELETE FROM dropped"):
        desk.connection.execute(damage)
    assert not rebuild(desk.connection, desk.vault).equal
    assert model(desk) == right
