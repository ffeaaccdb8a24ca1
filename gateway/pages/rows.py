"""What stands in each card and row of the page? Text only, made here once for the first view and every later one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.pages.condition import ICONS, Condition, condition, word
from gateway.pages.words import ALARMS, DIRECTIONS, DUTIES, OUTCOME_ICONS, OUTCOMES, PLACES, age, reasons, said
from gateway.views import AlarmView, CountsView, LaneView, MovementView, Overview, ReferralView

LANES_SHOWN = 120
REFERRALS_SHOWN = 30
MOVEMENTS_SHOWN = 20
ALARMS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """``key`` finds the element again; ``kind`` colours it; ``fields`` are its texts."""

    key: str
    kind: str
    fields: Mapping[str, str]


Lists = Mapping[str, tuple[Row, ...]]


def lists(overview: Overview) -> Lists:
    return {
        "lanes": tuple(lane_row(lane) for lane in overview.lanes[:LANES_SHOWN]),
        "alarms": tuple(alarm_row(each) for each in overview.alarms[:ALARMS_SHOWN]),
        "referrals": tuple(referral_row(each) for each in _waiting_first(overview.referrals)[:REFERRALS_SHOWN]),
        "movements": _numbered(movement_row(each) for each in overview.movements[:MOVEMENTS_SHOWN]),
    }


def texts(overview: Overview) -> Mapping[str, str]:
    """The single values of the page, by the id of their element."""
    unseen = [each for each in overview.referrals if not each.seen]
    conditions = [condition(lane) for lane in overview.lanes]
    heard = sum(each not in (Condition.UNKNOWN, Condition.OFFLINE) for each in conditions)
    return {
        **count_texts(overview.counts),
        "lanes-note": f"{heard} of {len(conditions)} heard" + _more(len(conditions), LANES_SHOWN),
        "alarms-note": _more(len(overview.alarms), ALARMS_SHOWN).removeprefix(", "),
        "referrals-note": f"{len(unseen)} waiting" + _more(len(overview.referrals), REFERRALS_SHOWN),
    }


def wire(overview: Overview) -> Mapping[str, object]:
    """The same for the stream, with short names: it is sent every two seconds."""
    return {
        "texts": dict(texts(overview)),
        "lists": {
            name: [{"key": row.key, "kind": row.kind, "fields": dict(row.fields)} for row in rows]
            for name, rows in lists(overview).items()
        },
    }


def lane_row(lane: LaneView) -> Row:
    now = condition(lane)
    return Row(
        lane.device,
        now.value,
        {
            "icon": ICONS[now],
            "device": lane.device,
            "post": lane.post,
            "word": word(lane, now),
            "people": _people(lane, now),
            "waiting": f"{lane.outbox_waiting} to send" if lane.outbox_waiting else "",
            "age": "not since start" if lane.last_seen_s is None else f"heard {age(lane.last_seen_s)} ago",
        },
    )


def alarm_row(alarm: AlarmView) -> Row:
    return Row(
        f"{alarm.device} {alarm.code}",
        "alarm",
        {
            "icon": "!",
            "alarm": said(alarm.code, ALARMS | DUTIES),
            "device": alarm.device or "an unproven sender",
            "times": f"{alarm.times} times, the last" if alarm.times > 1 else "",
            "age": f"{age(alarm.since_s)} ago",
        },
    )


def referral_row(referral: ReferralView) -> Row:
    return Row(
        referral.crossing,
        "seen" if referral.seen else "waiting",
        {
            "wait": age(referral.since_s),
            "state": "went on" if referral.seen else "waiting",
            "device": referral.device,
            "post": referral.post,
            "where": said(referral.where, PLACES),
            "reasons": reasons(referral.reasons),
        },
    )


def movement_row(movement: MovementView) -> Row:
    return Row(
        f"{movement.time} {movement.device}",
        movement.outcome,
        {
            "time": movement.time[11:19],
            "device": movement.device,
            "post": movement.post,
            "direction": said(movement.direction, DIRECTIONS) or "\u2013",
            "icon": OUTCOME_ICONS.get(movement.outcome, "?"),
            "outcome": said(movement.outcome, OUTCOMES),
            "document": f"{movement.document_type} {movement.issuer}".strip() or "\u2013",
            "reasons": reasons(movement.reasons),
        },
    )


def count_texts(counts: CountsView) -> Mapping[str, str]:
    # A grouped number is read at a glance; the thin gap is a no-break space, so that it never wraps.
    numbers = {
        "crossings": counts.crossings,
        "left": counts.left,
        "granted": counts.granted,
        "referred": counts.referred,
        "abandoned": counts.abandoned,
        "events": counts.events,
        "duplicates": counts.duplicates_offered,
        "quarantined": counts.quarantined,
        "gaps": counts.gaps,
        "lost": counts.lost,
    }
    return {name: f"{number:,}".replace(",", "\u202f") for name, number in numbers.items()}


def _waiting_first(referrals: tuple[ReferralView, ...]) -> list[ReferralView]:
    """Who waits comes before who was seen, and the longest wait first."""
    return sorted(referrals, key=lambda each: (each.seen, -each.since_s))


def _numbered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """A lane may have two movements in one second; their rows still need keys of their own."""
    met: dict[str, int] = {}
    numbered = []
    for row in rows:
        met[row.key] = met.get(row.key, 0) + 1
        numbered.append(Row(f"{row.key} {met[row.key]}", row.kind, row.fields))
    return tuple(numbered)


def _people(lane: LaneView, now: Condition) -> str:
    if now in (Condition.UNKNOWN, Condition.OFFLINE, Condition.STALE):
        return ""  # who stands there now is not known
    return "empty" if lane.people == 0 else "1 person inside" if lane.people == 1 else f"{lane.people} people inside"


def _more(total: int, shown: int) -> str:
    return f", {total - shown} more not shown" if total > shown else ""
