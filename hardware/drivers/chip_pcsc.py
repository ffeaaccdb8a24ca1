"""How is a chip read over PC/SC? Through pcscd, exclusively, and never for longer than the limit."""

import contextlib
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from hardware.drivers.chip_reader import ChipLimits, ChipLine, ReaderLost
from hardware.drivers.worker import Worker
from hardware.wires import pcsc_part10
from icao.chip.apdu import Silent


class PcscChip:
    """A reader of pcscd, used exclusively and with T=1, as contactless chips are."""

    def __init__(self, reader: str, limits: ChipLimits) -> None:
        self._reader, self._limits = reader, limits
        self._watch: Any = None  # Any: a handle of pyscard, which has no types
        self._longest_bytes: int | None = None  # what the reader said when it was asked
        self._asked = False
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
    def connect(self) -> Iterator[ChipLine]:
        from smartcard import scard  # compiled against libpcsclite, and not everywhere

        worker = self._free_worker()
        context = self._establish()
        try:
            mode, protocol = scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
            connect = partial(scard.SCardConnect, context, self._reader, mode, protocol)
            result, card, _ = worker.call(connect, self._limits.connect_s)
            self._expect(result)
            try:
                atr, longest_bytes = self._atr(worker, card), self._longest(worker, card)
                yield ChipLine(lambda command: self._transmit(worker, card, command), atr, longest_bytes)
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

    def _atr(self, worker: "Worker", card: Any) -> bytes:  # Any: see _watch
        from smartcard import scard

        result, _, _, _, atr = worker.call(partial(scard.SCardStatus, card), self._limits.connect_s)
        self._expect(result)
        return bytes(octet & 0xFF for octet in atr)

    def _longest(self, worker: "Worker", card: Any) -> int | None:  # Any: see _watch
        """Asked once: a reader does not learn."""
        from smartcard import scard

        def controlled(code: int) -> bytes:
            result, answer = worker.call(partial(scard.SCardControl, card, code, []), self._limits.connect_s)
            return bytes(octet & 0xFF for octet in answer) if result == scard.SCARD_S_SUCCESS else b""

        if not self._asked:
            code = pcsc_part10.properties_code(controlled(scard.SCARD_CTL_CODE(pcsc_part10.GET_FEATURE_REQUEST)))
            self._longest_bytes = None if code is None else pcsc_part10.longest_apdu(controlled(code))
            self._asked = True
        return self._longest_bytes

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
