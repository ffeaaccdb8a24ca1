"""What the store keeps from one version to the next, how its questions are answered, and that it can be read anew."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main as borderpost
from gateway.care.epoch import begin_epoch
from gateway.identity.register import Register
from gateway.intake.known import Known
from gateway.intake.rebuild import rebuild
from gateway.queries import Queries
from gateway.store.migrations import migrations, statements
from gateway.store.sqlite import connect
from messages.facts import LaneAlarm
from tests.gateway.desk import LATER, Desk, offer

BOOT = "a" * 32
ID = "0f3c3c1e-7f5e-5f0e-9d4e-2a4b6c8d0e1f"


def first_store(path: Path) -> None:
    """A store of the first version, with a crossing of two events, a gap and something in quarantine."""
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for statement in statements(migrations("sqlite")[0][1]):
            old.execute(statement)
        old.execute("PRAGMA user_version=1")
        old.execute("INSERT INTO devices VALUES ('lane-1', 'north', 'harbour', x'00', 0, 0)")
        event = (
            "INSERT INTO events (device, post, boot, seq, id, digest, type, time, clock, crossing, visit, direction,"
            " place, document_type, issuer, received_ms, body, retain_until) VALUES ('lane-1', 'harbour', ?, ?, ?,"
            " x'01', ?, ?, 'synced', 'c-1', 7, ?, '', 'P', 'UTO', 1795521700000, x'02', '2026-12-24')"
        )
        old.execute(event, (BOOT, 1, ID, "crossing.granted.v1", "2026-11-24T12:00:00.250Z", "entry"))
        old.execute(event, (BOOT, 3, ID[:-1] + "0", "crossing.left.v1", "2026-11-24T12:00:09.000Z", ""))
        old.execute("INSERT INTO arrived VALUES ('lane-1', ?, 1, 1), ('lane-1', ?, 3, 3)", (BOOT, BOOT))
        old.execute("INSERT INTO contested VALUES ('lane-1', ?)", (f"id:{ID}",))
        old.executemany(
            "INSERT INTO quarantine (row, sender, topic, reason, digest, size_bytes, received_ms, body, retain_until)"
            " VALUES (?, ?, 't', ?, x'01', 3, 4, x'05', '2026-12-24')",
            [(7, "lane-1", "bad-events"), (8, "lane-1", "sequence-conflict"), (11, "", "not-cbor"), (12, "", "gone")],
        )
        old.execute("DELETE FROM quarantine WHERE row = 12")
        old.execute("INSERT INTO alarms VALUES ('lane-1', 'sequence-conflict', ?, 4, 1795521600000)", (BOOT,))
        old.execute("UPDATE counts SET value = 5 WHERE name = 'duplicates_offered'")


def test_a_store_of_the_first_version_is_carried_over(tmp_path: Path) -> None:
    first_store(tmp_path / "store.sqlite")
    with closing(connect(tmp_path / "store.sqlite")) as store:
        store.migrate()
        told = [tuple(row) for row in store.execute("SELECT device, post, boot, seq, id, time_ms, body FROM told")]
        assert told[0] == ("lane-1", "harbour", BOOT, 1, ID.replace("-", ""), 1795521600250, b"\x02")
        assert len(told) == 2
        queries = Queries(store)
        counts = queries.counts()
        assert (counts.events, counts.crossings, counts.granted, counts.left) == (2, 1, 1, 1)
        assert (counts.duplicates_offered, counts.lost) == (5, 1)
        assert [gap.missing for gap in queries.gaps()] == [((2, 2),)]
        (movement,) = queries.movements()
        assert (movement.time, movement.outcome, movement.direction) == ("2026-11-24T12:00:09Z", "left", "entry")
        assert store.execute("SELECT claim FROM contested").fetchall()[0][0] == f"id:{ID.replace('-', '')}"
        kept = store.execute("SELECT row, sender, reason, size_bytes, received_ms, body, share FROM quarantine")
        assert [tuple(row) for row in kept] == [
            (7, "lane-1", "bad-events", 3, 4, b"\x05", "lane-1"),
            (8, "lane-1", "sequence-conflict", 3, 4, b"\x05", None),
            (11, "", "not-cbor", 3, 4, b"\x05", ""),
        ]
        later = "INSERT INTO quarantine (sender, topic, reason, digest, size_bytes, received_ms, retain_until)"
        store.execute(f"{later} VALUES ('', 't', 'not-cbor', x'02', 1, 1, '2026-12-24')")
        assert [row["row"] for row in queries.quarantine(1)] == [13]  # no number of a row comes twice
        alarm = store.execute("SELECT since_ms, last_ms, said_ms, settled_ms FROM alarms").fetchone()
        assert tuple(alarm or ()) == (1795521600000, 1795521600000, 1795521600000, None)
        rebuild(store)
        assert rebuild(store).equal
        store.migrate()  # again: nothing to do


SCAN = re.compile(r"\bSCAN (?:events|crossings|later|nearer|boots)\b(?! USING (?:COVERING )?INDEX)")


class Overheard:
    """A store that tells its plan for whatever is asked."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.plans: list[str] = []

    def execute(self, sql: str, values: Any = ()) -> Any:
        if sql.startswith("SELECT"):
            steps = self._store.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
            self.plans.append(f"{sql}: {' | '.join(row['detail'] for row in steps)}")
        return self._store.execute(sql, values)


