"""What did the camera misread? At most three letters or digits that look alike, and only when the zone then agrees.

A zone that agrees as it was read is never touched. A repair is a guess that check digits support, and a digit supports
one wrong guess in ten: so each is told to whoever reads the zone, and the chip decides. (A29: two swaps can keep every
digit right; then the key of the zone does not open the chip, or DG1 says something else.)

1. Where only digits or only letters may stand, the other kind is a misreading: dates, check digits, codes, names.
2. Where both may stand, in numbers, a character is tried when it is out of place among its neighbours, and only while
   the field's check digit is wrong. The fewest swaps win; when two different ones agree, there is no repair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, islice, product
from typing import Final

from icao.mrz.codes import meaning
from icao.mrz.layout import Layout, Place, cut, digit_place, layout_of
from icao.mrz.zone import Mrz, MrzError, long_number, parse

MAX_REPAIRS: Final = 3
MAX_TRIALS: Final = 2000  # zones looked at, before a zone counts as ambiguous

DIGIT_OF: Final = {"O": "0", "D": "0", "Q": "0", "I": "1", "Z": "2", "S": "5", "G": "6", "B": "8"}
LETTERS_OF: Final = {"0": "ODQ", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B"}  # the likeliest first
SELDOM_IN_NUMBERS: Final = frozenset("IOQ")  # states leave them out because they look like digits


@dataclass(frozen=True, slots=True)
class Repair:
    """One character that was ``read`` as another. ``line`` and ``place`` count from one."""

    line: int
    place: int
    read: str
    repaired: str


def read_ocr(lines: Sequence[str], today: date) -> tuple[Mrz, tuple[Repair, ...]]:
    """The zone as ``parse`` reads it, once what was misread is repaired. Raises MrzError.

    >>> zone = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8989O2C36UTO7408122F1204159ZE184226B<<<<<10")
    >>> mrz, repairs = read_ocr(zone, date(2026, 11, 24))
    >>> mrz.ok, repairs
    (True, (Repair(line=2, place=6, read='O', repaired='0'),))
    """
    if _agrees(lines, today):
        return parse(lines, today), ()
    repairs = _repairs(lines, today)
    return parse(_repaired(lines, repairs), today), repairs


def _repairs(lines: Sequence[str], today: date) -> tuple[Repair, ...]:
    layout = layout_of(lines)
    demanded = tuple(_demanded(lines, layout)) if layout else ()
    if layout is None or len(demanded) > MAX_REPAIRS:
        return ()
    read = _repaired(lines, demanded)
    if _agrees(read, today):
        return demanded
    tried = list(_tried(read, layout, today))
    for count in range(1, MAX_REPAIRS - len(demanded) + 1):
        found = _that_agree(read, tried, count, today)
        if found:
            chosen = (*demanded, *found[0]) if len(found) == 1 else ()  # two ways to agree: nobody knows which
            return tuple(sorted(chosen, key=lambda repair: (repair.line, repair.place)))
    return ()


def _that_agree(read: Sequence[str], tried: list[list[Repair]], count: int, today: date) -> list[tuple[Repair, ...]]:
    """The first two ways to agree with ``count`` swaps; two as well when there is no end of ways to try."""
    trials = (swaps for places in combinations(tried, count) for swaps in product(*places))
    found: list[tuple[Repair, ...]] = []
    for number, swaps in enumerate(islice(trials, MAX_TRIALS + 1)):
        if _agrees(_repaired(read, swaps), today):
            found.append(swaps)
        if len(found) == 2 or number == MAX_TRIALS:
            return found[:1] * 2
    return found


def _demanded(lines: Sequence[str], layout: Layout) -> Iterator[Repair]:
    """What must be a misreading, whatever the check digits say."""
    for place in (layout.document_code, layout.names):
        yield from _swaps(place, cut(lines, place), {digit: letters[0] for digit, letters in LETTERS_OF.items()})
    for place in (layout.issuing_state, layout.nationality):
        yield from _code(place, cut(lines, place))
    dates = (layout.birth_date, layout.expiry_date)
    digits = (*map(digit_place, (layout.document_number, *dates)), layout.optional_1_digit, layout.composite_digit)
    for digit in (*dates, *filter(None, digits)):
        yield from _swaps(digit, cut(lines, digit), DIGIT_OF)


def _swaps(place: Place, text: str, swap: dict[str, str]) -> Iterator[Repair]:
    line, start, _ = place
    for offset, read in enumerate(text):
        if read in swap:
            yield Repair(line + 1, start + offset + 1, read, swap[read])


def _code(place: Place, text: str) -> Iterator[Repair]:
    """A digit in a code, where exactly one letter makes it the code of somebody: GB0 may be GBO or GBD."""
    ways = map("".join, product(*(LETTERS_OF.get(character, character) for character in text)))
    known = [code for code in ways if meaning(code.rstrip("<"))]
    line, start, _ = place
    for offset, (read, letter) in enumerate(zip(text, known[0] if len(known) == 1 else text, strict=True)):
        if read != letter:
            yield Repair(line + 1, start + offset + 1, read, letter)


def _tried(lines: Sequence[str], layout: Layout, today: date) -> Iterator[list[Repair]]:
    """For each character of a number that is wrong and looks out of place, what it may have been."""
    for place in _doubtful(lines, layout, today):
        line, start, _ = place
        text = cut(lines, place)
        for offset, read in enumerate(text):
            if others := _out_of_place(text, offset):
                yield [Repair(line + 1, start + offset + 1, read, other) for other in others]


def _doubtful(lines: Sequence[str], layout: Layout, today: date) -> tuple[Place, ...]:
    """The fields of letters and digits that a wrong check digit covers, and no right one does."""
    try:
        right = parse(lines, today).check_digits
    except MrzError:
        return ()
    optional = (layout.optional_1,) if layout.optional_2 is None else (layout.optional_1, layout.optional_2)
    if not right["document_number"]:
        return (layout.document_number, *(optional[:1] if long_number(lines, layout) else ()))
    if layout.optional_1_digit:
        return () if right["optional_1"] else optional
    return optional if not right.get("composite", True) and not long_number(lines, layout) else ()


def _out_of_place(text: str, offset: int) -> str:
    """What this character may have been, seen from its neighbours: a letter among digits, a digit among letters."""
    read, before, behind = text[offset], text[:offset], text[offset + 1 :]
    if read in DIGIT_OF:
        beside_digit = before[-1:].isdecimal() or behind[:1].isdecimal()
        # Numbers often begin with letters; these are where they belong.
        begins = not any(character.isdecimal() for character in before)
        return DIGIT_OF[read] if beside_digit and (not begins or read in SELDOM_IN_NUMBERS) else ""
    among_letters = behind[:1].isalpha() and (before == "" or before[-1:].isalpha())
    return LETTERS_OF.get(read, "") if among_letters else ""


def _repaired(lines: Sequence[str], repairs: Sequence[Repair]) -> tuple[str, ...]:
    sheet = [list(line) for line in lines]
    for repair in repairs:
        sheet[repair.line - 1][repair.place - 1] = repair.repaired
    return tuple("".join(line) for line in sheet)


def _agrees(lines: Sequence[str], today: date) -> bool:
    try:
        return parse(lines, today).ok
    except MrzError:
        return False
