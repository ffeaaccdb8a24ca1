"""A region on PostgreSQL is backed up, restored, cleaned and spoken to its devices from like one on a file."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.care.backup import backup
from gateway.care.epoch import epoch
from gateway.care.ledger import Entry, write_down
from gateway.care.restore import restore
from gateway.care.retention import erased_in, sweep
from gateway.downlink import lists, orders
from gateway.downlink.sending import Downlink
from gateway.errors import GatewayError
from gateway.identity.authority import Authority, set_up
from gateway.identity.joining import Joining
from gateway.identity.register import Register
from gateway.identity.rotation import add_worker, copy_for
from gateway.intake.judge import judge
from gateway.intake.prepared import prepare
from gateway.intake.recording import record, store
from gateway.intake.vault import Vault
from gateway.intake.worker import Heard, Keys, Message, Worker
from gateway.lanes import Lanes
from gateway.state import StateFolder
from gateway.store.connection import StoreFault
from gateway.store.dump import POSTGRES, dump, load_postgres
from messages.ack import Epoch, verify_ack
from messages.command import Answer, Result, seal_answer, verify_command
from messages.keys import ControlRecord, GatewayRecord
from messages.manifest import read_chunk, verify_manifest, whole
from messages.topics import Channel
from simulators.network.postgres import Postgres
from tests.gateway.conftest import Region

PASSPHRASE = b"seven utopian herons fly north"
BOOT = "a" * 32


@pytest.fixture
def region(postgres: Postgres, tmp_path: Path) -> Iterator[Region]:
    now = datetime.now(UTC)
    set_up(tmp_path / "state", "north", now, postgres.fresh())
    return Region(tmp_path / "state", tmp_path, Authority(tmp_path / "state"), now)


def take_in(region: Region, lane: Any, *events: Any) -> None:
    with closing(region.authority.open_store()) as connection:
        keys = Register(connection).snapshot()
        verdict = judge(str(lane.topic), lane.frame(events), keys, region.authority.region_keys())
        record(connection, Vault(region.authority.store_key()), [verdict], region.now)


def rows(region: Region, query: str) -> list[tuple[Any, ...]]:
    with closing(region.authority.open_store()) as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_region_on_postgres_is_restored_as_it_was_but_for_what_was_erased_and_revoked(region: Region) -> None:
    lane = region.lane()
    take_in(region, lane, lane.granted(1), lane.granted(2))
    made = backup(region.authority, region.folder / "tape", region.now, PASSPHRASE)
    assert made.events == 2
    before = rows(region, "SELECT epoch, number FROM epochs")
    take_in(region, lane, lane.alarm())
    write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))
    Joining(region.authority).revoke(lane.name, "stolen", region.now)
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=False)
    assert refused.value.code == "store-there"
    done = restore(region.state, made.file, region.now, secret=None, force=True)
    assert (done.events, done.erased.bodies_removed) == (2, 1)
    assert rows(region, "SELECT seq FROM events WHERE body IS NOT NULL") == [(2,)]
    with closing(region.authority.open_store()) as connection:
        assert epoch(connection) not in [Epoch(*row) for row in before]
        assert Register(connection).snapshot()[lane.name].revoked


def test_a_worker_that_runs_on_while_postgres_is_restored_stores_again_what_is_lost(region: Region) -> None:
    lane, authority = region.lane(), region.authority
    made = backup(authority, region.folder / "tape", region.now, PASSPHRASE)
    frame = Message(str(lane.topic), lane.frame([lane.granted(1), lane.left(1)]))
    keys, vault = Keys(authority.region_keys(), authority.ack_key()), Vault(authority.store_key())

    async def story() -> list[Message]:
        with closing(authority.open_store()) as writer, closing(authority.open_store()) as reader:
            desk = Worker(writer, reader, vault, keys, Lanes(lambda: 0.0), lambda: region.now, lambda: None)
            replies = await desk.take([frame])
            restore(region.state, made.file, region.now, secret=None, force=True)
            replies += await desk.take([frame])
            desk.close()
            return replies

    known = {kid: GatewayRecord(kid, public) for kid, public in lane.enrolled.gateways.items()}
    before, after = (verify_ack(reply.payload, lane.topic, known) for reply in asyncio.run(story()))
    assert before.seqs == after.seqs == ((1, 2),)
    assert [(after.epoch.name, after.epoch.number)] == rows(region, "SELECT epoch, number FROM epochs")
    assert before.epoch.name != after.epoch.name
    assert before.epoch.number < after.epoch.number
    assert rows(region, "SELECT seq FROM events ORDER BY seq") == [(1,), (2,)]
    assert rows(region, "SELECT count(*) FROM events_rest") == [(0,)]  # else no part for this month could be made again


def test_between_its_tables_and_its_epoch_a_restored_postgres_takes_nothing_in(region: Region, tmp_path: Path) -> None:
    lane = region.lane()
    with closing(region.authority.open_store()) as connection:
        before = epoch(connection)
        dump(region.authority.config.store, Path(), tmp_path)
        load_postgres(region.authority.config.store, tmp_path / POSTGRES)
        verdict = judge(
            str(lane.topic), lane.frame([lane.alarm()]), Register(connection).snapshot(), region.authority.region_keys()
        )
        prepared = prepare([verdict], Vault(region.authority.store_key()), region.now)
        with pytest.raises(StoreFault, match="being-restored"):
            store(connection, prepared, region.now, before)
    assert rows(region, "SELECT count(*) FROM events") == [(0,)]


@pytest.mark.parametrize("cut_in", ["play_keys", "sweep", "leave_room", "begin_epoch"])
def test_a_restore_that_was_cut_short_lets_no_device_in_until_it_has_come_to_its_end(
    region: Region, monkeypatch: pytest.MonkeyPatch, cut_in: str
) -> None:
    """Whoever was revoked since the backup would be certified, under a number that no revocation knows."""
    region.lane()
    made = backup(region.authority, region.folder / "tape", region.now, PASSPHRASE)
    joining = Joining(region.authority)
    joining.revoke("lane-1", "stolen", region.now)

    def cut(*_told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power, pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the cut is in there)
        power.setattr(f"gateway.care.restore.{cut_in}", cut)
        restore(region.state, made.file, region.now, secret=None, force=True)
    for device in ("lane-1", "lane-2"):
        with pytest.raises(StoreFault, match="being-restored"):
            joining.claim("harbour", device, region.now)
    restore(region.state, made.file, region.now, secret=None, force=True)
    joining.claim("harbour", "lane-2", region.now)
    with pytest.raises(GatewayError) as refused:
        joining.claim("harbour", "lane-1", region.now)
    assert refused.value.code == "revoked"


def test_a_restore_that_waits_for_a_worker_and_a_worker_for_it_is_tried_again(region: Region) -> None:
    made = backup(region.authority, region.folder / "tape", region.now, PASSPHRASE)
    with closing(region.authority.open_store()) as worker, ThreadPoolExecutor() as thread:
        with suppress(StoreFault), worker.transaction():  # whichever of the two the server ends
            worker.execute("LOCK TABLE devices IN ACCESS SHARE MODE")
            restoring = thread.submit(restore, region.state, made.file, region.now, secret=None, force=True)
            while not rows(region, "SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not restoring.done()
            worker.execute("SELECT count(*) FROM epochs")
        assert restoring.result().events == 0


def test_what_a_restore_cannot_finish_it_does_not_begin(region: Region, tmp_path: Path) -> None:
    """The folder of another host's worker knows neither who was revoked nor how to tell it."""
    region.lane()
    made = backup(region.authority, region.folder / "tape", region.now, PASSPHRASE)
    add_worker(region.authority, "gateway-2", region.now)
    copy_for(region.authority, "gateway-2", tmp_path / "elsewhere")
    before = rows(region, "SELECT epoch FROM epochs")
    for secret in (None, PASSPHRASE):
        with pytest.raises(GatewayError) as refused:
            restore(tmp_path / "elsewhere", made.file, region.now, secret=secret, force=True)
        assert refused.value.code == "a-workers"
    (region.state / "secrets" / "clients-ca.key").unlink()
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=True)
    assert refused.value.code == "bad-key"
    assert rows(region, "SELECT epoch FROM epochs") == before


