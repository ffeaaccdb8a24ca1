"""How much may the other end send? Every limit of the contract stands in this table."""

from typing import Final

# --- topics (docs/contract.md, 1) ---
NAME_MAX_CHARS: Final = 31  # region, post, device, list
TOPIC_MAX_CHARS: Final = 128

# --- events (2) ---
EVENT_MAX_BYTES: Final = 65_536  # UTF-8 JSON
JSON_DEPTH_MAX: Final = 16  # objects and lists within one another
COUNT_MAX: Final = 2**53 - 1  # what every JSON reader still holds exactly
COUNT_DIGITS_MAX: Final = 6  # of the number in a key id
CODE_MAX_CHARS: Final = 60  # reasons, causes, alarms, ids of checks
TEXT_MAX_CHARS: Final = 200
CHECKS_MAX: Final = 64  # in one event
REASONS_MAX: Final = 16  # in one event
LISTS_MAX: Final = 16  # in one event
READINGS_MAX: Final = 32  # in one event
RANGES_MAX: Final = 64  # stretches of numbers in one event that declares a drop

# --- frames (3) ---
FRAME_MAX_BYTES: Final = 262_144
EVENTS_PER_FRAME_MAX: Final = 50
CBOR_DEPTH_MAX: Final = 8  # maps and lists within one another
ACK_MAX_BYTES: Final = 16_384
ACK_RANGES_MAX: Final = 500  # in one acknowledgement
STATUS_MAX_BYTES: Final = 16_384  # signed

# --- commands and lists (13.4, 13.5) ---
COMMAND_MAX_BYTES: Final = 16_384  # signed
ARGUMENTS_MAX: Final = 16  # of one command
ANSWER_MAX_BYTES: Final = 65_536  # signed
ANSWER_BODY_MAX_BYTES: Final = 65_000  # leaves room for the rest of the answer
MANIFEST_MAX_BYTES: Final = 4_096  # signed
CHUNK_MAX_BYTES: Final = 65_536  # of content
CHUNK_MESSAGE_MAX_BYTES: Final = 65_792  # with what stands around it
LIST_MAX_BYTES: Final = 16_000_000  # the whole, and a delta
LIST_VALID_MAX_S: Final = 31_622_400  # 366 days
