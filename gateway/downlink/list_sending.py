"""Which pieces of which list does this device get now? What its status says it lacks, a little at a time.

A device that was heard gets the manifest, and behind it chunks from where it stands; the next ones when its next
status says so. Nothing is remembered here but what was sent a moment ago: any worker can go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.downlink import lists
from gateway.intake.worker import Message
from gateway.store.connection import Connection
from messages.limits import LIST_MAX_BYTES
from messages.manifest import Chunk, write_chunk
from messages.topics import Channel, Topic

LOOK_EVERY_S: Final = 1.0
CHUNK_BYTES: Final = 16_384  # two of them take 4 s through 64 kbit/s: no acknowledgement waits longer behind a list
CHUNKS_AT_ONCE: Final = 2
BYTES_PER_S: Final = 4_000_000  # to all devices together: orders and acknowledgements must not wait behind lists
AGAIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a device says of one list; ``taking`` is the digest of what it is putting together, up to ``at``."""

    number: int
    taking: str
    at: int


class ListSending:
    def __init__(self, connection: Connection, clock_s: Callable[[], float]) -> None:
        self._connection, self._clock_s = connection, clock_s
        self._newest: dict[str, int] = {}
        self._looked_s = -LOOK_EVERY_S
        self._sent: dict[tuple[str, str], tuple[bytes, int, float]] = {}  # digest, up to where, and when
        self._spent_bytes, self._second_s = 0, 0.0

    def for_device(self, topic: Topic, status: Mapping[str, object]) -> list[Message]:
        self._look()
        found = []
        for name, held in _held(status).items():
            if held.number < self._newest.get(name, 0):
                found += self._pieces(topic, name, held)
        return found

    def _look(self) -> None:
        now_s = self._clock_s()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            self._newest = lists.newest(self._connection)
            self._sent = {key: sent for key, sent in self._sent.items() if now_s - sent[2] < AGAIN_S}

    def _pieces(self, topic: Topic, name: str, held: Held) -> list[Message]:
        way = lists.way_from(self._connection, name, held.number)
        if way is None:
            return []
        at = held.at if held.taking == way.digest.hex() else 0
        known, until, _ = self._sent.get((topic.device, name), (b"", 0, 0.0))
        if known == way.digest and at < until:  # on its way since a moment ago
            return []
        piece = lists.piece(self._connection, way, at, CHUNKS_AT_ONCE * CHUNK_BYTES)
        if not self._may_spend(len(piece)):
            return []
        self._sent[topic.device, name] = (way.digest, at + len(piece), self._clock_s())
        chunks = [
            write_chunk(Chunk(way.digest, at + start, piece[start : start + CHUNK_BYTES]))
            for start in range(0, len(piece), CHUNK_BYTES)
        ]
        first = [] if at else [way.manifest]
        return [Message(str(topic.to(Channel.LIST)), content) for content in (*first, *chunks)]

    def _may_spend(self, size_bytes: int) -> bool:
        now_s = self._clock_s()
        if now_s - self._second_s >= 1.0:
            self._second_s, self._spent_bytes = now_s, 0
        if self._spent_bytes >= BYTES_PER_S:
            return False
        self._spent_bytes += size_bytes
        return True


def _held(status: Mapping[str, object]) -> dict[str, Held]:
    """A device may write what it likes; what is not as the contract says is not heard."""
    told = status.get("lists")
    found = {}
    for each in told[: len(lists.NAMES)] if isinstance(told, list) else []:
        if not isinstance(each, dict) or each.get("name") not in lists.NAMES:
            continue
        number, taking, at = each.get("number"), each.get("taking", ""), each.get("at", 0)
        if (
            isinstance(number, int)
            and isinstance(taking, str)
            and isinstance(at, int)
            and number >= 0
            and 0 <= at <= LIST_MAX_BYTES
        ):
            found[str(each["name"])] = Held(number, taking, at)
    return found
