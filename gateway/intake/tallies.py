"""How much came from each device? Counters by device, so that two workers never wait for one row of the region."""

from collections import Counter, defaultdict
from typing import Final

from gateway.store.connection import Connection, Values

NAMES: Final = (
    "events", "alarms", "crossings", "granted", "referred", "abandoned", "departed", "duplicates", "quarantined",
    "unkept",
)  # fmt: skip
NOBODY: Final = ""  # stands for every sender who proved nothing


class Tallies:
    """What one transaction adds. ``keep`` writes it once at its end."""

    def __init__(self) -> None:
        self._of: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, device: str, name: str, number: int = 1) -> None:
        self._of[device][name] += number

    def total(self, name: str) -> int:
        return sum(counter[name] for counter in self._of.values())

    def keep(self, connection: Connection) -> None:
        rows: list[Values] = [
            (device, *(counter[name] for name in NAMES)) for device, counter in sorted(self._of.items())
        ]
        added = ", ".join(f"{name} = lanes.{name} + excluded.{name}" for name in NAMES)
        connection.executemany(
            f"INSERT INTO lanes (device, {', '.join(NAMES)}) VALUES ({', '.join('?' * (1 + len(NAMES)))})"  # noqa: S608
            f" ON CONFLICT (device) DO UPDATE SET {added}",
            rows,
        )


def totals(connection: Connection) -> dict[str, int]:
    """Of the whole region, by the names of NAMES."""
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in NAMES)
    row = connection.execute(f"SELECT {sums} FROM lanes").fetchone()  # noqa: S608
    return dict(zip(NAMES, (int(value) for value in row or ()), strict=True))
