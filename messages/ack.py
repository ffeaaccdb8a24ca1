"""What is safely in the region's store? The gateway says it, signed; only this strikes a row off an outbox.

An acknowledgement is bound to the device's own ``ack`` topic, so it cannot be handed to another (D27).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from messages.cbor import Plain, decode, encode
from messages.errors import Quarantine, Refused
from messages.frame import BOOT_BYTES
from messages.keys import GatewayKey, GatewayRecord
from messages.limits import ACK_MAX_BYTES, ACK_RANGES_MAX, COUNT_MAX
from messages.signing import CONTENT_TYPE, expect_header, expect_signature, find_record, sign, take_apart
from messages.topics import Channel, Topic

VERSION: Final = 1
ACK_TYPE: Final = "application/vnd.borderpost.ack+cose; v=1"
EPOCH_CHARS: Final = 16
Range = tuple[int, int]  # first and last, both included


@dataclass(frozen=True, slots=True)
class Epoch:
    """Which store is it? Each restore begins another; of two, the one with the higher number began later.

    No name: it was not told. Number 0: a gateway of an older release told the name alone.
    """

    name: str = ""  # random, 16 hexadecimal digits
    number: int = 0


UNTOLD: Final = Epoch()


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything in these ranges is committed, or kept in quarantine: it need not be sent again."""

    device: str
    boot: str
    seqs: tuple[Range, ...]
    epoch: Epoch = (
        UNTOLD  # of the store that holds them: a new one was restored, and may lack what was struck off already
    )


def ranges(seqs: Iterable[int]) -> tuple[Range, ...]:
    """Numbers in any order, repeated or not, as the fewest ranges.

    >>> ranges([3, 1, 2, 7, 7, 9, 8])
    ((1, 3), (7, 9))
    """
    found: list[Range] = []
    for seq in sorted(set(seqs)):
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return tuple(found)


def seal_ack(boot: str, seqs: Sequence[Range], topic: Topic, key: GatewayKey, *, epoch: Epoch = UNTOLD) -> bytes:
    """``topic`` is the device's topic of any class; the acknowledgement is bound to its ``ack`` topic."""
    if not 1 <= len(seqs) <= ACK_RANGES_MAX or not _rising(seqs):
        raise ValueError(f"An acknowledgement needs 1 to {ACK_RANGES_MAX} rising ranges.")
    body = {"v": VERSION, "device": topic.device, "boot": boot, "seqs": [list(pair) for pair in seqs]}
    if epoch.name:
        body["epoch"] = epoch.name
    if epoch.number:
        body["epoch_number"] = epoch.number
    return sign(encode(body), key, {CONTENT_TYPE: ACK_TYPE}, bytes(topic.to(Channel.ACK)))


def verify_ack(data: bytes, topic: Topic, keys: Mapping[str, GatewayRecord]) -> Ack:
    """Believe it only if a known gateway key signed it for this very device; else Refused."""
    envelope = take_apart(data, ACK_MAX_BYTES)
    expect_header(envelope, ACK_TYPE, set())
    record = find_record(envelope, keys)
    expect_signature(envelope, record, bytes(topic.to(Channel.ACK)))
    return _read(decode(envelope.payload), topic)


def _read(body: Plain, topic: Topic) -> Ack:
    match body:
        case {"v": 1, "device": topic.device, "boot": str() as boot, "seqs": list() as pairs, **more}:
            seqs = tuple(_range(pair) for pair in pairs)
            epoch = _epoch(more.get("epoch", ""), more.get("epoch_number", 0))
            if _is_hex(boot, 2 * BOOT_BYTES) and 1 <= len(seqs) <= ACK_RANGES_MAX and _rising(seqs):
                return Ack(topic.device, boot, seqs, epoch)
            raise Refused(Quarantine.BAD_EVENTS, "boot or ranges")
        case {"v": int() as version} if version != VERSION:
            raise Refused(Quarantine.UNKNOWN_VERSION)
        case _:
            raise Refused(Quarantine.BAD_EVENTS, "not an acknowledgement for this device")


def _range(pair: Plain) -> Range:
    match pair:
        case [int() as first, int() as last]:
            return first, last
        case _:
            raise Refused(Quarantine.BAD_EVENTS, "not a range")


def _rising(seqs: Sequence[Range]) -> bool:
    flat = [number for first, last in seqs for number in (first, last + 1)]
    return flat == sorted(set(flat)) and flat[0] >= 1 and flat[-1] <= COUNT_MAX + 1


def _epoch(*told: object) -> Epoch:
    match told:
        case str() as name, int() as number if _is_epoch(name, number):
            return Epoch(name, number)
        case _:
            raise Refused(Quarantine.BAD_EVENTS, "epoch")


def _is_epoch(name: str, number: int) -> bool:
    if not name:
        return number == 0
    return _is_hex(name, EPOCH_CHARS) and 0 <= number <= COUNT_MAX


def _is_hex(text: str, chars: int) -> bool:
    return len(text) == chars and all(digit in "0123456789abcdef" for digit in text)
