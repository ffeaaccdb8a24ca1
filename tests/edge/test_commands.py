"""A command acts once, for whom and when it was signed; whatever else comes on ``cmd`` moves nothing."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from edge.downlink.commands import AHEAD_MAX_MS, ALARM_EVERY_S, WAITING_MAX, Commands, Outcome
from edge.downlink.obeying import Acts
from edge.gate.events import DeviceBack, DeviceLost, Event, OfficerHeld, OfficerReopened
from edge.gate.states import CONTROLLER_FAULT, EVACUATION, Closed, Evacuating, Ready, ReferredOutside, State
from edge.log import Ring
from messages.command import Answer, Command, Order, Result, seal_command, verify_answer
from messages.facts import DeviceCommand
from messages.keys import ControlKey, ControlRecord, DeviceKey, GatewayKey
from messages.topics import Channel, Topic

TOPIC = Topic("utopia", "north-bridge", "gate-1", Channel.EVT)
DEVICE, CONTROL = DeviceKey("gate-1", b"\1" * 32), ControlKey("control-1", b"\2" * 32)
BOOT, OTHER_BOOT = "a" * 32, "b" * 32
NOW_S = 1_000.0


def command(
    counter: int = 1,
    order: str = "hold",
    *,
    boot: str = BOOT,
    deadline_s: float = NOW_S + 5,
    key: ControlKey = CONTROL,
    topic: Topic = TOPIC,
    lines: int | None = None,
) -> bytes:
    arguments = {} if lines is None else {"lines": lines}
    told = Command(topic.device, boot, counter, int(deadline_s * 1000), order, arguments)
    return seal_command(told, topic, key)


@dataclass
class Lane:
    """What a lane does with what it is told; the disk and the clock are the test's."""

    writes: bool = True
    now_s: float = NOW_S
    fails: bool = False
    disk_s: float = 0.0
    acted: list[str] = field(default_factory=list)  # "wrote X" and "did X" in the order in which they happened
    written: list[DeviceCommand] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        acts = {order: self._act for order in Order if order is not Order.RENEW}
        controls = {
            CONTROL.kid: CONTROL.record(),
            "control-0": ControlRecord("control-0", CONTROL.public, revoked=True),
        }
        self.commands = Commands(
            TOPIC, DEVICE, controls, BOOT, acts,
            record=self._record, answer=self._hear, alarm=self.alarms.append, clock_s=lambda: self.now_s,
        )  # fmt: skip

    def obey(self, *messages: bytes) -> list[tuple[Result, str]]:
        for message in messages:
            asyncio.run(self.commands.obey(message))
        return [(answer.result, answer.cause) for answer in self.answers]

    async def _act(self, command: Command) -> Outcome:
        if self.fails:
            raise OSError("the door of ANNA MARIA ERIKSSON")
        self.acted.append(f"did {command.command}")
        return Outcome(body=b"done")

    async def _record(self, fact: DeviceCommand) -> bool:
        self.now_s += self.disk_s
        if self.writes:
            self.acted.append(f"wrote {fact.command}")
            self.written.append(fact)
        return self.writes

    def _hear(self, message: bytes) -> None:
        records = {DEVICE.kid: DEVICE.record(TOPIC.region, TOPIC.post)}
        self.answers.append(verify_answer(message, TOPIC.to(Channel.RES), records))


def test_a_command_is_written_down_before_it_acts_and_is_answered() -> None:
    lane = Lane()
    assert lane.obey(command(1, "hold")) == [(Result.DONE, "")]
    assert lane.acted == ["wrote hold", "did hold"]
    assert lane.written == [DeviceCommand(1, "hold", "done", "")]
    assert (lane.answers[0].counter, lane.answers[0].boot, lane.answers[0].body) == (1, BOOT, b"done")
    assert lane.alarms == []


def test_a_replayed_command_does_not_act_twice() -> None:
    lane = Lane()
    first, second = command(1), command(2)
    assert [result for result, _ in lane.obey(first, first, second, first)] == [
        Result.DONE, Result.REPEATED, Result.DONE, Result.REPEATED,
    ]  # fmt: skip
    assert lane.acted.count("did hold") == 2
    assert lane.alarms == ["command-refused"]


def test_a_command_that_a_slow_disk_made_late_does_not_act() -> None:
    lane = Lane(disk_s=5.001)
    assert lane.obey(command(1)) == [(Result.LATE, "expired")]
    assert "did hold" not in lane.acted
    assert [fact.result for fact in lane.written] == ["done", "late"]


def test_a_late_command_does_not_act() -> None:
    lane = Lane()
    held_back = command(1)
    lane.now_s = NOW_S + 5.001
    assert lane.obey(held_back) == [(Result.LATE, "expired")]
    lane.now_s = NOW_S + 5
    assert lane.obey(held_back)[-1] == (Result.DONE, "")  # not a moment earlier either


def test_a_command_for_a_boot_that_is_over_or_has_not_been_does_not_act() -> None:
    lane = Lane()
    assert lane.obey(command(1, boot=OTHER_BOOT)) == [(Result.LATE, "other-boot")]
    assert lane.acted == []
    assert lane.obey(command(1))[-1] == (Result.DONE, "")  # and takes nobody's number


def test_a_command_that_would_last_for_hours_does_not_act() -> None:
    lane = Lane()
    assert lane.obey(command(1, deadline_s=NOW_S + AHEAD_MAX_MS / 1000 + 1)) == [(Result.REFUSED, "deadline-too-far")]
    assert lane.acted == []


