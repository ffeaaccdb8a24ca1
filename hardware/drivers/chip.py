"""How does a post reach the chip in a document? Over PC/SC, or over a direct socket; the URL says which.

A driver never decides: it waits, it carries APDUs, and it has a limit on everything. ``Silent`` says that the chip did
not answer (lifted, dead or too slow: the document's side); ``ReaderLost`` that the reader is not there (ours to mend).
All calls block and are meant for a thread.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

from hardware.wires import vpcd
from icao.apdu import Silent, Transceive

T = TypeVar("T")


class ReaderLost(Exception):
    """The chip reader is not there or does not work; the message is one sentence with its cure."""


@dataclass(frozen=True, slots=True)
class ChipLimits:
    """How long the driver waits for what."""

    connect_s: float = 3.0
    apdu_s: float = 3.0  # an extended read over the air takes up to about 1.5 s
    poll_s: float = 0.02  # direct socket only; PC/SC tells us


class ChipReader(Protocol):
    def wait_present(self, limit_s: float) -> bool:
        """True as soon as a chip is there, False when none came within the limit. Raises ReaderLost."""

    def present(self) -> bool:
        """Whether a chip is there now. Raises ReaderLost."""

    def connect(self) -> AbstractContextManager[Transceive]:
        """Power the chip, alone with it until the end of the block. Raises Silent, ReaderLost."""

    def close(self) -> None:
        """End every wait and free the reader."""


def open_chip(url: str, limits: ChipLimits = ChipLimits()) -> ChipReader:
    """``pcsc:READER NAME`` or ``socket://HOST:PORT``. Opens nothing yet: a reader that is missing now may come."""
    scheme, _, rest = url.partition(":")
    if scheme == "pcsc" and rest:
        return PcscChip(rest, limits)
    host, _, port = rest.removeprefix("//").rpartition(":")
    if scheme == "socket" and host and port.isdigit():
        return SocketChip(host, int(port), limits)
    raise ValueError(f"{url!r} names no chip reader. Write pcsc:READER NAME or socket://HOST:PORT.")


