"""What is to be done with a message from a device? ``judge``: verify, open, validate; pure, so any worker may ask.

Storing, telling duplicates and acknowledging follow in ``gateway.intake.recording``, inside one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from msgspec import Struct

from messages.errors import Quarantine, Refused
from messages.events import read
from messages.facts import Fact
from messages.frame import Frame, Signed, open_frame, verify
from messages.keys import KeyRecord, RegionKey
from messages.quick import Wire
from messages.topics import Topic

TOPIC_KEPT_CHARS = 128
topic_of = lru_cache(8_192)(Topic.parse)  # a region's devices name a few topics, over and over


class Accepted(Struct, frozen=True, gc=False):
    """One event that may be stored; ``time_ms`` since 1970; ``body`` is what the device wrote."""

    wire: Wire[Fact]
    time_ms: int
    body: bytes

    def __repr__(self) -> str:  # No traveller in a log.
        return f"Accepted({self.wire.type!r}, {self.wire.bpboot!r}, {self.wire.bpseq})"


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """Bytes for the quarantine. ``sender`` is empty unless a signature proved it."""

    reason: Quarantine
    detail: str
    topic: str
    body: bytes
    sender: str = ""
    boot: str = ""
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``signed`` is None when nobody proved to have sent it: then there is nobody to acknowledge to.

    ``number`` is the boot's own (docs/contract.md, 13.2); 0 where nobody says it.
    """

    signed: Signed | None
    accepted: tuple[Accepted, ...] = ()
    kept: tuple[Kept, ...] = ()
    number: int = 0


def judge(
    topic: str, payload: bytes, keys: Mapping[str, KeyRecord], region: RegionKey | Mapping[str, RegionKey]
) -> Verdict:
    """Never raises. Until it is opened a frame is judged as a whole; then each event stands for itself."""
    signed: Signed | None = None
    try:
        signed = verify(payload, topic_of(topic), keys)
        return _judge_events(signed, open_frame(signed, region), topic)
    except Refused as refused:
        return Verdict(signed, kept=(_whole(refused.reason, refused.detail, topic, payload, signed),))
    except Exception as error:
        # Hostile bytes found a fault in a parser: theirs to lose, not ours to crash on (D11-D16).
        return Verdict(signed, kept=(_whole(Quarantine.NOT_A_FRAME, type(error).__name__, topic, payload, signed),))


def _judge_events(signed: Signed, frame: Frame, topic: str) -> Verdict:
    accepted: list[Accepted] = []
    kept: list[Kept] = []
    source, boot = signed.topic.source, signed.boot
    for seq, body in enumerate(frame.events, frame.first):
        try:
            wire, time_ms = read(body)
            if wire.bpseq != seq or wire.bpboot != boot or wire.source != source:
                raise Refused(Quarantine.BAD_EVENTS, "an event stands in another's place")
            accepted.append(Accepted(wire, time_ms, body))
        except Refused as refused:
            kept.append(Kept(refused.reason, refused.detail, topic, body, signed.topic.device, boot, seq, seq))
    return Verdict(signed, tuple(accepted), tuple(kept), frame.number)


def _whole(reason: Quarantine, detail: str, topic: str, payload: bytes, signed: Signed | None) -> Kept:
    if signed is None:
        return Kept(reason, detail, topic[:TOPIC_KEPT_CHARS], payload)
    return Kept(reason, detail, topic, payload, signed.topic.device, signed.boot, signed.first, signed.last)
