"""What does the machine readable zone say? (Doc 9303-3 to 9303-7)

Shape and alphabet decide whether there is a zone at all (``MrzError``). Everything else is an answer: a wrong check
digit shows in ``check_digits``, a field that cannot be what it claims in ``faults``, and ``ok`` sums them up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from icao.mrz import dates
from icao.mrz.check_digit import check_digit
from icao.mrz.layout import ALPHABET, Format, Layout, cut, digit_place, layout_of
from icao.mrz.names import read_names

# Limits of what ``tidied`` looks at: a zone has 3 lines of 44 characters at most.
MAX_TEXT_CHARACTERS: Final = 512

SEXES: Final = {"M": "M", "F": "F", "X": "X", "<": "X"}  # Doc 9303-4, 4.2.2.2: the filler means unspecified


class MrzError(Exception):
    """These lines are no machine readable zone. The message says why and holds no personal data."""


@dataclass(frozen=True, slots=True, repr=False)
class Mrz:
    """A machine readable zone, read. Fields carry no fillers; dates are ISO with X for unknown parts.

    ``document_number`` is the whole number, also where it runs over into the optional data.
    """

    format: Format
    document_code: str
    issuing_state: str
    document_number: str
    surname: str
    given_names: str
    names_truncated: bool
    nationality: str
    birth_date: str
    sex: str  # M, F or X (unspecified)
    expiry_date: str
    optional_1: str
    optional_2: str
    check_digits: Mapping[str, bool] = field(hash=False)
    faults: tuple[str, ...]  # names of fields that cannot be what they claim
    lines: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return all(self.check_digits.values()) and not self.faults

    def __repr__(self) -> str:  # No name or number in a log.
        return f"Mrz({self.format})"


def parse(lines: Sequence[str], today: date) -> Mrz:
    """Read the zone; ``today`` places two-digit years in their century. Raises MrzError."""
    layout = _shape(lines)
    number, number_ok, optional_1 = _document_number(lines, layout)
    surname, given_names, truncated = read_names(cut(lines, layout.names))
    births = dates.birth_date(cut(lines, layout.birth_date), today)
    expires = dates.expiry_date(cut(lines, layout.expiry_date), today)
    sex = SEXES.get(cut(lines, layout.sex))
    issuing_state, nationality = _plain(cut(lines, layout.issuing_state)), _plain(cut(lines, layout.nationality))
    suspects = {
        "issuing_state": issuing_state.isalpha(),
        "document_number": number != "",
        "surname": surname != "" and not any(letter.isdecimal() for letter in surname + given_names),
        "nationality": nationality.isalpha(),
        "birth_date": births is not None,
        "sex": sex is not None,
        "expiry_date": expires is not None,
    }
    return Mrz(
        format=layout.format,
        document_code=_plain(cut(lines, layout.document_code)),
        issuing_state=issuing_state,
        document_number=number,
        surname=surname,
        given_names=given_names,
        names_truncated=truncated,
        nationality=nationality,
        birth_date=births or dates.UNKNOWN,
        sex=sex or "X",
        expiry_date=expires or dates.UNKNOWN,
        optional_1=_plain(optional_1),
        optional_2=_plain(cut(lines, layout.optional_2)) if layout.optional_2 else "",
        check_digits={"document_number": number_ok} | _check_digits(lines, layout),
        faults=tuple(name for name, credible in suspects.items() if not credible),
        lines=tuple(lines),
    )


def tidied(text: str) -> tuple[str, ...]:
    """Lines as a person types or a reader sends them: upper case, no blanks, a joined zone cut up again.

    Guillemets stand for the fillers that a keyboard, a text recogniser or a word processor made of them.

    >>> [len(line) for line in tidied("i<uto" + "«" * 42 + "<")]
    [30, 30, 30]
    """
    fillers = text[:MAX_TEXT_CHARACTERS].replace("\u00ab", "<<").replace("\u2039", "<")
    lines = ["".join(line.split()).upper() for line in fillers.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) != 1:
        return tuple(lines)
    width = {90: 30, 72: 36, 88: 44}.get(len(lines[0]), len(lines[0]) or 1)
    return tuple(lines[0][start : start + width] for start in range(0, len(lines[0]), width))


def bac_key_information(mrz: Mrz) -> str:
    """What the chip's access key is made of: number, birth and expiry, each with its digit. (Doc 9303-11, 9.7.2)

    A long number stands here without the filler in its middle, and with the digit as it is printed.
    """
    layout = _shape(mrz.lines)
    number = cut(mrz.lines, layout.document_number) + cut(mrz.lines, digit_place(layout.document_number))
    if (long := long_number(mrz.lines, layout)) is not None:
        number = "".join(long[:2])
    dates = (layout.birth_date, layout.expiry_date)
    return number + "".join(cut(mrz.lines, place) + cut(mrz.lines, digit_place(place)) for place in dates)


def _shape(lines: Sequence[str]) -> Layout:
    layout = layout_of(lines)
    if layout is None:
        found = " and ".join(str(len(line)) for line in lines[:4]) or "no"
        raise MrzError(
            f"Lines of {found} characters make no machine readable zone: give 3 lines of 30, 2 of 36 or 2 of 44."
        )
    for number, line in enumerate(lines, start=1):
        for place, character in enumerate(line, start=1):
            if character not in ALPHABET:
                raise MrzError(f"Line {number}, place {place} is none of A-Z, 0-9 and '<': type it as it is printed.")
    if not cut(lines, layout.document_code)[0].isalpha():
        raise MrzError("The first character must be the letter of a document code, such as P, I, A, C or V.")
    return layout


def _document_number(lines: Sequence[str], layout: Layout) -> tuple[str, bool, str]:
    """The whole number, whether its digit agrees, and the optional data that are left."""
    printed, digit = cut(lines, layout.document_number), cut(lines, digit_place(layout.document_number))
    if (long := long_number(lines, layout)) is not None:
        number, digit, rest = long
        # Two readings are in the field: the filler in the middle takes a weight, or it does not.
        readings = {check_digit(f"{number[:9]}<{number[9:]}"), check_digit(number)}
        return number, digit in readings, rest
    return _plain(printed), digit == check_digit(printed), cut(lines, layout.optional_1)


def long_number(lines: Sequence[str], layout: Layout) -> tuple[str, str, str] | None:
    """Number, digit and what follows, when a filler stands for the digit and the number runs on in the optional data.

    Doc 9303-5, 4.2.2.1, note j, and Doc 9303-6, 4.2.2.2, note j: cards only, passports and visas have nine characters.
    """
    printed, digit = cut(lines, layout.document_number), cut(lines, digit_place(layout.document_number))
    if layout.format not in ("TD1", "TD2") or digit != "<" or "<" in printed:
        return None
    run, _, rest = cut(lines, layout.optional_1).partition("<")
    return (printed + run[:-1], run[-1], rest) if len(run) >= 2 else None


def _check_digits(lines: Sequence[str], layout: Layout) -> dict[str, bool]:
    """The digits beside the number's. An empty optional field may have a filler for its digit. (Doc 9303-4, 4.2.2.2)"""
    digits = {}
    for name, place in (("birth_date", layout.birth_date), ("expiry_date", layout.expiry_date)):
        digits[name] = cut(lines, digit_place(place)) == check_digit(cut(lines, place))
    if layout.optional_1_digit:
        optional, digit = cut(lines, layout.optional_1), cut(lines, layout.optional_1_digit)
        digits["optional_1"] = digit == check_digit(optional) or (digit == "<" and not _plain(optional))
    if layout.composite_digit:
        covered = "".join(cut(lines, place) for place in layout.composite)
        digits["composite"] = cut(lines, layout.composite_digit) == check_digit(covered)
    return digits


def _plain(text: str) -> str:
    """Without fillers: around it they go, inside they are a blank."""
    return " ".join(text.replace("<", " ").split())
