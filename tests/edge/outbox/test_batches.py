"""What goes together in one transaction, and when dropping frees more than its declaration takes."""

from datetime import UTC, datetime

from edge.outbox import limits
from edge.outbox.batches import droppable
from edge.outbox.clock import Stamp
from edge.outbox.rows import Found
from edge.outbox.sealer import Sealer, Told
from messages.events import Clock
from messages.facts import DeviceTelemetry, Reading, data_of
from messages.limits import CODE_MAX_CHARS, COUNT_MAX, FRAME_MAX_BYTES, READINGS_MAX


def telemetry(count: int, size_bytes: int) -> list[Found]:
    return [Found(place, place, telemetry=True, size_bytes=size_bytes) for place in range(1, count + 1)]


def test_few_small_rows_are_kept_since_their_declaration_would_take_as_much() -> None:
    assert droppable(telemetry(limits.DROP_ROWS_LEAST - 1, 500)) == []
    assert len(droppable(telemetry(limits.DROP_ROWS_LEAST, 500))) == limits.DROP_ROWS_LEAST


def test_a_few_large_rows_go() -> None:
    """Found by reading: frames of 20 kB fill a batch before eight of them are in it, and nothing was ever dropped."""
    rows = telemetry(50, 20_000)
    assert 0 < len(droppable(rows)) < limits.DROP_ROWS_LEAST


def test_a_batch_fits_into_the_ballast() -> None:
    assert sum(row.size_bytes for row in droppable(telemetry(50, 20_000))) <= limits.STRIKE_MAX_BYTES


def test_a_group_of_the_largest_telemetry_is_one_frame(sealer: Sealer) -> None:
    """Else it could never be sealed, and would stop whatever was to be written behind it."""
    readings = tuple(Reading("r" * CODE_MAX_CHARS, -COUNT_MAX) for _ in range(READINGS_MAX))
    now = Stamp(datetime(2026, 11, 24, 4, 30, tzinfo=UTC), COUNT_MAX, Clock.SYNCED)
    largest = [Told(DeviceTelemetry.TYPE, data_of(DeviceTelemetry(readings)), now)] * limits.GROUP_EVENTS_MAX
    first = COUNT_MAX - limits.GROUP_EVENTS_MAX
    assert 0.6 * FRAME_MAX_BYTES < len(sealer.seal(largest, "f" * 32, COUNT_MAX, first).frame) <= FRAME_MAX_BYTES
