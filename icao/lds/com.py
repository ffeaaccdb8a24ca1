"""What does EF.COM say that the chip holds? (Doc 9303-10, 4.6.1)

Nobody signs it, so nobody believes it: which groups there are is read from EF.SOD. What EF.COM adds or leaves out is
a finding (``lds.dg_list``), and its versions are for an expert to look at.
"""

from dataclasses import dataclass
from typing import Final

from icao.lds.files import (
    DATA_GROUP_TAGS,
    DATA_GROUPS,
    EF_COM,
    TAG_LDS_VERSION,
    TAG_TAG_LIST,
    TAG_UNICODE_VERSION,
    ElementaryFile,
)
from icao.tlv import Garbled, read_all, read_one

MAX_TAG_LIST_BYTES: Final = 64
MAX_VERSION_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Com:
    """Versions as pairs of digits, "01.07" and "04.00.00", empty when they are not there.

    ``groups`` in the order of the list, each once; ``unknown_tags`` stood in the list and belong to no group.
    """

    lds_version: str
    unicode_version: str
    groups: tuple[int, ...]
    unknown_tags: tuple[int, ...] = ()


def parse_com(file: bytes) -> Com:
    """Raises Garbled."""
    objects = {found.tag: found.value for found in reversed(read_all(read_one(file, EF_COM.tag)))}
    if TAG_TAG_LIST not in objects:
        raise Garbled("EF.COM lists no data groups")
    tags = objects[TAG_TAG_LIST]
    if len(tags) > MAX_TAG_LIST_BYTES:
        raise Garbled(f"EF.COM lists {len(tags)} data groups, and there are {len(DATA_GROUPS)}")
    return Com(
        lds_version=_version(objects.get(TAG_LDS_VERSION, b"")),
        unicode_version=_version(objects.get(TAG_UNICODE_VERSION, b"")),
        groups=tuple(dict.fromkeys(DATA_GROUP_TAGS.index(tag) + 1 for tag in tags if tag in DATA_GROUP_TAGS)),
        unknown_tags=tuple(dict.fromkeys(tag for tag in tags if tag not in DATA_GROUP_TAGS)),
    )


def groups_of(com: Com) -> tuple[ElementaryFile, ...]:
    """The files that EF.COM claims."""
    return tuple(DATA_GROUPS[number - 1] for number in com.groups)


def _version(digits: bytes) -> str:
    """Two digits a part: 0107 is 1.7."""
    if len(digits) > MAX_VERSION_BYTES or len(digits) % 2 or not (digits.isdigit() or not digits):
        raise Garbled("a version in EF.COM is not made of pairs of digits")
    text = digits.decode("ascii")
    return ".".join(text[start : start + 2] for start in range(0, len(text), 2))
