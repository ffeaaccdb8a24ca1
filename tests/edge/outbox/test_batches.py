"""What goes together in one transaction, and when dropping frees more than its declaration takes."""

from edge.outbox import limits
from edge.outbox.batches import droppable
from edge.outbox.rows import Found


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
