"""What crosses the wire: 1 to 50 events, sealed to the region and signed by the device, on the device's own topic.

Nothing unverified is parsed twice: ``verify`` (length, shape, key, topic, signature) comes before ``open_frame``
(decrypt, then compare inside with outside), and the events come last (``messages.events``).

The protected header tells boot and sequence numbers too: what is signed but cannot be opened can still be
acknowledged, and a poisoned frame never blocks a device's outbox (D09).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from messages.cbor import Plain, decode, encode
from messages.errors import Quarantine, Refused
from messages.events import Event
from messages.keys import DeviceKey, KeyRecord, RegionKey, RegionPublic
from messages.limits import COUNT_MAX, EVENTS_PER_FRAME_MAX, FRAME_MAX_BYTES
from messages.sealing import seal, unseal
from messages.signing import (
    CONTENT_TYPE,
    Envelope,
    expect_header,
    expect_signature,
    expect_topic,
    find_record,
    sign,
    take_apart,
)
from messages.topics import Channel, Topic

VERSION: Final = 1
FRAME_TYPE: Final = "application/vnd.borderpost.frame+cose; v=1"
BOOT_BYTES: Final = 16
BOOT, SEQS = "boot", "seqs"  # labels of the protected header
NUMBER: Final = "number"


@dataclass(frozen=True, slots=True, repr=False)
class Signed:
    """A frame whose signer is proven. Its content is still sealed; boot and numbers may already be acknowledged."""

    topic: Topic
    boot: str
    first: int
    last: int
    sealed: bytes
    kid: str  # the key that signed

    def __repr__(self) -> str:
        return f"Signed({self.topic.device!r}, {self.boot!r}, {self.first}..{self.last})"


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """An opened frame: outside and inside say the same. ``events`` are bytes still; ``read_events`` judges them."""

    region: str
    post: str
    device: str
    boot: str
    first: int
    events: tuple[bytes, ...]
    number: int = 0  # the boot's place among this device's boots; 0: an older edge that did not count them

    def __repr__(self) -> str:  # No traveller in a log.
        return f"Frame({self.device!r}, {self.boot!r}, {self.first}, events={len(self.events)})"


def seal_frame(
    events: Sequence[Event],
    topic: Topic,
    device_key: DeviceKey,
    region_public: RegionPublic,
    *,
    number: int = 0,
    ephemeral: bytes | None = None,
    iv: bytes | None = None,
) -> bytes:
    """Events of one boot with consecutive numbers; ``number`` is the boot's own, counted on this device from 1.

    ``ephemeral`` and ``iv`` are for the golden test alone.
    """
    bodies = [event.to_json() for event in events]
    _expect_a_run(events, topic)
    first, last = events[0].seq, events[-1].seq
    inside = {
        "v": VERSION,
        "region": topic.region,
        "post": topic.post,
        "device": topic.device,
        BOOT: events[0].boot,
        "first": first,
        "events": bodies,
        **({NUMBER: number} if number else {}),
    }
    sealed = seal(encode(inside), region_public, bytes(topic), ephemeral=ephemeral, iv=iv)
    header: dict[int | str, Plain] = {
        CONTENT_TYPE: FRAME_TYPE,
        BOOT: bytes.fromhex(events[0].boot),
        SEQS: [first, last],
    }
    frame = sign(sealed, device_key, header, bytes(topic))
    if len(frame) > FRAME_MAX_BYTES:
        raise Refused(Quarantine.TOO_LARGE, f"over {FRAME_MAX_BYTES} bytes")
    return frame


def _expect_a_run(events: Sequence[Event], topic: Topic) -> None:
    if not 1 <= len(events) <= EVENTS_PER_FRAME_MAX:
        raise Refused(Quarantine.BAD_EVENTS, f"1 to {EVENTS_PER_FRAME_MAX} events make a frame")
    for seq, event in enumerate(events, events[0].seq):
        if (event.seq, event.boot, event.source) != (seq, events[0].boot, topic.source):
            raise Refused(Quarantine.BAD_EVENTS, "events of one frame share source and boot, and follow one another")


def verify(frame: bytes, topic: Topic, keys: Mapping[str, KeyRecord]) -> Signed:
    """Prove that the device of this topic signed these bytes for this topic, or raise Refused."""
    envelope = take_apart(frame, FRAME_MAX_BYTES)
    expect_header(envelope, FRAME_TYPE, {BOOT, SEQS})
    record = find_record(envelope, keys)
    expect_topic(record, topic, Channel.EVT)
    boot, first, last = _numbers(envelope)
    expect_signature(envelope, record, bytes(topic))
    return Signed(topic, boot, first, last, envelope.payload, envelope.kid)


def _numbers(envelope: Envelope) -> tuple[str, int, int]:
    match envelope.header[BOOT], envelope.header[SEQS]:
        case (bytes() as boot, [int() as first, int() as last]) if (
            len(boot) == BOOT_BYTES and 1 <= first <= last <= COUNT_MAX and last - first < EVENTS_PER_FRAME_MAX
        ):
            return boot.hex(), first, last
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "boot or sequence numbers")


def open_frame(signed: Signed, keys: RegionKey | Mapping[str, RegionKey]) -> Frame:
    """Unseal, and compare inside with outside: what is sealed by one and signed by another is refused (D25)."""
    known = {keys.kid: keys} if isinstance(keys, RegionKey) else keys
    inside = decode(unseal(signed.sealed, known, bytes(signed.topic)))
    if not isinstance(inside, dict):
        raise Refused(Quarantine.NOT_A_FRAME, "inside")
    match inside:
        case {"v": 1, "events": list() as events}:
            return _same_inside(signed, inside, events)
        case {"v": int() as version} if version != VERSION:
            raise Refused(Quarantine.UNKNOWN_VERSION, "inside")
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "inside")


def _same_inside(signed: Signed, inside: Mapping[int | str, Plain], events: list[Plain]) -> Frame:
    topic = signed.topic
    outside = {"region": topic.region, "post": topic.post, "device": topic.device, BOOT: signed.boot}
    if any(inside.get(name) != value for name, value in {**outside, "first": signed.first}.items()):
        raise Refused(Quarantine.NOT_A_FRAME, "inside and outside differ")
    bodies = tuple(event for event in events if isinstance(event, bytes))
    if len(bodies) != len(events) or len(bodies) != signed.last - signed.first + 1:
        raise Refused(Quarantine.NOT_A_FRAME, "number of events")
    return Frame(topic.region, topic.post, topic.device, signed.boot, signed.first, bodies, _number(inside))


def _number(inside: Mapping[int | str, Plain]) -> int:
    match inside.get(NUMBER, 0):
        case int() as number if 0 <= number <= COUNT_MAX:
            return number
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "number of the boot")


def read_events(frame: Frame) -> tuple[Event, ...]:
    """Parse every event and see that it is the one its place says; else Refused(bad-events, unknown-version)."""
    source = Topic(frame.region, frame.post, frame.device, Channel.EVT).source
    events = tuple(Event.from_json(body) for body in frame.events)
    for seq, event in enumerate(events, frame.first):
        if (event.source, event.boot, event.seq) != (source, frame.boot, seq):
            raise Refused(Quarantine.BAD_EVENTS, "an event stands in another's place")
    return events
