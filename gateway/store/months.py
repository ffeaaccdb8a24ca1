"""In which part of the table do the events of a boot lie? In that of the month in which the boot was first heard.

The month stands in the upper half of the boot's key (0002_intake.postgres.sql gives it), so a whole boot lies in one
part, where one unique key sees all of its numbers.

>>> month_of(104_291_283_042_305)
24282
>>> part_of(24282)
'events_2023_07'
"""

from typing import Final

MONTH_BITS: Final = 32


def month_of(boot_key: int) -> int:
    """Months since the year 0."""
    return boot_key >> MONTH_BITS


def part_of(month: int) -> str:
    return f"events_{month // 12:04d}_{month % 12 + 1:02d}"


def make_part(month: int) -> tuple[str, ...]:
    """The statements that make it. An event's id is unique within its part: more is not promised (ADR 9)."""
    name, first, end = part_of(month), month << MONTH_BITS, (month + 1) << MONTH_BITS
    return (
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF events FOR VALUES FROM ({first}) TO ({end})",
        f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_by_id ON {name} (device, id)",
    )
