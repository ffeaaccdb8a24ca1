"""Which day do three or four bytes of a seal mean? (Doc 9303-13, 2.5; ICAO TR Datastructure for Barcode)

MMDDYYYY is read as one number of three bytes. The datastructure puts a byte before it, whose bits say which of the
eight digits nobody knows.
"""

from datetime import date
from typing import Final

from icao.tlv import Garbled

DATE_BYTES: Final = 3
MASKED_DATE_BYTES: Final = 4
DIGITS: Final = 8


def decode_date(data: bytes) -> date:
    """Raises Garbled.

    >>> decode_date(bytes.fromhex("319EF5")).isoformat()
    '1957-03-25'
    """
    digits = _digits(data)
    try:
        return date(int(digits[4:]), int(digits[:2]), int(digits[2:4]))
    except ValueError:
        raise Garbled("a date is no day of any calendar") from None


def encode_date(day: date) -> bytes:
    """
    >>> encode_date(date(1957, 3, 25)).hex()
    '319ef5'
    """
    return int(f"{day:%m%d}{day.year:04}").to_bytes(DATE_BYTES, "big")


def decode_masked_date(data: bytes) -> str:
    """ISO, with X for each unknown digit. Raises Garbled.

    >>> decode_masked_date(bytes.fromhex("C3 0053FC"))
    '15XX-XX-02'
    >>> decode_masked_date(bytes.fromhex("00 9B5D88"))
    '2024-10-18'
    """
    if len(data) != MASKED_DATE_BYTES:
        raise Garbled(f"a masked date has {MASKED_DATE_BYTES} bytes")
    if not data[0]:
        return decode_date(data[1:]).isoformat()
    shown = "".join("X" if data[0] & 0x80 >> at else digit for at, digit in enumerate(_digits(data[1:])))
    return f"{shown[4:]}-{shown[:2]}-{shown[2:4]}"


def encode_masked_date(iso: str) -> bytes:
    """Raises ValueError when ``iso`` is no date, with X for unknown digits.

    >>> encode_masked_date("2024-10-18").hex()
    '009b5d88'
    """
    year, month, day = iso.split("-")
    digits = month + day + year
    if len(digits) != DIGITS:
        raise ValueError("a date is YYYY-MM-DD with X for what is unknown")
    mask = sum(0x80 >> at for at, digit in enumerate(digits) if digit == "X")
    return bytes([mask]) + int(digits.replace("X", "0")).to_bytes(DATE_BYTES, "big")


def _digits(data: bytes) -> str:
    number = f"{int.from_bytes(data, 'big'):08}"
    if len(data) != DATE_BYTES or len(number) != DIGITS:
        raise Garbled("a date has not eight digits")
    return number
