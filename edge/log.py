"""What stands in a lane's log of a fault? Its kind and its place, never its words: they may quote a traveller.

``int("8O")`` fails with digits of a birth date in its message.
"""

import asyncio
import logging
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from copy import copy
from types import TracebackType
from typing import Any, Final, TypeAlias  # Any: asyncio's own words about a fault

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
CHAIN_MAX: Final = 8  # faults behind a fault
RING_LINES: Final = 500

Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

log = logging.getLogger(__name__)


class Wordless(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record = copy(record)
        record.exc_text = None  # what another handler has made of it stands there
        return super().format(record)

    def formatException(self, ei: Raised) -> str:
        return "\n".join(_told(ei[1]))


class Ring(logging.Handler):
    """The last lines of this process, for a region that asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Wordless(FORMAT))
        self._lines: deque[str] = deque(maxlen=RING_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def last(self, lines: int, most_bytes: int) -> bytes:
        """The newest whole lines, in UTF-8 and in order; so many, and so many bytes at most."""
        found, size_bytes = deque[bytes](), 0
        for line in reversed([*self._lines][-lines:] if lines > 0 else []):
            content = line.encode(errors="replace") + b"\n"
            size_bytes += len(content)
            if size_bytes > most_bytes:
                break
            found.appendleft(content)
        return b"".join(found)


def write_to_standard_error() -> Ring:
    """Also into a ring in memory, which is returned."""
    handler, ring = logging.StreamHandler(sys.stderr), Ring()
    handler.setFormatter(Wordless(FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler, ring])
    return ring


def say_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For ``loop.set_exception_handler``: asyncio's own shows the ``repr`` of what a task was left with."""
    log.error("a fault that nobody awaited", exc_info=context.get("exception"))


def _told(error: BaseException | None) -> Iterator[str]:
    for _ in range(CHAIN_MAX):
        if error is None:
            return
        yield f"{type(error).__name__}, at"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
