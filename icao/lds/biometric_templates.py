"""Which biometric records does a data group hold? The CBEFF envelopes of DG2, DG3 and DG4. (Doc 9303-10, 4.7.2)"""

from dataclasses import dataclass
from typing import Final

from icao.lds.files import (
    TAG_BIOMETRIC_COUNT,
    TAG_BIOMETRIC_DATA,
    TAG_BIOMETRIC_DATA_CONSTRUCTED,
    TAG_BIOMETRIC_GROUP,
    TAG_BIOMETRIC_HEADER,
    TAG_BIOMETRIC_TEMPLATE,
    ElementaryFile,
)
from icao.tlv import Garbled, Tlv, find, read_all, read_one

# Limits of what is believed.
MAX_TEMPLATES: Final = {"DG2": 8, "DG3": 10, "DG4": 2}
MAX_HEADER_NUMBER_BYTES: Final = 2

# Inside the header, Doc 9303-10, table 40
TAG_TYPE: Final = 0x81
TAG_SUBTYPE: Final = 0x82
TAG_FORMAT_OWNER: Final = 0x87
TAG_FORMAT_TYPE: Final = 0x88


@dataclass(frozen=True, slots=True, repr=False)
class Template:
    """One record and its header. A number that is not there is 0.

    Which standard the record follows is told by its own first bytes: ``format_type`` is wrong in the field.
    """

    record: bytes
    type: int = 0
    subtype: int = 0
    format_owner: int = 0
    format_type: int = 0


def templates(file: ElementaryFile, content: bytes) -> tuple[Template, ...]:
    """All records of the group, in their order; none at all is allowed. Raises Garbled."""
    group = read_all(find(read_one(content, file.tag), TAG_BIOMETRIC_GROUP))
    counts = [found.value for found in group if found.tag == TAG_BIOMETRIC_COUNT]
    found = [each.value for each in group if each.tag == TAG_BIOMETRIC_TEMPLATE]
    if len(found) > MAX_TEMPLATES[file.name] or counts != [bytes([len(found)])]:
        raise Garbled(f"{file.name} does not hold as many records as it says")
    return tuple(_template(file, each) for each in found)


def _template(file: ElementaryFile, content: bytes) -> Template:
    objects = read_all(content)
    header = [found.value for found in objects if found.tag == TAG_BIOMETRIC_HEADER]
    # The record of ISO/IEC 39794 belongs under the constructed tag, that of 19794 under the other: both are met.
    records = [found.value for found in objects if found.tag in (TAG_BIOMETRIC_DATA, TAG_BIOMETRIC_DATA_CONSTRUCTED)]
    if len(records) != 1:
        # Two records in one envelope: one would be shown and the other compared.
        raise Garbled(f"{file.name} holds {len(records)} records in one envelope")
    fields = read_all(header[0]) if header else ()
    return Template(
        records[0],
        type=_number(fields, TAG_TYPE),
        subtype=_number(fields, TAG_SUBTYPE),
        format_owner=_number(fields, TAG_FORMAT_OWNER),
        format_type=_number(fields, TAG_FORMAT_TYPE),
    )


def _number(fields: tuple[Tlv, ...], tag: int) -> int:
    value = next((found.value for found in fields if found.tag == tag), b"")
    return int.from_bytes(value[:MAX_HEADER_NUMBER_BYTES], "big")
