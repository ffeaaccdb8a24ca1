"""What more does the chip say of its holder, and of the document? DG11 and DG12. (Doc 9303-10, 4.7.11 and 4.7.12)

Texts are a stranger's, as they stand there: ``texts.shown`` before anybody sees them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from icao.lds.tagged_fields import TAG_MEANT, Fields, fields
from icao.lds.texts import day, moment, parts, text
from icao.tlv import Garbled

MAX_NAMES: Final = 32

# Doc 9303-10, table 52 (DG11) and table 54 (DG12)
FULL_NAME, OTHER_NAME, PERSONAL_NUMBER, BIRTH_DATE, PLACE_OF_BIRTH = 0x5F0E, 0x5F0F, 0x5F10, 0x5F2B, 0x5F11
ADDRESS, TELEPHONE, PROFESSION, TITLE, SUMMARY = 0x5F42, 0x5F12, 0x5F13, 0x5F14, 0x5F15
CITIZENSHIP, OTHER_DOCUMENTS, CUSTODY = 0x5F16, 0x5F17, 0x5F18
AUTHORITY, ISSUED, OTHER_PERSON, ENDORSEMENTS, TAX_EXIT = 0x5F19, 0x5F26, 0x5F1A, 0x5F1B, 0x5F1C
FRONT, REAR, PERSONALISED, SYSTEM = 0x5F1D, 0x5F1E, TAG_MEANT, 0x5F56


@dataclass(frozen=True, slots=True, repr=False)
class PersonalDetails:
    """Empty is what is not there. Dates are YYYY-MM-DD with X for unknown parts; names have their fillers.

    ``odd``: kebab-case words for an expert ("list-differs", "birth-date-unreadable").
    """

    full_name: str
    other_names: tuple[str, ...]
    personal_number: str
    birth_date: str
    place_of_birth: tuple[str, ...]
    address: tuple[str, ...]
    telephone: str
    profession: str
    title: str
    summary: str
    citizenship_proof: bytes  # a picture
    other_documents: tuple[str, ...]
    custody: str
    odd: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class DocumentDetails:
    """As ``PersonalDetails``. ``personalised_at`` is YYYY-MM-DDThh:mm:ss."""

    issuing_authority: str
    issue_date: str
    other_persons: tuple[str, ...]
    endorsements: str
    tax_and_exit: str
    front: bytes  # a picture of the page
    rear: bytes
    personalised_at: str
    personalisation_system: str
    odd: tuple[str, ...]


def parse_dg11(file: bytes) -> PersonalDetails:
    """Raises Garbled."""
    found = fields(11, file)
    odd = list(found.odd)
    return PersonalDetails(
        full_name=text(found.first(FULL_NAME)),
        other_names=_names(found, OTHER_NAME),
        personal_number=text(found.first(PERSONAL_NUMBER)),
        birth_date=_read(day, found.first(BIRTH_DATE), "birth-date", odd),
        place_of_birth=parts(text(found.first(PLACE_OF_BIRTH))),
        address=parts(text(found.first(ADDRESS))),
        telephone=text(found.first(TELEPHONE)),
        profession=text(found.first(PROFESSION)),
        title=text(found.first(TITLE)),
        summary=text(found.first(SUMMARY)),
        citizenship_proof=found.first(CITIZENSHIP),
        other_documents=parts(text(found.first(OTHER_DOCUMENTS))),
        custody=text(found.first(CUSTODY)),
        odd=tuple(odd),
    )


def parse_dg12(file: bytes) -> DocumentDetails:
    """Raises Garbled."""
    found = fields(12, file)
    odd = list(found.odd)
    return DocumentDetails(
        issuing_authority=text(found.first(AUTHORITY)),
        issue_date=_read(day, found.first(ISSUED), "issue-date", odd),
        other_persons=_names(found, OTHER_PERSON),
        endorsements=text(found.first(ENDORSEMENTS)),
        tax_and_exit=text(found.first(TAX_EXIT)),
        front=found.first(FRONT),
        rear=found.first(REAR),
        personalised_at=_read(moment, found.first(PERSONALISED), "personalised-at", odd),
        personalisation_system=text(found.first(SYSTEM)),
        odd=tuple(odd),
    )


def _names(found: Fields, tag: int) -> tuple[str, ...]:
    names = found.values.get(tag, ())
    if len(names) > MAX_NAMES:
        raise Garbled(f"a data group holds more than {MAX_NAMES} names")
    return tuple(text(name) for name in names)


def _read(reading: Callable[[bytes], str], value: bytes, name: str, odd: list[str]) -> str:
    """A date that nobody can read takes nothing away from the fields beside it."""
    try:
        return reading(value) if value else ""
    except Garbled:
        odd.append(f"{name}-unreadable")
        return ""
