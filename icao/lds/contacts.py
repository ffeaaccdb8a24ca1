"""Whom should one call? The persons to notify in DG16. (Doc 9303-10, 4.7.16)"""

from dataclasses import dataclass
from typing import Final

from icao.lds.data_groups import content
from icao.lds.texts import day, parts, text
from icao.tlv import Garbled, read_all

MAX_CONTACTS: Final = 15  # their tags count from A1 to AF
TAG_COUNT: Final = 0x02
TAG_FIRST, TAG_LAST = 0xA1, 0xAF
RECORDED, NAME, TELEPHONE, ADDRESS = 0x5F50, 0x5F51, 0x5F52, 0x5F53


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Texts as they stand there: ``texts.shown`` before anybody sees them. ``recorded`` is YYYY-MM-DD or empty."""

    recorded: str
    name: str
    telephone: str
    address: tuple[str, ...]


def parse_dg16(file: bytes) -> tuple[Contact, ...]:
    """Raises Garbled."""
    objects = read_all(content(16, file))
    counts = [found.value for found in objects if found.tag == TAG_COUNT]
    persons = [found.value for found in objects if TAG_FIRST <= found.tag <= TAG_LAST]
    if len(persons) > MAX_CONTACTS or counts not in ([bytes([len(persons)])], []):
        raise Garbled("DG16 does not hold as many persons as it says")
    return tuple(_contact(each) for each in persons)


def _contact(person: bytes) -> Contact:
    found = {each.tag: each.value for each in reversed(read_all(person))}
    recorded = found.get(RECORDED, b"")
    return Contact(
        recorded=day(recorded) if recorded else "",
        name=text(found.get(NAME, b"")),
        telephone=text(found.get(TELEPHONE, b"")),
        address=parts(text(found.get(ADDRESS, b""))),
    )
