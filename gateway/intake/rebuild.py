"""Do the read models say what the events say? Fold all events anew, compare, and put right what differed.

One device after another, each in a transaction of its own: intake goes on meanwhile, and no page is ever half built.
"""

import time
from dataclasses import dataclass
from typing import Final

from gateway.intake.crossings import COLUMNS, COUNTED, FOLD, GROUPED
from gateway.intake.remains import complete
from gateway.intake.vault import Vault
from gateway.store.connection import Connection

NAMES: Final = ("events", "alarms", "crossings", *(name for name, _ in COUNTED), "quarantined")
CROSSINGS_TOLD: Final = f"{FOLD} WHERE events.device = ? AND crossing IS NOT NULL{GROUPED}"
CROSSINGS_HELD: Final = f"SELECT {', '.join(COLUMNS)} FROM crossings WHERE device = ?"  # noqa: S608
LANE_TOLD: Final = (
    "SELECT (SELECT count(*) FROM events WHERE device = ?),"  # noqa: S608
    " (SELECT count(*) FROM events WHERE device = ? AND type = 'lane.alarm.v1'),"
    " (SELECT count(*) FROM crossings WHERE device = ?),"
    f" {', '.join(f'(SELECT count({column}) FROM crossings WHERE device = ?)' for _, column in COUNTED)},"  # noqa: S608
    " (SELECT count(*) FROM quarantine WHERE sender = ?)"
)
LANE_HELD: Final = f"SELECT {', '.join(NAMES)} FROM lanes WHERE device = ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``equal``: everything stood right before."""

    events: int
    equal: bool
    seconds: float


def rebuild(connection: Connection, vault: Vault | None = None) -> Rebuilt:
    """With ``vault`` what devices declared dropped, too: that is sealed."""
    began_s, equal = time.perf_counter(), True
    query = "SELECT device FROM lanes UNION SELECT device FROM boots UNION SELECT device FROM crossings ORDER BY 1"
    for (device,) in connection.execute(query).fetchall():
        with connection.transaction():
            connection.alone_with([device])
            equal &= complete(connection, device, vault)
            equal &= _crossings(connection, device) & _lane(connection, device)
    row = connection.execute("SELECT count(*) FROM events").fetchone()
    return Rebuilt(0 if row is None else int(row[0]), equal, round(time.perf_counter() - began_s, 3))


def _crossings(connection: Connection, device: str) -> bool:
    differing = (
        f"SELECT 1 FROM (SELECT * FROM ({CROSSINGS_TOLD}) AS a EXCEPT {CROSSINGS_HELD}) AS b"  # noqa: S608
        f" UNION ALL SELECT 1 FROM (SELECT * FROM ({CROSSINGS_HELD}) AS c EXCEPT {CROSSINGS_TOLD}) AS d LIMIT 1"
    )
    if connection.execute(differing, (device,) * 4).fetchone() is None:
        return True
    connection.execute("DELETE FROM crossings WHERE device = ?", (device,))
    connection.execute(f"INSERT INTO crossings ({', '.join(COLUMNS)}) {CROSSINGS_TOLD}", (device,))
    return False


def _lane(connection: Connection, device: str) -> bool:
    """After the crossings: it counts them."""
    told = connection.execute(LANE_TOLD, (device,) * (len(NAMES))).fetchone()
    held = connection.execute(LANE_HELD, (device,)).fetchone()
    values = tuple(told or ())
    if values == tuple(held or (0,) * len(NAMES)):
        return True
    connection.execute(
        f"INSERT INTO lanes (device, {', '.join(NAMES)}) VALUES ({', '.join('?' * (1 + len(NAMES)))})"  # noqa: S608
        f" ON CONFLICT (device) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in NAMES)}",
        (device, *values),
    )
    return False