def test_no_question_of_a_page_reads_a_whole_table(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(
        offer(lane, lane.granted(1), lane.left(1), lane.referred(2)),
        offer(lane, lane.tell(LaneAlarm("lingering", None), seq=9)),
    )
    store = Overheard(desk.connection)
    queries = Queries(store)
    queries.counts(), queries.movements(), queries.referrals(LATER), queries.events(0, 10)
    queries.quarantine(), queries.alarms(), queries.gaps(), queries.declared_drops()
    assert len(store.plans) > 8
    assert [plan for plan in store.plans if SCAN.search(plan)] == []
    # Those that walk an index do so in its order and stop at their limit.
    assert [plan for plan in store.plans if "TEMP B-TREE" in plan and "alarms" not in plan] == []


def test_a_read_model_that_differs_is_found_and_put_right(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    lane, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    desk.take(offer(lane, lane.granted(1), lane.left(1)), offer(other, other.referred(1), other.alarm()))
    right = [desk.rows("SELECT * FROM crossings ORDER BY 1"), desk.rows("SELECT * FROM lanes ORDER BY 1")]
    rebuilding = ["gateway", "rebuild", "--state", str(desk.region.state), "--json"]
    assert borderpost(rebuilding) == 0
    for damage in (
        "UPDATE crossings SET direction = 'exit' WHERE device = 'lane-1'",
        "DELETE FROM crossings WHERE device = 'lane-2'",
        "INSERT INTO crossings SELECT 'nobody', device, post, visit, moved_ms, granted_ms, referred_ms, abandoned_ms,"
        " left_ms, direction, place, reasons, cause, document_type, issuer FROM crossings LIMIT 1",
        "UPDATE lanes SET granted = granted + 1",
        "DELETE FROM lanes",
    ):
        desk.connection.execute(damage)
        assert borderpost(rebuilding) == 1
        assert [desk.rows("SELECT * FROM crossings ORDER BY 1"), desk.rows("SELECT * FROM lanes ORDER BY 1")] == right
        assert borderpost(rebuilding) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(one["events"], one["equal"]) for one in said} == {(4, True), (4, False)}


def test_the_register_is_read_again_when_it_changed_and_not_before(desk: Desk) -> None:
    desk.region.lane("lane-1")
    with closing(connect(desk.region.authority.store_path())) as reader:
        asked: list[str] = []
        reader.raw.set_trace_callback(asked.append)
        known = Known(reader)
        assert set(known.keys()) == {"lane-1"}
        asked.clear()
        assert known.keys() is known.keys()
        assert len(asked) == 4  # an epoch and a version each
        desk.region.lane("lane-2")
        assert [record.device for record in known.devices()] == ["lane-1", "lane-2"]
        Register(desk.connection).revoke("lane-1")
        assert known.keys()["lane-1"].revoked


def test_d30_a_register_from_a_backup_is_read_again_though_it_bears_the_same_number(desk: Desk) -> None:
    register = Register(desk.connection)
    desk.region.lane("lane-1")
    with closing(connect(desk.region.authority.store_path())) as reader:
        known = Known(reader)
        assert not known.keys()["lane-1"].revoked
        number = register.version()
        register.revoke("lane-1")  # as it is in the backup, in which something else has not happened yet
        desk.connection.execute("UPDATE register_version SET version = ?", (number,))
        with desk.connection.transaction():
            begin_epoch(desk.connection, LATER, desk.region.state)
        assert known.keys()["lane-1"].revoked
