"""How are DG11 and DG12 laid out? A list of tags, then a field for each of them. (Doc 9303-10, 4.7.11 and 4.7.12)

The list is not relied upon: what stands there is read, and what the list says otherwise is an oddity. Both are signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icao.lds.data_groups import content
from icao.tlv import MAX_OBJECTS, Garbled, Tlv, read, read_all

TAG_LIST: Final = 0x5C
TAG_SEVERAL: Final = 0xA0  # holds a count and several fields of one tag
TAG_COUNT: Final = 0x02
MAX_LIST_BYTES: Final = 64

# Belgium writes 5F85 where 5F55 belongs. Read by the rules its second byte announces a third one.
TAG_MISWRITTEN: Final = 0x5F85
TAG_MEANT: Final = 0x5F55


@dataclass(frozen=True, slots=True, repr=False)
class Fields:
    """``values`` by tag, in their order; those of length zero are left out. ``odd`` are kebab-case words."""

    values: Mapping[int, tuple[bytes, ...]]
    odd: tuple[str, ...]

    def first(self, tag: int) -> bytes:
        """Empty when there is none."""
        return self.values.get(tag, (b"",))[0]


def fields(number: int, file: bytes) -> Fields:
    """Raises Garbled."""
    objects = _objects(content(number, file))
    values: dict[int, tuple[bytes, ...]] = {}
    odd: list[str] = []
    for found in objects:
        inner = read_all(found.value) if found.tag == TAG_SEVERAL else (found,)
        if found.tag == TAG_SEVERAL and not _counted(inner):
            odd.append("count-differs")
        for each in inner:
            if each.tag not in (TAG_LIST, TAG_COUNT) and each.value:
                values[each.tag] = (*values.get(each.tag, ()), each.value)
    return Fields(values, (*odd, *_list_oddities(objects)))


def _list_oddities(objects: tuple[Tlv, ...]) -> tuple[str, ...]:
    """The list against what is there. Several fields of one tag are listed by that tag, by A0, or by both."""
    lists = [_tags(found.value) for found in objects if found.tag == TAG_LIST]
    if len(lists) != 1:
        return ("list-missing",) if not lists else ("list-doubled",)
    there = {found.tag for found in objects} - {TAG_LIST}
    inner = {each.tag for found in objects if found.tag == TAG_SEVERAL for each in read_all(found.value)}
    missing, unlisted = lists[0] - there - inner, there - lists[0]
    if TAG_SEVERAL in unlisted and inner & lists[0]:
        unlisted.remove(TAG_SEVERAL)
    return ("list-differs",) if missing or unlisted else ()


def _objects(data: bytes) -> tuple[Tlv, ...]:
    """As ``tlv.read_all``, and the one tag that breaks its rules."""
    found: list[Tlv] = []
    place = 0
    while place < len(data):
        if len(found) == MAX_OBJECTS:
            raise Garbled(f"more than {MAX_OBJECTS} fields in one data group")
        if data.startswith(TAG_MISWRITTEN.to_bytes(2, "big"), place):
            each, size = read(TAG_MEANT.to_bytes(2, "big") + data[place + 2 :])
            place += size
        else:
            each, place = read(data, place)
        found.append(each)
    return tuple(found)


def _tags(value: bytes) -> frozenset[int]:
    """The tags of the list, one behind the other."""
    if len(value) > MAX_LIST_BYTES:
        raise Garbled(f"a list of fields has {len(value)} bytes")
    tags: set[int] = set()
    place = 0
    while place < len(value):
        size = 2 if value[place] & 0x1F == 0x1F else 1
        tag = int.from_bytes(value[place : place + size], "big")
        tags.add(TAG_MEANT if tag == TAG_MISWRITTEN else tag)
        place += size
    return frozenset(tags)


def _counted(inner: tuple[Tlv, ...]) -> bool:
    counts = [int.from_bytes(each.value[:2], "big") for each in inner if each.tag == TAG_COUNT]
    return counts == [sum(1 for each in inner if each.tag != TAG_COUNT)]
