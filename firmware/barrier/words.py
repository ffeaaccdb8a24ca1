"""The words of the link: what the Pi may say, what the board answers, and how each is packed.

docs/link.md tells the same for people. Big-endian throughout. The Pi's words are below 0x80 and the board's above, so
a frame thrown back at its sender means nothing.
"""

import struct

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
HEAD = ">BBII"  # version, word, session, sequence
HEAD_bytes = 10

# --- the Pi says ---
HELLO = 0x01  # protocol version, host instance, wanted lease, nonce
BEAT = 0x02  # newest event that has arrived
PERMIT = 0x03  # door, id, expires: one person, once, until then
REVOKE = 0x04  # door
RELEASE = 0x05  # nobody is held: the exit shuts, the entry opens for who is inside
HOLD = 0x06
RESUME = 0x07  # also acknowledges faults whose cause has gone
RESET = 0x08  # end of an evacuation, once the fire input is quiet
TIME = 0x09  # seconds since 1970, for the board's own log
CONFIG = 0x0A  # asks for one entry of the configuration by its number

# --- the board says ---
WELCOME = 0x81
STATUS = 0x82  # the answer to everything but HELLO and CONFIG
EVENT = 0x83
ENTRY_OF_CONFIG = 0x84

HELLO_FORM = ">BIH16s"
WELCOME_FORM = ">BI8sHI16s"  # protocol version, boot, board id, granted lease, newest event, nonce
BEAT_FORM = ">I"
PERMIT_FORM = ">BIQ"
REVOKE_FORM = ">B"
TIME_FORM = ">Q"
CONFIG_FORM = ">B"
# answered sequence, answer, mode, entry, exit, people, flags, faults, boot, uptime ms, newest event, forged
STATUS_FORM = ">IBBBBBBHIQIH"
EVENT_FORM = ">IIBBBQ"  # number, oldest number kept, code, two details, uptime ms
CONFIG_ENTRY_FORM = ">IBBi"  # answered sequence, number, how many there are, value; the name follows in ASCII

# --- doors ---
ENTRY = 0
EXIT = 1

# --- a door's phases ---
SHUT = 0  # closed by its limit switch and locked: proven
LOCKING = 1
OPENING = 2
OPEN = 3
CLOSING = 4
BLOCKED = 5  # open, and given up closing: somebody must look
LOOSE = 6  # neither ordered nor proven: found so at start, or forced
STALLED = 7  # drive off after a fault

# --- modes, by rank: the first that is true holds ---
STARTING = 0
STOPPED = 1
EVACUATING = 2
FAULTED = 3
SAFE = 4
HELD = 5
READY = 6

# --- flags in STATUS ---
OCCUPIED = 1
INWARD = 2
FIRE = 4
ESTOP = 8
ENTRY_PERMITTED = 16
EXIT_PERMITTED = 32

# --- answers ---
DONE = 0
REPEATED = 1  # this id has had its passage: nothing moves
REFUSED = 2  # the mode or the rules forbid it
EXPIRED = 3
UNKNOWN = 4

# --- events: code, first detail, second detail ---
PEOPLE_COUNTED = 1  # people
ENTRY_SHUT = 2  # people, occupied
EXIT_PASSED = 3  # people left inside
EXIT_SHUT = 4  # people, occupied
FORCED = 5  # door
OBSTRUCTED = 6  # door
EVACUATION_BEGAN = 7
EVACUATION_ENDED = 8
STOP_PRESSED = 9
STOP_RELEASED = 10
FAULT = 11  # fault bit's number
TAILGATING = 12  # people, door
PERMISSION_EXPIRED = 13  # door
SILENCE = 14  # the Pi outstayed its lease: all permissions are void
STARTED = 15

# --- faults, as bit numbers; for the exit one more ---
LIMITS_ENTRY = 0  # both limit switches at once
LIMITS_EXIT = 1
TRAVEL_ENTRY = 2  # took longer than a door can take
TRAVEL_EXIT = 3
CONFIG_INVALID = 4
FAULT_NAMES = ("limits-entry", "limits-exit", "travel-entry", "travel-exit", "config-invalid")


def pack(form: str, *values: "Any") -> bytes:  # Any: as struct.pack has it
    return struct.pack(form, *values)


def unpack(form: str, payload: bytes) -> "tuple[Any, ...] | None":  # Any: as struct.unpack has it
    """The values, or None: a payload of another length is not this word."""
    if len(payload) != struct.calcsize(form):
        return None
    return struct.unpack(form, payload)
