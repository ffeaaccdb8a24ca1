"""What goes down: an order once, to whoever was heard and for as long as it was asked; a list piece by piece."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from edge.decision.rules import DEFAULT
from gateway.downlink import lists, orders
from gateway.downlink.list_sending import AGAIN_S, CHUNK_BYTES, CHUNKS_AT_ONCE
from gateway.downlink.sending import LOOK_EVERY_S, Downlink
from gateway.errors import GatewayError
from gateway.intake.worker import Heard, Message
from gateway.store.connection import Connection
from messages.command import Answer, Command, Result, seal_answer, verify_command
from messages.keys import ControlRecord
from messages.manifest import Chunk, Manifest, read_chunk, renewed, verify_manifest, whole
from messages.signing import TAG
from messages.topics import Channel, Topic

BOOT = "a" * 32
RULES = b'format = "borderpost-rules-1"\n'


@dataclass
class Desk:
    """A downlink over a real store; time stands still until a test moves it."""

    region: Any
    connection: Connection
    now_s: float = 1_000.0
    back_s: float = 0.0  # by which the wall clock was set back
    down: Downlink = field(init=False)

    def __post_init__(self) -> None:
        self.down = self.worker()

    def worker(self) -> Downlink:
        return Downlink(self.connection, self.region.authority.control_key, self.now, lambda: self.now_s)

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=self.now_s - self.back_s)

    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    @property
    def controls(self) -> dict[str, ControlRecord]:
        return {kid: ControlRecord(kid, public) for kid, public in self.region.authority.controls().items()}

    def ask(self, lane: Any, command: str = "hold", expires_s: float = 10.0) -> int:
        return orders.ask(self.connection, lane.name, command, expires_s, self.now_ms())

    def hear(self, lane: Any, status: dict[str, object] | None = None, worker: Downlink | None = None) -> list[Message]:
        self.now_s += LOOK_EVERY_S
        told = {"boot": BOOT, "mono_ms": 500_000} if status is None else status
        return asyncio.run((worker or self.down).take([Heard(lane.topic, told)], []))

    def commands(self, lane: Any, messages: Sequence[Message]) -> list[Command]:
        assert all(message.topic == str(lane.topic.to(Channel.CMD)) for message in messages)
        return [verify_command(message.payload, lane.topic, self.controls) for message in messages]

    def answer(self, lane: Any, told: Answer, topic: Topic | None = None) -> None:
        signed = seal_answer(told, lane.topic, lane.key)
        asyncio.run(self.down.take([], [Message(str((topic or lane.topic).to(Channel.RES)), signed)]))


@pytest.fixture
def desk(region: Any) -> Iterator[Desk]:
    with closing(region.authority.open_store()) as connection:
        made = Desk(region, connection)
        yield made
        made.down.close()


def answer_to(command: Command, result: Result = Result.DONE, boot: str = BOOT) -> Answer:
    return Answer(command.device, boot, command.counter, command.command, result, "", b"two\nlines\n")


# --- orders ---
def test_an_order_goes_to_its_device_alone_when_it_is_heard_with_what_is_left_of_its_time(desk: Desk) -> None:
    lane, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    desk.ask(lane, "hold", expires_s=10.0)
    assert desk.hear(other) == []
    desk.now_s += 3 - 2 * LOOK_EVERY_S
    [command] = desk.commands(lane, desk.hear(lane))
    assert (command.device, command.boot, command.command) == ("lane-1", BOOT, "hold")
    assert command.deadline_ms == 500_000 + 7_000
    assert desk.hear(lane) == []


def test_an_order_whose_time_has_passed_is_never_sent(desk: Desk) -> None:
    lane = desk.region.lane()
    row = desk.ask(lane, expires_s=5.0)
    desk.now_s += 5.0
    assert desk.hear(lane) == []
    assert orders.standing(desk.connection, row).state == "expired"


def test_a_clock_that_is_set_back_prolongs_no_order_and_sends_none_when_its_hour_comes_round_again(desk: Desk) -> None:
    lane = desk.region.lane()
    row = desk.ask(lane, expires_s=10.0)
    desk.back_s = 3_600.0
    assert desk.hear(lane) == []
    assert orders.standing(desk.connection, row).state == "expired"
    desk.now_s += 3_600.0
    assert desk.hear(lane) == []


def test_a_clock_that_is_set_back_after_an_order_was_seen_gives_it_no_more_than_was_asked(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.ask(lane, expires_s=10.0)
    assert desk.hear(desk.region.lane("lane-2")) == []  # now it has been looked up
    desk.back_s = 3_600.0
    desk.now_s -= LOOK_EVERY_S  # and is not looked up again before it goes
    [command] = desk.commands(lane, desk.hear(lane))
    assert command.deadline_ms == 500_000 + 10_000


def test_hosts_whose_clocks_differ_by_a_second_send_each_others_orders(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.ask(lane, expires_s=10.0)
    desk.back_s = 1.0
    [command] = desk.commands(lane, desk.hear(lane))
    assert command.deadline_ms == 500_000 + 10_000


def test_an_order_that_was_withdrawn_is_never_sent_and_one_that_was_sent_is_not_withdrawn(desk: Desk) -> None:
    lane = desk.region.lane()
    row = desk.ask(lane)
    assert desk.hear(desk.region.lane("lane-2")) == []  # the gateway knows it already
    assert orders.withdraw(desk.connection, row)
    desk.now_s -= LOOK_EVERY_S
    assert desk.hear(lane) == []
    sent = desk.ask(lane)
    assert len(desk.hear(lane)) == 1
    assert not orders.withdraw(desk.connection, sent)


def test_of_several_workers_one_sends_the_order(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.ask(lane)
    second = desk.worker()
    assert desk.hear(desk.region.lane("lane-2"), worker=second) == []  # it has seen the order, too
    sent = desk.hear(lane)
    desk.now_s -= 2 * LOOK_EVERY_S  # and does not look again yet
    sent += desk.hear(lane, worker=second)
    second.close()
    assert len(desk.commands(lane, sent)) == 1


def test_counters_rise_for_each_device_and_over_a_restored_store(desk: Desk) -> None:
    lane = desk.region.lane()
    counters = []
    for _ in range(3):
        desk.ask(lane)
        desk.now_s -= LOOK_EVERY_S  # in one moment, or with a clock that runs backwards
        counters += [command.counter for command in desk.commands(lane, desk.hear(lane))]
    desk.connection.execute("DELETE FROM counters")  # yesterday's backup
    desk.now_s += 1
    desk.ask(lane)
    counters += [command.counter for command in desk.commands(lane, desk.hear(lane))]
    assert counters == sorted(set(counters))
    assert len(counters) == 4


@pytest.mark.parametrize(
    "status",
    [{}, {"boot": BOOT}, {"boot": 7, "mono_ms": 1}, {"boot": BOOT, "mono_ms": -1}, {"boot": BOOT, "mono_ms": 2**60}],
)
def test_a_device_that_does_not_say_what_time_it_is_is_told_nothing(desk: Desk, status: dict[str, object]) -> None:
    lane = desk.region.lane()
    row = desk.ask(lane)
    assert desk.hear(lane, status) == []
    assert orders.standing(desk.connection, row).state == "asked"


def test_an_answer_is_kept_once_and_only_from_the_device_that_was_told(desk: Desk) -> None:
    lane, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    row = desk.ask(lane, "send-log")
    [command] = desk.commands(lane, desk.hear(lane))
    desk.answer(other, Answer("lane-2", BOOT, command.counter, "send-log", Result.REFUSED, "", b""))
    desk.answer(lane, answer_to(command), topic=other.topic)  # on another's topic (E01)
    desk.answer(lane, answer_to(command, boot="b" * 32))
    assert orders.standing(desk.connection, row).state == "sent"
    desk.answer(lane, answer_to(command))
    desk.answer(lane, answer_to(command, Result.FAILED))  # played again, altered
    found = orders.standing(desk.connection, row)
    assert (found.state, found.result, found.body) == ("answered", "done", b"two\nlines\n")


def test_what_goes_wrong_for_one_device_stops_neither_intake_nor_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    for lane in (one, other):
        desk.ask(lane)
    real = orders.send

    def send(connection: Connection, asked: orders.Asked, *rest: Any) -> bytes | None:
        if asked.device == "lane-1":
            raise OverflowError
        return real(connection, asked, *rest)

    monkeypatch.setattr(orders, "send", send)
    told = [Heard(lane.topic, {"boot": BOOT, "mono_ms": 1}) for lane in (one, other)]
    assert [command.device for command in desk.commands(other, asyncio.run(desk.down.take(told, [])))] == ["lane-2"]


def test_a_region_whose_control_key_is_damaged_still_takes_in(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.ask(lane)
    desk.region.authority.secret("control-1.key").write_text("no key")
    assert desk.hear(lane) == []


def test_orders_are_forgotten_after_a_month(desk: Desk) -> None:
    desk.ask(desk.region.lane())
    assert orders.forget_old(desk.connection, desk.now_ms()) == 0
    assert orders.forget_old(desk.connection, desk.now_ms() + (orders.KEEP_DAYS + 1) * 86_400_000) == 1


# --- lists ---
def listed(count: int, start: int = 0) -> bytes:
    entries = [f"{number * 7:016x}" for number in range(start, start + count)]
    table = {"format": "borderpost-list-1", "kind": "documents", "name": "n", "version": str(start), "entries": entries}
    return json.dumps(table).encode()


def publish(desk: Desk, content: bytes, name: str = "documents", *, shrink: bool = False) -> lists.Published:
    key = desk.region.authority.control_key()
    return lists.publish(
        desk.connection, "north", key, name, content, valid_s=3600, now_ms=desk.now_ms(), shrink=shrink
    )


def split(desk: Desk, messages: Sequence[Message], name: str = "documents") -> tuple[list[Manifest], list[Chunk]]:
    manifests = [
        verify_manifest(one.payload, "north", name, desk.controls) for one in messages if one.payload.startswith(TAG)
    ]
    return manifests, [read_chunk(one.payload) for one in messages if not one.payload.startswith(TAG)]


def status(number: int, taking: str = "", at: int = 0, name: str = "documents") -> dict[str, object]:
    return {"lists": [{"name": name, "number": number, "age_s": 1, "stale": False, "taking": taking, "at": at}]}


def all_that_comes(desk: Desk, lane: Any, number: int) -> tuple[Manifest, bytes]:
    """What a device that holds this number gets, portion by portion."""
    desk.now_s += AGAIN_S
    [manifest], chunks = split(desk, desk.hear(lane, status(number)))
    digest = (manifest.delta_digest if manifest.base else manifest.digest).hex()
    got = b""
    while chunks:
        got += b"".join(chunk.content for chunk in chunks)
        manifests, chunks = split(desk, desk.hear(lane, status(number, digest, len(got))))
        assert manifests == []
    return manifest, got


def test_a_device_without_a_list_gets_the_whole_and_one_with_an_older_number_the_delta(desk: Desk) -> None:
    lane, old, new = desk.region.lane(), listed(3000), listed(3001)
    assert publish(desk, old).number == 1
    published = publish(desk, new)
    assert published.number == 2
    assert 0 < published.deltas[1] < 1000
    manifest, got = all_that_comes(desk, lane, 0)
    assert (manifest.number, manifest.base) == (2, 0)
    assert whole(manifest, got) == new
    manifest, got = all_that_comes(desk, lane, 1)
    assert (manifest.number, manifest.base) == (2, 1)
    assert renewed(manifest, old, got) == new
    assert desk.hear(lane, status(2)) == []
    assert desk.hear(lane, status(3)) == []


def test_a_long_list_goes_in_portions_from_where_the_device_stands(desk: Desk) -> None:
    lane, content = desk.region.lane(), listed(60_000)
    publish(desk, content)
    [manifest], chunks = split(desk, desk.hear(lane, status(0)))
    assert [chunk.at for chunk in chunks] == [number * CHUNK_BYTES for number in range(CHUNKS_AT_ONCE)]
    assert desk.hear(lane, status(0)) == []  # on its way
    assert desk.hear(lane, status(0, manifest.digest.hex(), CHUNK_BYTES)) == []  # and so is the second one
    got = b"".join(chunk.content for chunk in chunks)
    while len(got) < len(content):
        manifests, chunks = split(desk, desk.hear(lane, status(0, manifest.digest.hex(), len(got))))
        assert manifests == []
        got += b"".join(chunk.content for chunk in chunks)
    assert whole(manifest, got) == content
    desk.now_s += AGAIN_S  # what was lost on the way goes again
    assert len(desk.hear(lane, status(0))) == 1 + CHUNKS_AT_ONCE


def test_the_whole_is_for_whoever_has_a_number_too_old_for_a_delta(desk: Desk) -> None:
    for count in range(3000, 3006):
        publish(desk, listed(count))
    lane = desk.region.lane()
    [manifest], _ = split(desk, desk.hear(lane, status(2)))
    assert (manifest.number, manifest.base) == (6, 0)
    assert [each["number"] for each in lists.shown(desk.connection)] == [6]


@pytest.mark.parametrize(
    "told",
    [None, [], "documents", [7], [{"name": "../x", "number": 0}], [{"name": "documents", "number": "0"}],
     [{"name": "documents", "number": -1}], [{"name": "documents", "number": 0, "at": -1}],
     [{"name": "documents", "number": 0, "at": 2**70}], [{"name": ["documents"], "number": 0}]],
)  # fmt: skip
def test_a_status_that_does_not_tell_lists_gets_none(desk: Desk, told: object) -> None:
    publish(desk, listed(10))
    assert desk.hear(desk.region.lane(), {"lists": told}) == []


def test_g11_a_list_that_lost_much_of_itself_is_not_published_unasked(desk: Desk) -> None:
    publish(desk, listed(100))
    for content in (listed(69), listed(0)):
        with pytest.raises(GatewayError) as refused:
            publish(desk, content)
        assert refused.value.code == "list-shrinks"
    assert lists.newest(desk.connection) == {"documents": 1}
    assert publish(desk, listed(70)).number == 2
    assert publish(desk, listed(0), shrink=True).number == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [("documents", b""), ("documents", b"{"), ("documents", b"[1]"), ("persons", listed(3)), ("rules", listed(3)),
     ("documents", RULES), ("rules", b"\xff"), ("../../x", RULES), ("documents", b"[" * 100_000)],
)  # fmt: skip
def test_what_is_no_such_list_is_not_published(desk: Desk, name: str, content: bytes) -> None:
    with pytest.raises(GatewayError):
        publish(desk, content, name)
    assert lists.newest(desk.connection) == {}


# --- by command ---
WHOLE = (
    b'{"format":"borderpost-list-1","kind":"documents","name":"n","version":"1",'
    b'"issued_at":"2026-11-24T06:00:00Z","entries":["0000000000000001"]}'
)


def run(*words: str) -> tuple[int, Any]:
    done = subprocess.run([sys.executable, "-m", "borderpost", *words, "--json"], capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_the_command_line_waits_for_the_answer_and_says_when_none_came(desk: Desk) -> None:
    lane, state = desk.region.lane(), str(desk.region.state)
    code, told = run("device", "command", "nobody", "hold", "--state", state)
    assert (code, told["error"]["code"]) == (2, "unknown-device")
    code, told = run("device", "command", lane.name, "hold", "--state", state, "--expires", "0.2")
    assert (code, told["result"], told["cause"]) == (3, None, "not-heard")
    assert [orders.standing(desk.connection, row).state for row in (1, 2)] == ["expired", "asked"]  # 2: there is none

    ended = threading.Event()

    def a_gateway() -> None:
        with closing(desk.region.authority.open_store()) as connection:
            down = Downlink(connection, desk.region.authority.control_key, lambda: datetime.now(UTC), time.monotonic)
            while not ended.wait(LOOK_EVERY_S):
                for message in asyncio.run(down.take([Heard(lane.topic, {"boot": BOOT, "mono_ms": 1})], [])):
                    command = verify_command(message.payload, lane.topic, desk.controls)
                    signed = seal_answer(answer_to(command, Result.REFUSED), lane.topic, lane.key)
                    asyncio.run(down.take([], [Message(str(lane.topic.to(Channel.RES)), signed)]))
            down.close()

    thread = threading.Thread(target=a_gateway)
    thread.start()
    try:
        code, told = run("device", "command", lane.name, "hold", "--state", state, "--expires", "60")
    finally:
        ended.set()
        thread.join()
    assert code == 1
    assert told["counter"] > 0
    assert (told["device"], told["command"], told["result"], told["body"]) == (
        lane.name,
        "hold",
        "refused",
        "two\nlines\n",
    )


def test_lists_are_published_and_shown_by_command(region: Any, tmp_path: Path) -> None:
    state, file = str(region.state), tmp_path / "rules.toml"
    file.write_bytes(DEFAULT.read_bytes())
    code, told = run("gateway", "list", "publish", "rules", str(file), "--state", state, "--valid-h", "2")
    issued_ms = told.pop("issued_ms")
    assert (code, told) == (
        0,
        {"name": "rules", "number": 1, "size": DEFAULT.stat().st_size, "deltas": {}, "valid_s": 7200},
    )
    code, told = run("gateway", "list", "show", "--state", state)
    [shown] = told["lists"]
    assert (code, shown) == (
        0, {"name": "rules", "number": 1, "issued_ms": issued_ms, "valid_s": 7200, "size": DEFAULT.stat().st_size}
    )  # fmt: skip
    code, told = run("gateway", "list", "publish", "documents", str(file), "--state", state)
    assert (code, told["error"]["code"]) == (2, "bad-list")


def test_whoever_publishes_reads_until_when_it_is_valid_and_that_a_day_is_usual(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(DEFAULT.read_bytes())
    assert main(["gateway", "list", "publish", "rules", str(file), "--state", str(region.state)]) == 0
    told = capsys.readouterr().out
    assert main(["gateway", "list", "show", "--state", str(region.state)]) == 0
    until = capsys.readouterr().out.strip().rpartition(" ")[2]
    assert f"Valid until {until}: publish it again before" in told
    left = datetime.fromisoformat(until) - datetime.now(UTC)
    assert timedelta(hours=23) < left < timedelta(hours=25)
    with pytest.raises(SystemExit):
        main(["gateway", "list", "publish", "--help"])
    assert "hours until it is stale (24)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "1e9"])
def test_a_list_that_is_valid_for_no_time_or_for_ever_is_not_published(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], hours: str
) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(DEFAULT.read_bytes())
    words = ["gateway", "list", "publish", "rules", str(file), "--state", str(region.state)]
    assert main([*words, f"--valid-h={hours}"]) == 2
    assert "Choose another --valid-h." in capsys.readouterr().err


def test_a_list_that_lanes_can_read_is_published_by_command(region: Any, tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_bytes(WHOLE)
    assert main(["gateway", "list", "publish", "documents", str(file), "--state", str(region.state)]) == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("documents", b'{"x":1}', "list.file has not exactly the fields entries, format"),
        ("persons", WHOLE, "list.file is not a list of persons."),
        ("documents", b"{", "list.file is not JSON."),
        ("documents", WHOLE.replace(b"0001", b"000x"), "an entry that is not 16 hexadecimal"),
        ("rules", b"format = 1\nversion = a\n", "(at line 2, column 11)"),
        ("rules", DEFAULT.read_bytes().replace(b"minimum_age_years = 18", b"minimum_age_years = 180"),
         "In the rules, minimum_age_years must be a whole number from 0 to 120."),
        ("rules", b"\xff", "list.file is not UTF-8 text."),
    ],
)  # fmt: skip
def test_a_file_that_no_lane_could_read_is_not_published_and_the_place_in_it_is_named(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, says: str
) -> None:
    file = tmp_path / "list.file"
    file.write_bytes(content)
    assert main(["gateway", "list", "publish", name, str(file), "--state", str(region.state)]) == 2
    assert says in capsys.readouterr().err
    assert main(["gateway", "list", "show", "--state", str(region.state)]) == 0
    assert capsys.readouterr().out == "Nothing is published.\n"