@pytest.mark.parametrize(
    "forged",
    [
        command(key=ControlKey("control-1", b"\3" * 32)),
        command(key=ControlKey("control-0", CONTROL.seed)),
        command(key=ControlKey("control-9", CONTROL.seed)),
        command(key=GatewayKey("gateway-1", b"\4" * 32)),  # type: ignore[arg-type]  # a worker that was taken over
        command(topic=Topic("utopia", "north-bridge", "gate-2", Channel.EVT)),
        command(topic=Topic("utopia", "south-bridge", "gate-1", Channel.EVT)),
        command()[:-1] + b"\0",
        command()[1:],
        b"",
    ],
    ids=["another-key", "revoked", "unknown", "a-worker", "other-device", "other-post", "altered", "cut", "nothing"],
)
def test_e03_a_forged_command_does_not_act_and_is_not_answered(forged: bytes) -> None:
    lane = Lane()
    assert lane.obey(forged) == []
    assert lane.acted == []
    assert lane.alarms == ["command-refused"]
    assert lane.obey(command(1)) == [(Result.DONE, "")]


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    lane = Lane()
    assert lane.obey(command(1, "dance")) == [(Result.UNKNOWN, "")]
    assert lane.obey(command(2, "renew"))[-1] == (Result.UNKNOWN, "")  # this lane has nothing for it
    assert [act for act in lane.acted if act.startswith("did")] == []


def test_a_command_that_cannot_be_written_down_does_not_act() -> None:
    lane = Lane(writes=False)
    assert lane.obey(command(1)) == [(Result.FAILED, "record-failed")]
    assert lane.acted == []
    lane.writes = True
    assert lane.obey(command(1))[-1] == (Result.REPEATED, "")  # nor later: its moment has passed


def test_an_act_that_fails_is_told_twice_and_quotes_nobody(caplog: pytest.LogCaptureFixture) -> None:
    lane = Lane(fails=True)
    assert lane.obey(command(1)) == [(Result.FAILED, "fault")]
    assert [fact.result for fact in lane.written] == ["done", "failed"]
    assert "ANNA" not in caplog.text


def test_a_flood_of_forgeries_fills_neither_memory_nor_outbox() -> None:
    async def story() -> Lane:
        lane = Lane()
        for _ in range(10 * WAITING_MAX):
            lane.commands.take(b"forged")
        run = asyncio.ensure_future(lane.commands.run())
        await asyncio.sleep(0)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        return lane

    lane = asyncio.run(story())
    assert lane.alarms == ["command-refused"]
    lane.now_s += ALARM_EVERY_S
    lane.obey(b"forged")
    assert lane.alarms == ["command-refused"] * 2


# --- what the lane then does ---
def acts(state: State) -> tuple[Acts, list[Event], Ring, list[str]]:
    told: list[Event] = []
    asked: list[str] = []
    ring = Ring()
    made = Acts(
        lambda: state,
        told.append,
        ring,
        renew=lambda: asked.append("renew"),
        ask_for_lists=lambda: asked.append("list"),
    )
    return made, told, ring, asked


def do(state: State, order: Order, lines: int = 200) -> tuple[Outcome, list[Event], list[str]]:
    made, told, _, asked = acts(state)
    arguments = {"lines": lines}
    outcome = asyncio.run(_await(made, Command("gate-1", BOOT, 1, 1, order.value, arguments)))
    return outcome, told, asked


async def _await(made: Acts, told: Command) -> Outcome:
    return await made.table()[Order(told.command)](told)


OPENED: Sequence[Event] = [DeviceBack("service"), OfficerReopened()]


def test_each_order_has_its_act_and_no_other() -> None:
    assert set(acts(Ready())[0].table()) == set(Order)
    assert do(Ready(), Order.HOLD)[1] == [OfficerHeld()]
    assert do(Ready(), Order.OUT_OF_SERVICE)[1] == [DeviceLost("service")]
    assert do(Closed(frozenset({"officer"})), Order.OPEN)[1] == OPENED
    assert do(Ready(), Order.RENEW)[1:] == ([], ["renew"])
    assert do(Ready(), Order.NEW_LIST)[1:] == ([], ["list"])


def test_a_lane_that_stays_closed_after_a_hold_was_undone_says_why() -> None:
    lost = {"controller-lost", "camera-lost", "reader-lost"}
    outcome, told, _ = do(Closed(frozenset({"officer", "service-lost", *lost})), Order.OPEN)
    assert outcome == Outcome(Result.DONE, "still-closed", b"camera-lost, controller-lost, reader-lost")
    assert told == OPENED
    for state in (Closed(frozenset({"officer"})), Closed(frozenset({"service-lost"})), Ready()):
        assert do(state, Order.OPEN)[0] == Outcome()


@pytest.mark.parametrize(
    "state",
    [
        Closed(frozenset({EVACUATION})),
        Closed(frozenset({CONTROLLER_FAULT, "officer"})),
        Evacuating(),
        ReferredOutside((), on_reader=False),
    ],
)
def test_what_an_officer_must_have_seen_no_word_from_afar_replaces(state: State) -> None:
    outcome, told, _ = do(state, Order.OPEN)
    assert outcome.result is Result.REFUSED
    assert told == []


def test_the_log_is_sent_in_whole_lines_and_within_its_limit() -> None:
    made, _, ring, _ = acts(Ready())
    for number in range(600):
        ring.handle(logging.LogRecord("edge", logging.INFO, "", 0, "line %d", (number,), None))
    sent = asyncio.run(_await(made, Command("gate-1", BOOT, 1, 1, "send-log", {"lines": 3}))).body
    assert [line.split()[-1] for line in sent.decode().splitlines()] == ["597", "598", "599"]
    assert len(ring.last(10_000, 1_000_000).splitlines()) == 500
    assert len(ring.last(500, 1_000)) <= 1_000
    assert ring.last(0, 1_000) == b""
    assert ring.last(1, 10_000).endswith(b"599\n")