def test_h08_a_backup_of_postgres_shows_no_password_and_opens_with_its_passphrase_alone(
    region: Region, tmp_path: Path
) -> None:
    lane = region.lane()
    take_in(region, lane, lane.granted(1))
    password = urlsplit(region.authority.config.store).password
    assert password
    for passphrase in (None, PASSPHRASE):
        made = backup(region.authority, region.folder / "tape", region.now, passphrase)
        content = made.file.read_bytes()
        assert password.encode() not in content
        assert b"CANARYSSON" not in content
    with pytest.raises(GatewayError) as refused:  # its settings lead to the same database, which is not empty
        restore(tmp_path / "anew", made.file, region.now, secret=PASSPHRASE, force=False)
    assert refused.value.code == "store-there"
    restore(tmp_path / "anew", made.file, region.now, secret=PASSPHRASE, force=True)
    assert StateFolder(tmp_path / "anew").config.store == region.authority.config.store


def test_a_backup_of_a_file_is_not_put_into_postgres(region: Region, tmp_path: Path) -> None:
    set_up(tmp_path / "file", "north", region.now)
    made = backup(StateFolder(tmp_path / "file"), tmp_path / "tape", region.now, PASSPHRASE)
    (region.state / "secrets" / "store.key").write_bytes((tmp_path / "file/secrets/store.key").read_bytes())
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=True)
    assert refused.value.code == "other-store"


