"""What goes together in one transaction? Pure: rows and facts in, batches of them out."""

from collections.abc import Iterator, Sequence

from edge.outbox import limits
from edge.outbox.clock import Stamp
from edge.outbox.rows import Crossings, Found
from edge.outbox.sealer import Sealed, Told
from messages.ack import Range, ranges
from messages.events import validate
from messages.facts import CrossingAbandoned, CrossingGranted, CrossingLeft, OutboxDropped, data_of


def batches(rows: Sequence[Found]) -> Iterator[list[Found]]:
    """Deleting overwrites (secure_delete), so a batch is as large in the log as its frames were: keep it small."""
    batch: list[Found] = []
    size_bytes = 0
    for row in rows:
        size_bytes += row.size_bytes
        if batch and (len(batch) == limits.STRIKE_ROWS_MAX or size_bytes > limits.STRIKE_MAX_BYTES):
            yield batch
            batch, size_bytes = [], row.size_bytes
        batch.append(row)
    if batch:
        yield batch


def droppable(oldest: Sequence[Found]) -> list[Found]:
    """Of the oldest telemetry, what goes in one transaction; nothing where its declaration would take as much room."""
    batch = next(batches(oldest), [])
    size_bytes = sum(row.size_bytes for row in batch)
    return batch if len(batch) >= limits.DROP_ROWS_LEAST or size_bytes >= limits.DROP_LEAST_BYTES else []


def by_boot(rows: Sequence[Found]) -> dict[int, list[Found]]:
    found: dict[int, list[Found]] = {}
    for row in rows:
        found.setdefault(row.number, []).append(row)
    return found


def declaration(boot: str, seqs: Sequence[Range], cause: str, now: Stamp) -> Told:
    """These numbers of that boot will never come: the region is told so, signed."""
    numbers = [number for first, last in seqs for number in range(first, last + 1)]
    return Told(OutboxDropped.TYPE, data_of(OutboxDropped(boot, ranges(numbers), len(numbers), cause)), now)


def crossings_of(rows: Sequence[Sealed]) -> Crossings:
    """A granted crossing is two events; until the second is written, the first stands open."""
    granted, ended = list[tuple[str, int]](), list[str]()
    for fact in (validate(event) for row in rows if not row.telemetry for event in row.events):
        match fact:
            case CrossingGranted(crossing=crossing, visit=visit):
                granted.append((crossing, visit))
            case CrossingLeft(crossing=crossing) | CrossingAbandoned(crossing=crossing):
                ended.append(crossing)
    return Crossings(tuple(granted), tuple(ended))


def groups_of(gathered: Sequence[Told]) -> list[Sequence[Told]]:
    """Frames of as many events as a frame holds."""
    most = limits.GROUP_EVENTS_MAX
    return [gathered[start : start + most] for start in range(0, len(gathered), most)]
