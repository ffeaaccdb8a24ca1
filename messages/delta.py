"""How does the new list come out of the old one? Runs copied from the old one, and new bytes between them.

The form (all numbers big-endian): ``bpd1``, then steps: ``C`` at(4) size(4), a run of the old list; ``I`` size(4) and
so many new bytes. Lists are cut at commas and line ends: an entry more or less costs a few bytes, wherever it stands.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from messages.errors import Quarantine, Refused
from messages.limits import LIST_MAX_BYTES

MARK: Final = b"bpd1"
COPY, INSERT = b"C", b"I"
PIECE: Final = re.compile(rb"[^,\n]*[,\n]?")
RUN: Final = struct.Struct(">II")
SIZE: Final = struct.Struct(">I")
RUN_LEAST_BYTES: Final = 16  # a shorter run is cheaper written out


def make_delta(base: bytes, content: bytes) -> bytes:
    """``apply_delta(base, make_delta(base, content), len(content))`` is ``content``."""
    steps = [MARK]
    fresh = bytearray()
    for at, size, end in _runs(base, content):
        if at is None or size < RUN_LEAST_BYTES:
            fresh += content[end - size : end]
            continue
        steps += _inserted(fresh)
        fresh.clear()
        steps += [COPY, RUN.pack(at, size)]
    steps += _inserted(fresh)
    return b"".join(steps)


def _runs(base: bytes, content: bytes) -> Iterator[tuple[int | None, int, int]]:
    """``content`` as runs of whole pieces: where it stands in ``base`` (None: nowhere), size, end in ``content``."""
    known: dict[bytes, int] = {}
    for piece, at in _pieces(base):
        known.setdefault(piece, at)
    begin: int | None = None
    size = end = 0
    for piece, end in _pieces(content):
        if begin is None or not base.startswith(piece, begin + size):
            found = known.get(piece)
            if begin is not None or found is not None:  # else: one more new piece behind new ones
                yield begin, size, end
                begin, size = found, 0
        size += len(piece)
    yield begin, size, len(content)


def _pieces(content: bytes) -> Iterator[tuple[bytes, int]]:
    at = 0
    for piece in PIECE.findall(content):
        yield piece, at
        at += len(piece)


def _inserted(fresh: bytearray) -> list[bytes]:
    return [INSERT, SIZE.pack(len(fresh)), bytes(fresh)] if fresh else []


def apply_delta(base: bytes, delta: bytes, size_bytes: int) -> bytes:
    """Exactly ``size_bytes`` bytes, or Refused(bad-events). Never more memory than that: an amplifier ends at once."""
    if size_bytes > LIST_MAX_BYTES or not delta.startswith(MARK):
        raise _broken("not a delta")
    made = bytearray()
    at = len(MARK)
    while at < len(delta):
        run, at = _step(base, delta, at)
        if len(made) + len(run) > size_bytes:
            raise _broken("more than was said")
        made += run
    if len(made) != size_bytes:
        raise _broken("less than was said")
    return bytes(made)


def _step(base: bytes, delta: bytes, at: int) -> tuple[memoryview, int]:
    """What one step adds, and where the next begins."""
    kind, at = delta[at : at + 1], at + 1
    try:
        if kind == COPY:
            start, size = RUN.unpack_from(delta, at)
            source, after = base, at + RUN.size
        elif kind == INSERT:
            (size,) = SIZE.unpack_from(delta, at)
            start = at + SIZE.size
            source, after = delta, start + size
        else:
            raise _broken("a step that nobody knows")
    except struct.error:
        raise _broken("cut short") from None
    if not size or start + size > len(source):
        raise _broken("a run beyond the end")
    return memoryview(source)[start : start + size], after


def _broken(what: str) -> Refused:
    return Refused(Quarantine.BAD_EVENTS, f"delta: {what}")
