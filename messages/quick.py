"""Which events can be read quickly? Those, and only those, whose bytes are what ``write`` would write of them.

Whoever writes the same bytes again has read all of them: no duplicate name, no second spelling of a number, no unknown
field, no lone surrogate can have been in them. Everything else is for the strict reader (``messages.events``), and so
is whatever is wrong: this one never says why.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder, Encoder

from messages.errors import Refused
from messages.facts import KINDS, Fact
from messages.limits import COUNT_MAX, TOPIC_MAX_CHARS
from messages.shape import BOOT, UUID, Boot, Test, Uuid, form_of, has_texts
from messages.topics import Channel, Topic

TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
# Stands before the type in what ``write`` writes, and nowhere before: a quotation mark within a text has a backslash.
TYPE_MARK: Final = b'","type":"'
BACKSLASH, DEL = 0x5C, 0x7F  # as numbers: a number is found in bytes five times as fast as bytes are
SOURCES_KEPT: Final = 1024
MINUTES_KEPT: Final = 4096  # events come in order, or nearly
MINUTE_S: Final = 60
D = TypeVar("D")


class Wire(Struct, Generic[D], frozen=True, gc=False):
    """An event's attributes in the order in which they are written."""

    specversion: Literal["1.0"]
    id: Uuid
    source: Annotated[str, Meta(max_length=TOPIC_MAX_CHARS)]
    type: str
    time: str
    datacontenttype: Literal["application/json"]
    bpboot: Boot
    bpseq: Annotated[int, Meta(ge=1, le=COUNT_MAX)]
    bpmono: Annotated[int, Meta(ge=0, le=COUNT_MAX)]
    bpclock: Literal["synced", "holdover", "unknown"]
    data: D


class _Reader(NamedTuple):
    decode: Callable[[bytes], Wire[Any]]  # Any: the fact of its kind
    has_form: Test
    has_texts: bool


def _reader(kind: type[Fact]) -> _Reader:
    decode = Decoder(Wire[kind]).decode  # type: ignore[valid-type]  # a class at run time, which is all msgspec asks for
    form = form_of(kind)
    return _Reader(decode, form or (lambda _fact: True), has_texts(kind))


write: Final = Encoder().encode
_READERS: Final = {name.encode(): _reader(kind) for name, kind in KINDS.items()}
_is_uuid, _is_boot, _is_time = UUID.test(), BOOT.test(), TIME.fullmatch


def read(body: bytes) -> Wire[Fact] | None:
    """What these bytes say, or None: then nothing is known about them."""
    begin = body.find(TYPE_MARK) + len(TYPE_MARK)
    reader = _READERS.get(body[begin : body.find(b'"', begin)])
    if reader is None:
        return None
    if reader.has_texts and (BACKSLASH in body or DEL in body):  # Without them no text holds a control character.
        return None
    try:
        wire = reader.decode(body)
    except (MsgspecError, ValueError, RecursionError):
        return None
    holds = (
        reader.has_form(wire.data)
        and _is_uuid(wire.id)
        and is_source(wire.source)
        and _is_time(wire.time)
        and _is_boot(wire.bpboot)
        and write(wire) == body
    )
    return wire if holds else None


def moment_ms(text: str) -> int:
    """Milliseconds since 1970 of what TIME matches. Raises ValueError for what no calendar has.

    >>> moment_ms("1970-01-02T00:00:01.250Z")
    86401250
    """
    seconds = int(text[17:19])
    if seconds >= MINUTE_S:
        raise ValueError("no such second")
    return _minute_ms(text[:16]) + seconds * 1000 + int(text[20:23])


@lru_cache(MINUTES_KEPT)
def _minute_ms(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}:00+00:00").timestamp()) * 1000


@lru_cache(SOURCES_KEPT)
def is_source(text: str) -> bool:
    """A topic without its class; at most TOPIC_MAX_CHARS. Remembered, since all events of a device name the same."""
    try:
        return Topic.parse(f"{text}/{Channel.EVT}").source == text
    except Refused:
        return False
