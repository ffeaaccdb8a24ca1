"""What does the document say of its holder, for the eye of an officer? DG1, DG11 and DG12, fit to be shown.

Every value went through ``texts.shown`` (attack A28): no name can reach the line beside it. Personal data throughout.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.lds.data_groups import mrz_lines
from icao.lds.personal_details import parse_dg11, parse_dg12
from icao.lds.texts import parts, shown
from icao.mrz.zone import MrzError, parse
from icao.tlv import Garbled

UNREADABLE: Final = "unreadable"  # the name of the field that stands for a group which is not made as it should be
SHOWN_OF_DG1: Final = (
    "document_code", "issuing_state", "document_number", "surname", "given_names", "nationality", "birth_date", "sex",
    "expiry_date", "optional_1", "optional_2",
)  # fmt: skip
SHOWN_OF_DG11: Final = (
    "full_name", "other_names", "personal_number", "birth_date", "place_of_birth", "address", "telephone", "profession",
    "title", "summary", "other_documents", "custody",
)  # fmt: skip
SHOWN_OF_DG12: Final = (
    "issuing_authority", "issue_date", "other_persons", "endorsements", "tax_and_exit", "personalised_at",
    "personalisation_system",
)  # fmt: skip
NAMES: Final = ("full_name", "other_names", "other_persons")


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """One line: what stands in which group under which name (snake_case)."""

    group: int
    name: str
    value: str


def summary(groups: Mapping[int, bytes], today: date) -> tuple[Field, ...]:
    """The fields that hold something, in the order of the groups. A group that is garbled is one line. Raises nothing.

    ``today`` places the two-digit years of DG1.
    """
    readers = {
        1: lambda file: _fields(1, parse(mrz_lines(file), today), SHOWN_OF_DG1),
        11: lambda file: _fields(11, parse_dg11(file), SHOWN_OF_DG11),
        12: lambda file: _fields(12, parse_dg12(file), SHOWN_OF_DG12),
    }
    found: list[Field] = []
    for number in sorted(groups.keys() & readers.keys()):
        try:
            found += readers[number](groups[number])
        except (Garbled, MrzError) as error:
            found.append(Field(number, UNREADABLE, shown(str(error))))
    return tuple(found)


def _fields(group: int, read: object, names: tuple[str, ...]) -> Iterator[Field]:
    for name in names:
        value = getattr(read, name)
        texts = value if isinstance(value, tuple) else (value,)
        line = "; ".join(shown(_name(each) if name in NAMES else each) for each in texts if each)
        if line:
            yield Field(group, name, line)


def _name(stranger: str) -> str:
    """The way names are written in the zone, made readable: what identifies first, a comma, the rest.

    >>> _name("SMITH<<JOHN<JAMES")
    'SMITH, JOHN JAMES'
    """
    return ", ".join(" ".join(parts(half)) for half in stranger.split("<<") if half.strip("< "))
