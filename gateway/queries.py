"""What does the store tell pages and API? Reads only, on a connection of its own; no sealed body is opened here."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.intake.announced import Awaited, MissingBoots, awaited, boots_missing
from gateway.intake.arrivals import Gap, declared_drops, gaps
from gateway.intake.rows import EPOCH
from gateway.intake.tallies import totals
from gateway.store.connection import Connection, Row
from gateway.views import AlarmView, CountsView, MovementView, ReferralView

MOVEMENTS_SHOWN = 50
REFERRALS_SHOWN = 20
REFERRAL_SHOWN_S = 1_800.0
EVENTS_PER_PAGE_MAX = 1_000
QUARANTINE_SHOWN = 1_000
ROW_MAX = 2**63 - 1
ALARMS_SHOWN = 100
LAST_FIRST: Final = ("left", "abandoned", "referred", "granted")


class Queries:
    """Counts, movements, referrals, events and gaps as they are committed at this moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self) -> CountsView:
        total, open_gaps = totals(self._connection), self.gaps()
        return CountsView(
            events=total["events"],
            crossings=total["crossings"],
            granted=total["granted"],
            referred=total["referred"],
            abandoned=total["abandoned"],
            left=total["departed"],
            duplicates_offered=total["duplicates"],
            quarantined=total["quarantined"],
            gaps=sum(len(gap.missing) for gap in open_gaps),
            lost=sum(gap.numbers for gap in open_gaps),
        )

    def gaps(self) -> list[Gap]:
        return gaps(self._connection)

    def awaited(self) -> list[Awaited]:
        return awaited(self._connection)

    def boots_missing(self) -> list[MissingBoots]:
        return boots_missing(self._connection)

    def declared_drops(self) -> int:
        return declared_drops(self._connection)

    def movements(self, limit: int = MOVEMENTS_SHOWN) -> tuple[MovementView, ...]:
        rows = self._connection.execute("SELECT * FROM crossings ORDER BY moved_ms DESC LIMIT ?", (limit,))
        return tuple(_movement(row) for row in rows)

    def referrals(self, now: datetime) -> tuple[ReferralView, ...]:
        """Those of the last half hour, newest first. One is seen when its lane has gone on to another traveller."""
        rows = self._connection.execute(
            "SELECT *, EXISTS (SELECT 1 FROM crossings AS later WHERE later.device = crossings.device"
            " AND later.moved_ms > crossings.moved_ms) AS seen"
            " FROM crossings WHERE referred_ms IS NOT NULL ORDER BY moved_ms DESC LIMIT ?",
            (REFERRALS_SHOWN,),
        )
        views = (_referral(row, now) for row in rows)
        return tuple(view for view in views if view.since_s < REFERRAL_SHOWN_S)

    def events(self, after: int, limit: int) -> list[dict[str, object]]:
        """Rows after ``after``, as the API tells them (docs/contract.md, 6)."""
        rows = self._connection.execute(
            "SELECT row, type, device, boot, seq, crossing, visit, reasons, cause, timings_ms, total_ms, received_ms"
            " FROM told WHERE row > ? ORDER BY row LIMIT ?",
            (after, min(limit, EVENTS_PER_PAGE_MAX)),
        )
        return [_event(row) for row in rows]

    def quarantine(self, limit: int = QUARANTINE_SHOWN, after: int | None = None) -> list[dict[str, object]]:
        """What was set aside, the newest first; ``after`` is the last row that was told."""
        rows = self._connection.execute(
            "SELECT row, sender, topic, reason, detail, boot, first, last, size_bytes, received_ms"
            " FROM quarantine WHERE row < ? ORDER BY row DESC LIMIT ?",
            (ROW_MAX if after is None else max(0, min(after, ROW_MAX)), limit),
        )
        return [dict(row) for row in rows]

    def quarantined(self) -> int:
        """How much lies there now; retention takes its part."""
        [row] = self._connection.execute("SELECT count(*) FROM quarantine").fetchall()
        return int(row[0])

    def not_kept(self) -> int:
        """How many times an unproven sender's was only counted, its share being full."""
        return totals(self._connection)["unkept"]

    def alarms(self) -> list[dict[str, object]]:
        """The open ones, the newest first."""
        query = (
            "SELECT device, code, boot, seq, since_ms, last_ms FROM alarms WHERE settled_ms IS NULL"
            " ORDER BY last_ms DESC, device, code LIMIT ?"
        )
        return [dict(row) for row in self._connection.execute(query, (ALARMS_SHOWN,))]

    def all_alarms(self, limit: int) -> list[dict[str, object]]:
        """Settled ones too, behind those that are open."""
        query = (
            "SELECT device, code, boot, seq, since_ms, last_ms, settled_ms FROM alarms"
            " ORDER BY CASE WHEN settled_ms IS NULL THEN 0 ELSE 1 END, last_ms DESC, device, code LIMIT ?"
        )
        return [dict(row) for row in self._connection.execute(query, (limit,))]

    def alarms_counted(self) -> tuple[int, int]:
        """How many are open, and how many there are."""
        query = "SELECT count(CASE WHEN settled_ms IS NULL THEN 1 END), count(*) FROM alarms"
        [row] = self._connection.execute(query).fetchall()
        return int(row[0]), int(row[1])


def newest_alarms(alarms: Iterable[Mapping[str, object]], now: datetime) -> tuple[AlarmView, ...]:
    """Each kind once for each device, the newest first: a clone that sends a thousand frames is one line."""
    met: dict[tuple[str, str], list[int]] = {}
    for alarm in alarms:
        met.setdefault((str(alarm["device"]), str(alarm["code"])), []).append(int(str(alarm["last_ms"])))
    now_ms = now.timestamp() * 1000
    views = [AlarmView(*key, len(times), max(0.0, now_ms - max(times)) / 1000) for key, times in met.items()]
    return tuple(sorted(views, key=lambda view: view.since_s))


def _movement(row: Row) -> MovementView:
    outcome = next(what for what in LAST_FIRST if row[f"{what}_ms"] is not None)
    return MovementView(
        time=_moment(row[f"{outcome}_ms"]).strftime("%Y-%m-%dT%H:%M:%SZ"),
        post=row["post"],
        device=row["device"],
        direction=row["direction"],
        outcome=outcome,
        document_type=row["document_type"],
        issuer=row["issuer"],
        reasons=tuple(json.loads(row["reasons"])),
    )


def _referral(row: Row, now: datetime) -> ReferralView:
    since_s = max(0.0, (now - _moment(row["referred_ms"])).total_seconds())
    reasons = tuple(json.loads(row["reasons"]))
    return ReferralView(row["crossing"], row["post"], row["device"], row["place"], reasons, since_s, bool(row["seen"]))


def _moment(time_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=time_ms)


def _event(row: Row) -> dict[str, object]:
    event = dict(row)
    event["reasons"] = json.loads(row["reasons"])
    event["cause"] = row["cause"] or None
    event["timings_ms"] = None if row["timings_ms"] is None else json.loads(row["timings_ms"])
    return event
