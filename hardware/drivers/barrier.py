"""The Pi's hand on the barrier controller: permissions and wishes go out, what happened comes back.

``run`` is to be awaited by the task group of the lane itself: when that loop hangs no heartbeat leaves, and the board
makes the lane safe alone. Nothing in here decides whether a door may move; the board's interlock does.
"""

import asyncio
import os
import random
import secrets
from collections.abc import Callable

import serial

from firmware.barrier import words
from hardware.drivers.barrier_events import BarrierEvent, BarrierStatus
from hardware.drivers.barrier_told import Told
from hardware.drivers.barrier_wishes import WISH_LIMIT_s, Wishes
from hardware.wires.barrier import Event, HostSession, Status, Welcome

BAUD_bd = 115200
RECEIVE_bytes = 4096
BEATS_PER_LEASE = 5
UNANSWERED = 2  # beats without an answer, beyond the lease: lost
GREET_EVERY_s = 0.25
GREETINGS = 8  # without an answer, and the port is opened anew
BACKOFF_LEAST_s, BACKOFF_MOST_s = 0.1, 1.0
FOR_EVER_s = float("inf")  # a held lane stays held until the board has heard of it


class BarrierClient:
    """One controller at ``url`` (``/dev/ttyACM0``). ``on_event`` is called from within ``run``.

    ``alive`` is asked before each heartbeat: a lane that knows that it hangs can fall silent.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        on_event: Callable[[BarrierEvent], None],
        lease_ms: int = 500,
        *,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._url = url
        self._key = key
        self._lease_s = lease_ms / 1000
        self._alive = alive
        self._host = secrets.randbits(32)
        self._wishes = Wishes()
        self._told = Told(on_event, self._wishes)
        self._received = bytearray()
        self._vanished = False
        self._stirred = asyncio.Event()
        self._heard_s = 0.0
        self._unanswered = 0
        self._chance = random.SystemRandom()

    # --- what the lane may ask ---
    @property
    def status(self) -> BarrierStatus:
        return self._told.status

    @property
    def past_exits(self) -> int:
        """How many left through the exit before this life of the lane came to hear of it."""
        return self._told.past_exits

    @property
    def silent_s(self) -> float:
        """How long ago the board was last heard; counted from the start while it never was."""
        return _now_s() - self._heard_s

    def permit_entry(self, passage_id: int, valid_s: float) -> None:
        """One person may come in, once. A passage has one permission for each door: ids rise."""
        self._wishes.permit(words.ENTRY, passage_id, _now_s() + valid_s)
        self._stirred.set()

    def permit_exit(self, passage_id: int, valid_s: float) -> None:
        self._wishes.permit(words.EXIT, passage_id, _now_s() + valid_s)
        self._stirred.set()

    def revoke_entry(self) -> None:
        self._wishes.revoke(words.ENTRY, _now_s())
        self._stirred.set()

    def revoke_exit(self) -> None:
        self._wishes.revoke(words.EXIT, _now_s())
        self._stirred.set()

    def release_inward(self) -> None:
        """The exit shuts and the entry opens for whoever is inside."""
        self._ask(words.RELEASE, WISH_LIMIT_s, words.PERMIT)

    def hold(self) -> None:
        """No passages until ``resume``. The button inside still opens the entry."""
        self._ask(words.HOLD, FOR_EVER_s, words.PERMIT, words.RESUME)

    def resume(self) -> None:
        """Passages again; faults whose cause has gone are forgotten."""
        self._ask(words.RESUME, FOR_EVER_s, words.HOLD)

    def reset_evacuation(self) -> None:
        self._ask(words.RESET, WISH_LIMIT_s)

    def _ask(self, word: int, for_s: float, *instead_of: int) -> None:
        self._wishes.ask(word, _now_s() + for_s, *instead_of)
        self._stirred.set()

    # --- the line ---
    async def run(self) -> None:
        """For ever: open, greet, talk; when the device vanishes or falls silent, wait a little and begin again."""
        backoff_s = BACKOFF_LEAST_s
        while True:
            try:
                port = serial.serial_for_url(self._url, BAUD_bd, timeout=0, write_timeout=0, exclusive=True)
            except (serial.SerialException, OSError):
                self._told.say_lost()
                await asyncio.sleep(backoff_s * self._chance.uniform(0.5, 1.0))
                backoff_s = min(BACKOFF_MOST_s, backoff_s * 2)
                continue
            try:
                if await self._converse(port.fileno()):
                    backoff_s = BACKOFF_LEAST_s
            finally:
                port.close()
            self._told.say_lost()
            await asyncio.sleep(backoff_s * self._chance.uniform(0.5, 1.0))

    async def _converse(self, descriptor: int) -> bool:
        """Until the device vanishes or nobody answers; whether anybody ever did."""
        loop = asyncio.get_running_loop()
        self._received.clear()
        self._vanished = False
        answered = False
        loop.add_reader(descriptor, self._read, descriptor)
        try:
            while not self._vanished:
                session = await self._greet(descriptor)
                if session is None:
                    break
                answered = True
                await self._talk(descriptor, session)
                self._told.say_lost()
        finally:
            loop.remove_reader(descriptor)
        return answered

    async def _greet(self, descriptor: int) -> HostSession | None:
        """HELLO until somebody who has our key welcomes us."""
        session = HostSession(self._key, self._host, round(self._lease_s * 1000), secrets.token_bytes(16))
        for _ in range(GREETINGS):
            self._send(descriptor, session.hello())
            until_s = _now_s() + GREET_EVERY_s
            while not self._vanished and _now_s() < until_s:
                await self._stir(until_s)
                for told in session.feed(self._take()):
                    if isinstance(told, Welcome):
                        self._heard_s = _now_s()
                        self._unanswered = 0
                        self._told.begin(told)
                        return session
            if self._vanished:
                return None
        return None

    async def _talk(self, descriptor: int, session: HostSession) -> None:
        """Beats, wishes and news until the board has been silent for longer than a lease."""
        next_s = _now_s()
        while not self._vanished:
            stirred = self._stirred.is_set()
            if _now_s() >= next_s or (stirred and self._wishes.unsaid()):
                next_s = _now_s() + self._lease_s / BEATS_PER_LEASE
                if self._alive():
                    self._beat(descriptor, session)
            await self._stir(next_s)
            self._hear(session)
            if _now_s() - self._heard_s > self._lease_s and self._unanswered >= UNANSWERED:
                return

    async def _stir(self, until_s: float) -> None:
        """Until something came in, something is wished, or it is time."""
        try:
            async with asyncio.timeout_at(until_s):
                await self._stirred.wait()
        except TimeoutError:
            return
        self._stirred.clear()

    def _beat(self, descriptor: int, session: HostSession) -> None:
        self._unanswered += 1
        self._wishes.lapse(_now_s())
        sent = [session.say(words.BEAT, words.pack(words.BEAT_FORM, self._told.acked))[1]]
        for wish in self._wishes:
            payload = wish.payload(self._told.board_ms)
            if payload is not None:
                sequence, said = session.say(wish.word, payload)
                wish.sequences.add(sequence)
                sent.append(said)
        self._send(descriptor, b"".join(sent))

    def _read(self, descriptor: int) -> None:
        try:
            received = os.read(descriptor, RECEIVE_bytes)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            # Readable, and nothing to read: the device is gone.
            self._vanished = True
            asyncio.get_running_loop().remove_reader(descriptor)
        self._received += received
        self._stirred.set()

    def _take(self) -> bytes:
        received = bytes(self._received)
        self._received.clear()
        return received

    def _send(self, descriptor: int, frames: bytes) -> None:
        try:
            os.write(descriptor, frames)
        except BlockingIOError:
            return  # the line is full: said again with the next beat
        except OSError:
            self._vanished = True

    # --- what the board tells ---
    def _hear(self, session: HostSession) -> None:
        for told in session.feed(self._take()):
            self._heard_s = _now_s()
            self._unanswered = 0
            match told:
                case Status():
                    self._told.hear_status(told, _now_s())
                case Event():
                    self._told.hear_event(told)
                case Welcome():
                    pass  # a second answer to a HELLO said twice


def _now_s() -> float:
    return asyncio.get_running_loop().time()
