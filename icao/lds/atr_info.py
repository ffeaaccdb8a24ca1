"""How much can the chip take and give at once? EF.ATR/INFO, and the same words in the historical bytes of the ATR.

(Doc 9303-10, 3.11.1; ISO/IEC 7816-4, 8.1.1 and 12.7.1) Nobody signs it: it is a hint how to read faster, no more.
"""

from dataclasses import dataclass
from typing import Final

from icao.tlv import Garbled, read, read_all

TAG_CARD_CAPABILITIES: Final = 0x47
TAG_EXTENDED_LENGTH: Final = 0x7F66
TAG_INTEGER: Final = 0x02
COMPACT_CAPABILITIES: Final = 0x7  # the same object in the historical bytes: tag and length share one byte
PADDING: Final = (0x00, 0xFF)  # what stands behind the last object of a file that is larger than its contents
CATEGORIES: Final = (0x00, 0x80)  # the first of the historical bytes: compact objects follow
MAX_ATR_INFO_BYTES: Final = 1024
MAX_INTEGER_BYTES: Final = 4

# ISO/IEC 7816-4, table 123: the third byte of the card capabilities; table 121: the first one.
COMMAND_CHAINING: Final = 0x80
EXTENDED_LENGTHS: Final = 0x40
LENGTHS_IN_ATR_INFO: Final = 0x20
SHORT_IDS: Final = 0x04


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the chip says of itself; all of it False when it says less than three bytes."""

    short_ids: bool
    command_chaining: bool
    extended_lengths: bool
    lengths_in_atr_info: bool


@dataclass(frozen=True, slots=True)
class AtrInfo:
    """``max_command_bytes`` and ``max_response_bytes`` of a whole APDU; None where the file is silent."""

    capabilities: Capabilities | None
    max_command_bytes: int | None
    max_response_bytes: int | None


def parse_atr_info(file: bytes) -> AtrInfo:
    """Raises Garbled."""
    capabilities = _objects(file).get(TAG_CARD_CAPABILITIES)
    lengths = extended_length(file)
    return AtrInfo(
        None if capabilities is None else _capabilities(capabilities), *((None, None) if lengths is None else lengths)
    )


def extended_length(file: bytes) -> tuple[int, int] | None:
    """The most bytes of a command APDU and of a response APDU, header and status word in them. Raises Garbled.

    >>> extended_length(bytes.fromhex("4301F8 4703F741E0 7F6608 020205F0 020205F0"))
    (1520, 1520)
    """
    found = _objects(file).get(TAG_EXTENDED_LENGTH)
    if found is None:
        return None
    numbers = read_all(found)
    if [each.tag for each in numbers] != [TAG_INTEGER, TAG_INTEGER]:
        raise Garbled("EF.ATR/INFO does not hold two lengths where it says so")
    command, response = (each.value for each in numbers)
    return _number(command), _number(response)


def atr_capabilities(atr: bytes) -> Capabilities | None:
    """What a reader's ATR passes on of the historical bytes; None when nothing of it can be told. Raises nothing.

    >>> atr_capabilities(bytes.fromhex("3B8880010073F741E000000000")).extended_lengths
    True
    """
    historical = _historical_bytes(atr)
    if not historical or historical[0] not in CATEGORIES:
        return None
    place = 1
    while place < len(historical):
        tag, length = divmod(historical[place], 16)
        if tag == COMPACT_CAPABILITIES:
            return _capabilities(historical[place + 1 : place + 1 + length])
        place += 1 + length
    return None


def _historical_bytes(atr: bytes) -> bytes:
    """Behind T0 and the interface bytes that each half byte announces (ISO/IEC 7816-3, 8.2)."""
    if len(atr) < 2:
        return b""
    announced, count = divmod(atr[1], 16)
    place = 2
    while announced:
        further = announced & 0x8
        place += announced.bit_count()
        announced = atr[place - 1] >> 4 if further and place <= len(atr) else 0
    return atr[place : place + count]


def _objects(file: bytes) -> dict[int, bytes]:
    """The first of each tag."""
    if len(file) > MAX_ATR_INFO_BYTES:
        raise Garbled(f"EF.ATR/INFO has {len(file)} bytes, and {MAX_ATR_INFO_BYTES} is the most that is read")
    objects: dict[int, bytes] = {}
    place = 0
    while place < len(file) and file[place] not in PADDING:
        found, place = read(file, place)
        objects.setdefault(found.tag, found.value)
    return objects


def _capabilities(value: bytes) -> Capabilities:
    first, third = (value[0], value[2]) if len(value) >= 3 else (0, 0)
    return Capabilities(
        short_ids=bool(first & SHORT_IDS),
        command_chaining=bool(third & COMMAND_CHAINING),
        extended_lengths=bool(third & EXTENDED_LENGTHS),
        lengths_in_atr_info=bool(third & LENGTHS_IN_ATR_INFO),
    )


def _number(value: bytes) -> int:
    if not 1 <= len(value) <= MAX_INTEGER_BYTES:
        raise Garbled("a length in EF.ATR/INFO is no number")
    return int.from_bytes(value, "big")