class PcscChip:
    """A reader of pcscd, used exclusively and with T=1, as contactless chips are."""

    def __init__(self, reader: str, limits: ChipLimits) -> None:
        self._reader, self._limits = reader, limits
        self._watch: Any = None  # Any: a handle of pyscard, which has no types
        self._lock = threading.Lock()
        self._worker = Worker()
        self._closed = False

    def wait_present(self, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        seen = self._status(0, known=None)
        while not _present(seen) and (left_s := deadline - time.monotonic()) > 0 and not self._closed:
            seen = self._status(left_s, known=seen)
        return _present(seen)

    def present(self) -> bool:
        return _present(self._status(0, known=None))

    @contextlib.contextmanager
    def connect(self) -> Iterator[Transceive]:
        from smartcard import scard  # compiled against libpcsclite, and not everywhere

        worker = self._free_worker()
        context = self._establish()
        try:
            mode, protocol = scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
            connect = partial(scard.SCardConnect, context, self._reader, mode, protocol)
            result, card, _ = worker.call(connect, self._limits.connect_s)
            self._expect(result)
            try:
                yield lambda command: self._transmit(worker, card, command)
            finally:
                # Reset on leaving: no session outlives its reading. If this fails, the chip has gone already.
                worker.leave(partial(scard.SCardDisconnect, card, scard.SCARD_RESET_CARD), self._limits.connect_s)
        finally:
            worker.leave(partial(scard.SCardReleaseContext, context), self._limits.connect_s)

    def close(self) -> None:
        from smartcard import scard

        self._closed = True
        watch, self._watch = self._watch, None
        if watch is not None:
            scard.SCardCancel(watch)
            with self._lock:  # whoever waited has left
                scard.SCardReleaseContext(watch)
        self._worker.close()

    def _transmit(self, worker: "Worker", card: Any, command: bytes) -> bytes:  # Any: see _watch
        from smartcard import scard

        transmit = partial(scard.SCardTransmit, card, scard.SCARD_PCI_T1, list(command))
        result, answer = worker.call(transmit, self._limits.apdu_s)
        self._expect(result)
        if not answer:  # vpcd's way to say that the card left in the middle of an answer
            raise Silent("The chip left in the middle of its answer.")
        return bytes(octet & 0xFF for octet in answer)

    def _free_worker(self) -> "Worker":
        """The worker of the last reading, unless that one is still caught in pcscd."""
        if self._worker.caught:
            self._worker = Worker()
        return self._worker

    def _status(self, limit_s: float, known: int | None) -> int:
        """The reader's state as soon as it differs from ``known``, or at the limit."""
        from smartcard import scard

        with self._lock:
            if self._watch is None:
                self._watch = self._establish()
            state = (self._reader, scard.SCARD_STATE_UNAWARE if known is None else known & ~scard.SCARD_STATE_CHANGED)
            result, states = scard.SCardGetStatusChange(self._watch, int(limit_s * 1000), [state])
            if result not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
                scard.SCardReleaseContext(self._watch)
                self._watch = None
                raise self._lost(result)
            if states and states[0][1] & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                raise self._lost(scard.SCARD_E_UNKNOWN_READER)
            return int(states[0][1]) if states else 0

    def _establish(self) -> Any:  # Any: see _watch
        from smartcard import scard

        if self._closed:
            raise ReaderLost("The chip reader was closed.")
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if result != scard.SCARD_S_SUCCESS:
            raise self._lost(result)
        return context

    def _expect(self, result: int) -> None:
        from smartcard import scard

        if result == scard.SCARD_S_SUCCESS:
            return
        if result in (
            scard.SCARD_E_NO_SERVICE,
            scard.SCARD_E_SERVICE_STOPPED,
            scard.SCARD_E_UNKNOWN_READER,
            scard.SCARD_E_READER_UNAVAILABLE,
            scard.SCARD_E_SHARING_VIOLATION,
            scard.SCARD_F_COMM_ERROR,
        ):
            raise self._lost(result)
        raise Silent(f"The chip does not answer: {scard.SCardGetErrorMessage(result)}")

    def _lost(self, result: int) -> ReaderLost:
        from smartcard import scard

        why = scard.SCardGetErrorMessage(result).rstrip(". ")
        return ReaderLost(
            f"The chip reader {self._reader!r} cannot be used ({why}). Is pcscd running and the reader plugged in?"
        )


def _present(state: int) -> bool:
    from smartcard import scard

    return bool(state & scard.SCARD_STATE_PRESENT)


class Worker:
    """One thread for calls that may hang for ever, so that whoever waits for them does not.

    pcscd waits for a chip without a limit of its own. A caught thread comes back when the document is lifted, and does
    then what was left for it.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.caught = False

    def call(self, call: Callable[[], T], limit_s: float) -> T:
        """The call's result. Raises Silent at the limit; the worker is then good for leaving only."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="chip-reader", daemon=True)
            self._thread.start()
        result: Future[T] = Future()
        self._calls.put(lambda: _fulfil(result, call))
        try:
            return result.result(limit_s)
        except TimeoutError:
            self.caught = True
            raise Silent(f"The chip did not answer within {limit_s:g} s.") from None

    def leave(self, call: Callable[[], object], limit_s: float) -> None:
        """Free something; a caught worker does it as soon as it can, and nobody waits for that."""
        if self.caught:
            self._calls.put(lambda: _fulfil(Future(), call))
            return
        with contextlib.suppress(Silent):
            self.call(call, limit_s)

    def close(self) -> None:
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _fulfil(result: Future[T], call: Callable[[], T]) -> None:
    try:
        result.set_result(call())
    except BaseException as error:  # carried to whoever waits, not swallowed
        result.set_exception(error)


class SocketChip:
    """A chip behind a TCP port, in vpcd's framing. The end of the connection is the end of the chip's presence."""

    def __init__(self, host: str, port: int, limits: ChipLimits) -> None:
        self._address, self._limits = (host, port), limits
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._messages = vpcd.Messages()
        self._closed = False

    def wait_present(self, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while not (here := self.present()) and time.monotonic() < deadline and not self._closed:
            time.sleep(self._limits.poll_s)
        return here

    def present(self) -> bool:
        try:
            return bool(self._ask(vpcd.ATR, self._limits.connect_s))
        except Silent:  # hung up on us: whatever lay there was lifted
            return False

    @contextlib.contextmanager
    def connect(self) -> Iterator[Transceive]:
        self._ask(vpcd.ON)
        if not self._ask(vpcd.ATR, self._limits.connect_s):
            raise Silent("No chip lies on the reader.")
        try:
            yield lambda command: self._ask(command, self._limits.apdu_s) or self._nothing()
        finally:
            with contextlib.suppress(Silent, ReaderLost):  # powered off already, in a rougher way
                self._ask(vpcd.OFF)

    def close(self) -> None:
        self._closed = True
        with self._lock:
            self._hang_up()

    def _ask(self, body: bytes, limit_s: float | None = None) -> bytes:
        """Send one message; with a limit, wait for the answer as well."""
        with self._lock:
            try:
                line = self._line()
                line.settimeout(limit_s or self._limits.connect_s)
                line.sendall(vpcd.message(body))
                return self._answer(line, limit_s) if limit_s else b""
            except OSError as error:
                self._hang_up()
                why = f"within {limit_s:g} s" if isinstance(error, TimeoutError) and limit_s else "any more"
                raise Silent(f"The chip did not answer {why}.") from error

    def _line(self) -> socket.socket:
        if self._closed:
            raise ReaderLost("The chip reader was closed.")
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, self._limits.connect_s)
            except OSError as error:
                host, port = self._address
                raise ReaderLost(f"No chip reader answers at {host}:{port} ({error}). Is it running?") from error
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._messages = vpcd.Messages()
        return self._socket

    def _answer(self, line: socket.socket, limit_s: float) -> bytes:
        deadline = time.monotonic() + limit_s
        while True:
            piece = line.recv(65536)
            if not piece:
                raise ConnectionResetError("The other end hung up.")
            if bodies := self._messages.feed(piece):
                return bodies[-1]
            line.settimeout(
                max(deadline - time.monotonic(), 1e-3)
            )  # the limit is for the whole answer, not for a piece

    def _nothing(self) -> NoReturn:
        raise Silent("The chip answered nothing.")

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
