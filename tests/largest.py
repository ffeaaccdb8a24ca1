"""How is a frame made that has exactly so many bytes? Five alarms, with something in them that no reader knows."""

import uuid
from datetime import UTC, datetime

from messages.events import Clock, Event
from messages.facts import LaneAlarm, data_of
from messages.frame import seal_frame
from messages.keys import DeviceKey, RegionPublic
from messages.topics import Topic

EVENTS = 5
ROOM_BYTES = 50_000  # of each event; the last one is as long as it must be
BOOT = "1a" * 16
WHEN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def frame_of(size_bytes: int, topic: Topic, key: DeviceKey, region: RegionPublic) -> bytes:
    """``size_bytes`` of 253,000 to 267,000: the readers of events take 65,536 bytes of each."""
    known = data_of(LaneAlarm("tailgating", None))

    def sealed(last: int) -> bytes:
        rooms = [ROOM_BYTES] * (EVENTS - 1) + [last]
        events = [_event(seq, topic, {**known, "unknown": "x" * room}) for seq, room in enumerate(rooms, 1)]
        return seal_frame(events, topic, key, region)

    frame = sealed(ROOM_BYTES + size_bytes - len(sealed(ROOM_BYTES)))
    assert len(frame) == size_bytes
    return frame


def _event(seq: int, topic: Topic, data: dict[str, object]) -> Event:
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{topic}/{seq}"))
    return Event(own, topic.source, LaneAlarm.TYPE, WHEN, BOOT, seq, seq * 1000, Clock.SYNCED, data)
