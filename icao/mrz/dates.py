"""Which day does YYMMDD mean? Unknown parts are told as X. (Doc 9303-3, 4.8)

Two digits of a year need a window, and a window needs to know today: it is an argument, never looked up.
A birth lies in the last hundred years; an expiry lies within fifty years of today, on either side.
"""

from datetime import date
from typing import Final

UNKNOWN: Final = "XXXX-XX-XX"
EXPIRY_WINDOW_YEARS: Final = 50


def birth_date(yymmdd: str, today: date) -> str | None:
    """ISO date with X for unknown parts, the latest that is not after today; None when there is no such day.

    >>> birth_date("7408<<", date(2026, 11, 24))
    '1974-08-XX'
    >>> birth_date("270101", date(2026, 11, 24))
    '1927-01-01'
    """
    this_century = today.year // 100 * 100
    return _first([century for century in (this_century, this_century - 100)], yymmdd, latest=today)


def expiry_date(yymmdd: str, today: date) -> str | None:
    """ISO date with X for unknown parts, in the year nearest to today; None when there is no such day.

    >>> expiry_date("360101", date(2026, 11, 24))
    '2036-01-01'
    """
    year = yymmdd[:2]
    offset = int(year) if year.isdecimal() else 0
    nearest = today.year - EXPIRY_WINDOW_YEARS
    century = (nearest - offset + 99) // 100 * 100
    return _first([century], yymmdd, latest=date.max)


def yymmdd(iso: str) -> str:
    """The other way round, for whoever writes a zone. Raises ValueError when ``iso`` is no such date.

    >>> yymmdd("1974-08-XX")
    '7408<<'
    """
    parts = iso.split("-")
    if [len(part) for part in parts] != [4, 2, 2]:
        raise ValueError("a date is YYYY-MM-DD with X for what is unknown")
    text = "".join(part[-2:].replace("XX", "<<") for part in parts)
    if _first([int(parts[0][:2] + "00") if parts[0] != "XXXX" else 2000], text, latest=date.max) is None:
        raise ValueError("there is no such day")
    return text


def _first(centuries: list[int], yymmdd: str, latest: date) -> str | None:
    """The date in the first century in which it exists and its earliest possible day is not after ``latest``."""
    year, month, day = yymmdd[:2], _known(yymmdd[2:4]), _known(yymmdd[4:6])
    if not all(part == "<<" or (part.isascii() and part.isdecimal()) for part in (year, month, day)):
        return None
    for century in centuries:
        full_year = None if year == "<<" else century + int(year)
        earliest = _day(full_year or 2000, month, day)  # 2000 was a leap year: any day can be in it.
        if earliest is not None and (full_year is None or earliest <= latest):
            shown_year = "XXXX" if full_year is None else f"{full_year:04}"
            return f"{shown_year}-{month}-{day}".replace("<<", "XX")
    return None


def _known(part: str) -> str:
    """Doc 9303 writes an unknown month or day as fillers; some states write 00 and mean the same."""
    return "<<" if part == "00" else part


def _day(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, 1 if month == "<<" else int(month), 1 if day == "<<" else int(day))
    except ValueError:
        return None  # An answer, not a fault of ours: there is no thirtieth of February.
