"""Where does each field of a machine readable zone stand? (Doc 9303-4 to 9303-7)

Places are (line, first, behind the last), counted from zero. Cut a field with ``cut``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Format = Literal["TD1", "TD2", "TD3", "MRVA", "MRVB"]
Place = tuple[int, int, int]

ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
# These two stand in the same place in every format.
DOCUMENT_CODE: Final[Place] = (0, 0, 2)
ISSUING_STATE: Final[Place] = (0, 2, 5)


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one format. ``composite`` lists what the last digit covers; a visa has none."""

    format: Format
    lines: int
    width: int
    names: Place
    document_number: Place
    nationality: Place
    birth_date: Place
    sex: Place
    expiry_date: Place
    optional_1: Place
    optional_2: Place | None = None
    optional_1_digit: Place | None = None
    composite_digit: Place | None = None
    composite: tuple[Place, ...] = ()

    document_code: Place = DOCUMENT_CODE
    issuing_state: Place = ISSUING_STATE


def cut(lines: Sequence[str], place: Place) -> str:
    line, start, stop = place
    return lines[line][start:stop]


def digit_place(place: Place) -> Place:
    """The digit that follows a field."""
    line, _, stop = place
    return line, stop, stop + 1


# Doc 9303-5, 4.2.2
TD1: Final = Layout(
    format="TD1",
    lines=3,
    width=30,
    names=(2, 0, 30),
    document_number=(0, 5, 14),
    nationality=(1, 15, 18),
    birth_date=(1, 0, 6),
    sex=(1, 7, 8),
    expiry_date=(1, 8, 14),
    optional_1=(0, 15, 30),
    optional_2=(1, 18, 29),
    composite_digit=(1, 29, 30),
    composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
)

# Doc 9303-6, 4.2.2
TD2: Final = Layout(
    format="TD2",
    lines=2,
    width=36,
    names=(0, 5, 36),
    document_number=(1, 0, 9),
    nationality=(1, 10, 13),
    birth_date=(1, 13, 19),
    sex=(1, 20, 21),
    expiry_date=(1, 21, 27),
    optional_1=(1, 28, 35),
    composite_digit=(1, 35, 36),
    composite=((1, 0, 10), (1, 13, 20), (1, 21, 35)),
)

# Doc 9303-4, 4.2.2
TD3: Final = Layout(
    format="TD3",
    lines=2,
    width=44,
    names=(0, 5, 44),
    document_number=(1, 0, 9),
    nationality=(1, 10, 13),
    birth_date=(1, 13, 19),
    sex=(1, 20, 21),
    expiry_date=(1, 21, 27),
    optional_1=(1, 28, 42),
    optional_1_digit=(1, 42, 43),
    composite_digit=(1, 43, 44),
    composite=((1, 0, 10), (1, 13, 20), (1, 21, 43)),
)

# Doc 9303-7, 4.2.2: a visa has neither a digit over the optional data nor a composite one.
MRVA: Final = Layout(
    format="MRVA",
    lines=2,
    width=44,
    names=(0, 5, 44),
    document_number=(1, 0, 9),
    nationality=(1, 10, 13),
    birth_date=(1, 13, 19),
    sex=(1, 20, 21),
    expiry_date=(1, 21, 27),
    optional_1=(1, 28, 44),
)

# Doc 9303-7, 5.2.2
MRVB: Final = Layout(
    format="MRVB",
    lines=2,
    width=36,
    names=(0, 5, 36),
    document_number=(1, 0, 9),
    nationality=(1, 10, 13),
    birth_date=(1, 13, 19),
    sex=(1, 20, 21),
    expiry_date=(1, 21, 27),
    optional_1=(1, 28, 36),
)

LAYOUTS: Final[dict[Format, Layout]] = {layout.format: layout for layout in (TD1, TD2, TD3, MRVA, MRVB)}


def layout_of(lines: Sequence[str]) -> Layout | None:
    """The layout that fits the shape of the lines; a first letter V makes a visa. None: no such document.

    >>> layout_of(["P" + "<" * 43, "<" * 44]).format
    'TD3'
    """
    visa = bool(lines) and lines[0].startswith("V")
    for layout in LAYOUTS.values():
        fits = len(lines) == layout.lines and all(len(line) == layout.width for line in lines)
        if fits and (layout.format.startswith("MRV") == visa or layout.lines == 3):
            return layout
    return None
