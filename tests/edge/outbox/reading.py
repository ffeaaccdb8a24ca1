"""What would the region read of everything that waits in an outbox?"""

from collections.abc import Iterable

from edge.outbox.outbox import Outbox
from messages.events import Event
from messages.frame import Frame, open_frame, read_events, verify
from messages.keys import RegionKey


def frames_in(outbox: Outbox, region_key: RegionKey) -> list[Frame]:
    topic, key = outbox.sealer.topic, outbox.sealer.device_key
    keys = {key.kid: key.record(topic.region, topic.post)}
    return [open_frame(verify(row.frame, topic, keys), region_key) for row in outbox.waiting(100_000)]


def events_in(outbox: Outbox, region_key: RegionKey) -> list[Event]:
    return [event for frame in frames_in(outbox, region_key) for event in read_events(frame)]


def told(events: Iterable[Event]) -> list[bytes]:
    """An event is what its bytes say: facts and plain values alike."""
    return [event.to_json() for event in events]
