"""Does the kernel know that somebody keeps its clock right? Whichever daemon that is: each of them tells it.

A daemon that falls silent is noticed too: after nine hours without a word the kernel itself takes the clock for unkept
(its error grows by half a millisecond a second, and 16 seconds are too many; adjtimex(2)).
"""

import ctypes
from functools import cache
from typing import ClassVar, Final

STA_UNSYNC: Final = 0x40
ROOM_BYTES: Final = 256  # struct timex is longer than what is read of it


class Timex(ctypes.Structure):
    """The beginning of ``struct timex``; with ``modes`` 0 nothing is set, so nobody needs a right to ask."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("max_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * ROOM_BYTES),
    ]


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def is_kept() -> bool:
    asked = Timex()
    state = _libc().adjtimex(ctypes.byref(asked))
    return state >= 0 and not asked.status & STA_UNSYNC
