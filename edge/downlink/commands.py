"""Is a command obeyed? Once, if the region's control key signed it for this device, this boot and this moment.

A command dies with the boot that it was written for, and so does the memory of its counter: after a restart nothing
that was said before can act. What it comes to is on the disk before anything moves, and is answered.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from messages.command import Answer, Command, Order, Result, seal_answer, verify_command
from messages.errors import Refused
from messages.facts import DeviceCommand
from messages.keys import ControlRecord, DeviceKey
from messages.topics import Topic

WAITING_MAX: Final = 20
AHEAD_MAX_MS: Final = 600_000  # a command expires in seconds; one that lasts for hours was not meant so
ALARM_EVERY_S: Final = 60.0
REFUSED: Final = "command-refused"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What acting came to. ``body`` holds no person."""

    result: Result = Result.DONE
    cause: str = ""
    body: bytes = b""


Act = Callable[[Command], Awaitable[Outcome]]
DONE: Final = Outcome()
EXPIRED: Final = Outcome(Result.LATE, "expired")


def judge(command: Command, boot: str, mono_ms: int, last_counter: int) -> Outcome:
    """May it act? ``boot`` and ``mono_ms`` are the device's own, as its status tells them; DONE says yes."""
    if command.boot != boot:
        return Outcome(Result.LATE, "other-boot")
    if command.counter <= last_counter:
        return Outcome(Result.REPEATED)
    if mono_ms > command.deadline_ms:
        return EXPIRED
    if command.deadline_ms > mono_ms + AHEAD_MAX_MS:
        return Outcome(Result.REFUSED, "deadline-too-far")
    if command.command not in list(Order):
        return Outcome(Result.UNKNOWN)
    return DONE


class Commands:
    """``take`` what stands on ``cmd``; ``run`` obeys, one after the other, for ever.

    ``record`` commits a fact and says whether it is on the disk; ``answer`` says bytes on ``res``.
    """

    def __init__(
        self,
        topic: Topic,
        key: DeviceKey,
        controls: Mapping[str, ControlRecord],
        boot: str,
        acts: Mapping[Order, Act],
        *,
        record: Callable[[DeviceCommand], Awaitable[bool]],
        answer: Callable[[bytes], None],
        alarm: Callable[[str], None],
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        self._topic, self._key, self._controls, self._boot = topic, key, controls, boot
        self._acts, self._record, self._answer, self._alarm = acts, record, answer, alarm
        self._clock_s = clock_s
        self._last_counter = 0
        self._last_alarm_s: float | None = None
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MAX)

    def take(self, message: bytes) -> None:
        """In the event loop; of a flood the rest is dropped, and expires."""
        if self._waiting.full():
            self._refuse("too many commands at once")
        else:
            self._waiting.put_nowait(message)

    def renewed(self, key: DeviceKey, controls: Mapping[str, ControlRecord]) -> None:
        self._key, self._controls = key, controls

    async def run(self) -> None:
        while True:
            await self.obey(await self._waiting.get())

    async def obey(self, message: bytes) -> None:
        try:
            command = verify_command(message, self._topic, self._controls)
        except Refused as refused:  # E03: nobody is answered who has proven nothing
            self._refuse(str(refused.reason))
            return
        allowed = judge(command, self._boot, self._mono_ms(), self._last_counter)
        if allowed is DONE:
            self._last_counter = command.counter
            self._say(command, await self._act(command))
        else:
            self._refuse(f"{allowed.result.value} {allowed.cause}".strip())
            self._say(command, allowed)

    async def _act(self, command: Command) -> Outcome:
        """First written down: if the power goes now, the region knows that it was to act, and it never acts twice."""
        act = self._acts.get(Order(command.command))
        if act is None:
            return await self._told(command, Outcome(Result.UNKNOWN))
        if not await self._record(_fact(command, DONE)):
            return Outcome(Result.FAILED, "record-failed")
        if self._mono_ms() > command.deadline_ms:  # A slow disk made it late.
            return await self._told(command, EXPIRED)
        try:
            outcome = await act(command)
        except Exception as error:  # whatever a device of the lane may raise: the region must hear of it
            log.error("the command %s failed: %s", command.command, type(error).__name__)
            outcome = Outcome(Result.FAILED, "fault")
        return outcome if outcome.result is Result.DONE else await self._told(command, outcome)

    async def _told(self, command: Command, outcome: Outcome) -> Outcome:
        await self._record(_fact(command, outcome))
        return outcome

    def _say(self, command: Command, outcome: Outcome) -> None:
        log.info("command %s: %s %s", command.command, outcome.result.value, outcome.cause)
        told = Answer(
            command.device, command.boot, command.counter, command.command, outcome.result, outcome.cause, outcome.body
        )
        self._answer(seal_answer(told, self._topic, self._key))

    def _mono_ms(self) -> int:
        return int(self._clock_s() * 1000)

    def _refuse(self, why: str) -> None:
        log.warning("a command was not obeyed: %s", why)
        now_s = self._clock_s()
        if (
            self._last_alarm_s is None or now_s - self._last_alarm_s >= ALARM_EVERY_S
        ):  # a flood must not fill the outbox
            self._last_alarm_s = now_s
            self._alarm(REFUSED)


def _fact(command: Command, outcome: Outcome) -> DeviceCommand:
    return DeviceCommand(command.counter, command.command, outcome.result.value, outcome.cause)
