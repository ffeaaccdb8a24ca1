"""What pages and API may show of a region: live lanes, referrals, movements and counts, and never a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane as its last signed status told. ``last_seen_s`` is None when nothing was heard since the start."""

    post: str
    device: str
    state: str
    screen: str
    people: int
    link_age_s: float | None  # age of the last word from the barrier controller, as the edge told
    outbox_waiting: int
    last_seen_s: float | None


@dataclass(frozen=True, slots=True)
class ReferralView:
    crossing: str
    post: str
    device: str
    where: str  # outside | inside
    reasons: tuple[str, ...]
    since_s: float
    seen: bool  # the lane has gone on to another traveller


@dataclass(frozen=True, slots=True)
class MovementView:
    time: str  # RFC 3339, UTC, whole seconds
    post: str
    device: str
    direction: str  # entry | exit | "" when the crossing ended before one was known
    outcome: str  # granted | left | referred | abandoned
    document_type: str
    issuer: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountsView:
    """``lost`` are sequence numbers that are missing below the highest one seen; ``gaps`` the stretches they form."""

    events: int
    crossings: int
    granted: int
    referred: int
    abandoned: int
    left: int
    duplicates_offered: int
    quarantined: int
    gaps: int
    lost: int


@dataclass(frozen=True, slots=True)
class AlarmView:
    """What the gateway itself has to say of a device, or of a worker; nobody's when no signature proved a sender."""

    device: str
    code: str
    times: int  # of late
    since_s: float  # the newest


@dataclass(frozen=True, slots=True)
class Overview:
    region: str
    lanes: tuple[LaneView, ...]
    referrals: tuple[ReferralView, ...]
    movements: tuple[MovementView, ...]
    counts: CountsView
    alarms: tuple[AlarmView, ...] = ()
