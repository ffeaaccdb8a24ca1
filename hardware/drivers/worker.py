"""Who makes a call that may never return? A thread of its own, so that whoever waits for it does not."""

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from icao.chip.apdu import Silent

T = TypeVar("T")


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
