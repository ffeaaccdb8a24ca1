"""Was every promise kept? Pure: what posts promised and wrote, and what the region stores, judged without either.

produced = stored once + declared drops, with the same id and the same bytes; nothing invented; time and numbers of a
device rise together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

SHOWN_MAX = 20  # sentences of one kind


@dataclass(frozen=True, slots=True)
class Told:
    """One event that a post promised, by the digest of its bytes."""

    device: str
    boot: str
    seq: int
    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One event that the region can still open. ``time`` sorts as text."""

    device: str
    boot: str
    seq: int
    id: str
    sha256: str
    time: str
    mono_ms: int
    clock: str = "synced"  # how far the post itself believed in its time
    dropped: tuple[tuple[str, int], ...] = ()  # what this event declares as given up: boot, number


Written = Mapping[str, Sequence[tuple[str, int]]]  # device: its boots in order, each with its last number


@dataclass(slots=True)
class Account:
    produced: int = 0
    stored_unique: int = 0
    declared_drops: int = 0
    lost: int = 0
    duplicated: int = 0
    invented: int = 0
    altered: int = 0
    order_breaks: int = 0
    false_alarms: int = 0
    sentences: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return not self.sentences

    def as_json(self) -> dict[str, Any]:
        names = [one.name for one in fields(self) if one.name != "sentences"]
        return {name: getattr(self, name) for name in names}

    def blame(self, kind: str, sentences: Iterable[str]) -> int:
        told = list(sentences)
        self.sentences += told[:SHOWN_MAX]
        if len(told) > SHOWN_MAX:
            self.sentences.append(f"and {len(told) - SHOWN_MAX} more {kind}")
        return len(told)


def account(promised: Iterable[Told], written: Written, stored: Sequence[Stored]) -> Account:
    result = Account(produced=sum(last for boots in written.values() for _, last in boots))
    places = Counter((one.device, one.boot, one.seq) for one in stored)
    ids = Counter((one.device, one.id) for one in stored)
    by_place = {(one.device, one.boot, one.seq): one for one in stored}
    dropped = {(one.device, boot, seq) for one in stored for boot, seq in one.dropped}
    ends = {(device, boot): last for device, boots in written.items() for boot, last in boots}
    result.stored_unique = len(by_place)
    result.declared_drops = len(dropped - set(by_place))
    result.lost = result.blame("lost", _lost(ends, by_place, dropped))
    result.duplicated = result.blame("doubled", _doubled(places, ids))
    result.invented = result.blame("invented", _invented(by_place, ends))
    result.altered = result.blame("altered", _altered(promised, by_place))
    result.order_breaks = result.blame("out of order", _out_of_order(written, stored))
    return result


def _lost(ends: Mapping[tuple[str, str], int], by_place: Mapping[Any, Stored], dropped: set[Any]) -> Iterable[str]:
    for (device, boot), last in ends.items():
        for seq in range(1, last + 1):
            place = (device, boot, seq)
            if place not in by_place and place not in dropped:
                yield f"LOST: {_name(place)} was written and is not stored"


def _doubled(places: Counter[Any], ids: Counter[Any]) -> Iterable[str]:
    yield from (f"DOUBLED: {_name(place)} is stored {count} times" for place, count in places.items() if count > 1)
    yield from (f"DOUBLED: {device} has id {one} {count} times" for (device, one), count in ids.items() if count > 1)


def _invented(by_place: Mapping[Any, Stored], ends: Mapping[tuple[str, str], int]) -> Iterable[str]:
    for place in by_place:
        if place[2] > ends.get(place[:2], 0):
            yield f"INVENTED: {_name(place)} is stored and was never written"


def _altered(promised: Iterable[Told], by_place: Mapping[Any, Stored]) -> Iterable[str]:
    """A promise with another id or other bytes in the store."""
    for one in promised:
        place = (one.device, one.boot, one.seq)
        found = by_place.get(place)
        if found is not None and (found.id, found.sha256) != (one.id, one.sha256):
            yield f"ALTERED: {_name(place)} is stored as another event than was promised"


def broken_promises(promised: Iterable[Told], written: Written) -> list[str]:
    """What was promised and does not even stand in the post's own books: the outbox forgot it."""
    ends = {(device, boot): last for device, boots in written.items() for boot, last in boots}
    return [
        f"FORGOTTEN: {_name((one.device, one.boot, one.seq))} was promised, and the outbox does not know of it"
        for one in promised
        if one.seq > ends.get((one.device, one.boot), 0)
    ]


def _out_of_order(written: Written, stored: Sequence[Stored]) -> Iterable[str]:
    number = {(device, boot): at for device, boots in written.items() for at, (boot, _) in enumerate(boots)}
    rows = sorted(stored, key=lambda one: (one.device, number.get((one.device, one.boot), -1), one.seq))
    for before, after in pairwise(rows):
        if before.device != after.device:
            continue
        if after.time < before.time or (after.boot == before.boot and after.mono_ms < before.mono_ms):
            yield f"OUT OF ORDER: {_name((after.device, after.boot, after.seq))} is dated before its forerunner"


def _name(place: tuple[str, str, int]) -> str:
    device, boot, seq = place
    return f"{device} {boot[:8]}/{seq}"