def test_retention_takes_bodies_and_rows_from_postgres(region: Region) -> None:
    lane = region.lane()
    take_in(region, lane, lane.granted(1), lane.left(1))
    with closing(region.authority.open_store()) as connection:
        assert sweep(connection, erased_in(region.state), region.now, keep_days=100).bodies_removed == 0
        swept = sweep(connection, (), region.now + timedelta(days=99), keep_days=100)
        assert (swept.bodies_removed, swept.rows_removed) == (2, 0)
        assert sweep(connection, (), region.now + timedelta(days=101), keep_days=100).rows_removed == 2
    assert rows(region, "SELECT count(*) FROM events") == [(0,)]


def test_orders_and_lists_go_down_from_postgres(region: Region) -> None:
    lane, now_ms = region.lane(), int(region.now.timestamp() * 1000)
    controls = {kid: ControlRecord(kid, public) for kid, public in region.authority.controls().items()}
    table = {"kind": "documents", "entries": [f"{number:016x}" for number in range(1000)]}
    content = json.dumps(table).encode()
    with closing(region.authority.open_store()) as connection:
        key = region.authority.control_key
        lists.publish(connection, "north", key(), "documents", content, valid_s=60, now_ms=now_ms)
        row = orders.ask(connection, lane.name, "hold", 10.0, now_ms)
        down = Downlink(connection, key, lambda: region.now, lambda: 100.0)
        status = {"boot": BOOT, "mono_ms": 5, "lists": [{"name": "documents", "number": 0}]}
        first, *rest = asyncio.run(down.take([Heard(lane.topic, status)], []))
        command = verify_command(first.payload, lane.topic, controls)
        manifest = verify_manifest(rest[0].payload, "north", "documents", controls)
        assert whole(manifest, b"".join(read_chunk(each.payload).content for each in rest[1:])) == content
        answer = Answer(lane.name, BOOT, command.counter, "hold", Result.DONE, "", b"\0bytes")
        signed = seal_answer(answer, lane.topic, lane.key)
        asyncio.run(down.take([], [Message(str(lane.topic.to(Channel.RES)), signed)]))
        assert orders.standing(connection, row).body == b"\0bytes"
        down.close()
