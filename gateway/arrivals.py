"""Which sequence numbers came? Kept as stretches, so that a gap is what lies between two of them."""

from dataclasses import dataclass

from gateway.store.connection import Connection
from messages.ack import Range


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers below the highest one seen that never came; most often they are still on their way."""

    device: str
    boot: str
    missing: tuple[Range, ...]

    @property
    def numbers(self) -> int:
        return sum(last - first + 1 for first, last in self.missing)


def add_arrivals(connection: Connection, device: str, boot: str, stretches: tuple[Range, ...]) -> None:
    """Join each new stretch with those it touches; the order in which they come makes no difference."""
    for first, last in stretches:
        touching = [
            (row["first"], row["last"])
            for row in connection.execute(
                "SELECT first, last FROM arrived WHERE device = ? AND boot = ? AND first <= ? AND last >= ?",
                (device, boot, last + 1, first - 1),
            )
        ]
        connection.executemany(
            "DELETE FROM arrived WHERE device = ? AND boot = ? AND first = ?", [(device, boot, a) for a, _ in touching]
        )
        connection.execute(
            "INSERT INTO arrived (device, boot, first, last) VALUES (?, ?, ?, ?)",
            (device, boot, min([first, *(a for a, _ in touching)]), max([last, *(b for _, b in touching)])),
        )


def gaps(connection: Connection) -> list[Gap]:
    """Every device's every boot starts at 1, so what lies before the first stretch is missing too."""
    missing: dict[tuple[str, str], list[Range]] = {}
    ends: dict[tuple[str, str], int] = {}
    for device, boot, first, last in connection.execute(
        "SELECT device, boot, first, last FROM arrived ORDER BY device, boot, first"
    ):
        end = ends.get((device, boot), 0)
        if first > end + 1:
            missing.setdefault((device, boot), []).append((end + 1, first - 1))
        ends[device, boot] = last
    return [Gap(device, boot, tuple(stretches)) for (device, boot), stretches in missing.items()]
