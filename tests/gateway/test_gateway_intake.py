"""Frames become rows once, whatever their order, and nothing hostile stops the next one. Names carry attack ids."""

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from gateway.care.retention import BATCH_ROWS, sweep
from gateway.identity.register import Register
from gateway.intake.arrivals import gaps
from gateway.intake.judge import judge
from gateway.intake.quarantine import SHARE_BODIES, SHARE_MAX_BYTES
from gateway.intake.vault import place_of
from gateway.queries import Queries
from gateway.store.connection import StoreFault
from gateway.store.sqlite import connect
from messages.facts import CrossingAbandoned, LaneAlarm
from messages.keys import DeviceKey, RegionPublic
from messages.limits import ACK_RANGES_MAX, EVENT_MAX_BYTES, EVENTS_PER_FRAME_MAX
from messages.sealing import seal
from messages.topics import Channel, Topic
from tests.gateway.desk import LATER, Desk, Offer, offer, offer_with_bodies, receipt

ALARM = LaneAlarm("document-left", None)


def test_a_frame_is_stored_and_acknowledged(desk: Desk) -> None:
    lane = desk.region.lane()
    outcome = desk.take(offer(lane, lane.granted(1), lane.left(1)))
    assert (outcome.stored, outcome.quarantined) == (2, 0)
    assert outcome.receipts == [receipt(lane, 1, 2)]
    counts = Queries(desk.connection).counts()
    assert (counts.events, counts.crossings, counts.granted, counts.left, counts.lost) == (2, 1, 1, 1, 0)


def test_a_repeated_frame_is_acknowledged_again_and_stored_once(desk: Desk) -> None:
    lane = desk.region.lane()
    frame = offer(lane, lane.granted(1), lane.left(1))
    desk.take(frame)
    outcome = desk.take(frame, frame)
    assert (outcome.stored, outcome.duplicates) == (0, 4)
    assert outcome.receipts == [receipt(lane, 1, 2)]
    assert desk.stored() == 2


def test_events_framed_anew_after_a_restart_are_stored_once(desk: Desk) -> None:
    lane = desk.region.lane()
    events = [lane.alarm() for _ in range(6)]
    desk.take(offer(lane, *events[:3]))
    desk.take(offer(lane, *events[1:5]), offer(lane, *events))
    assert desk.stored() == 6


def test_d01_a_frame_of_one_device_sent_by_another_is_quarantined(desk: Desk) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    frame = lane.frame([lane.granted(1)])
    outcome = desk.take((str(thief.topic), frame))
    assert desk.reasons() == ["wrong-topic"]
    assert (desk.stored(), outcome.receipts) == (0, [])


def test_d01_a_device_cannot_speak_from_another_post(desk: Desk) -> None:
    lane = desk.region.lane("lane-1", "harbour")
    elsewhere = Topic("north", "airport", "lane-1", Channel.EVT)
    lane.topic = elsewhere
    event = lane.alarm()
    outcome = desk.take((str(elsewhere), lane.frame([event])))
    assert desk.reasons() == ["wrong-topic"]
    assert (desk.stored(), outcome.receipts) == (0, [])


def test_d07_a_gap_is_shown_until_it_is_filled(desk: Desk) -> None:
    lane = desk.region.lane()
    events = [lane.alarm() for _ in range(9)]
    desk.take(offer(lane, *events[2:4]), offer(lane, *events[6:]))
    (gap,) = gaps(desk.connection)
    assert gap.missing == ((1, 2), (5, 6))
    assert Queries(desk.connection).counts().lost == 4
    desk.take(offer(lane, *events[4:6]))
    desk.take(offer(lane, *events[:2]))
    assert gaps(desk.connection) == []
    assert desk.rows("SELECT first, last FROM arrived") == [(1, 9)]


def test_d08_one_number_with_two_contents_sets_both_aside_and_raises_an_alarm(desk: Desk) -> None:
    lane = desk.region.lane()
    honest = [lane.granted(1), lane.left(1)]
    desk.take(offer(lane, *honest))
    other = lane.tell(ALARM, seq=1)
    outcome = desk.take(offer(lane, other))
    assert desk.reasons() == ["sequence-conflict", "sequence-conflict"]
    assert outcome.alarms == [("lane-1", "sequence-conflict")]
    assert outcome.receipts == [receipt(lane, 1, 1)]  # settled: it need not come again
    counts = Queries(desk.connection).counts()
    assert (counts.events, counts.granted, counts.left, counts.quarantined) == (1, 0, 1, 2)
    again = desk.take(offer(lane, *honest), offer(lane, other))
    assert (again.stored, again.quarantined, again.alarms) == (0, 0, [])


def test_d09_a_poisoned_event_is_set_aside_and_acknowledged_and_its_neighbours_are_stored(desk: Desk) -> None:
    lane = desk.region.lane()
    events = [lane.alarm() for _ in range(3)]
    poisoned = offer_with_bodies(lane, [events[0].to_json(), b'{"poison":' + b"[" * 5_000, events[2].to_json()], 1)
    outcome = desk.take(poisoned, offer(lane, lane.alarm()))
    assert desk.reasons() == ["bad-events"]
    assert outcome.receipts == [receipt(lane, 1, 4)]
    assert desk.stored() == 3


def test_d17_a_frame_under_the_name_of_another_key_is_refused(desk: Desk) -> None:
    lane = desk.region.lane()
    event = lane.granted(1)
    lane.key = DeviceKey.generate("lane-1")  # the name is right, the key is not
    outcome = desk.take(offer(lane, event))
    assert desk.reasons() == ["bad-signature"]
    assert (desk.stored(), outcome.receipts) == (0, [])


def test_d17_a_key_nobody_enrolled_is_refused(desk: Desk) -> None:
    lane = desk.region.lane()
    event = lane.granted(1)
    lane.key = DeviceKey.generate("lane-9")
    outcome = desk.take(offer(lane, event))
    assert desk.reasons() == ["unknown-key"]
    assert (desk.stored(), outcome.receipts) == (0, [])


def test_d24_a_frame_sealed_to_another_region_is_set_aside_and_does_not_block_its_sender(
    desk: Desk, other_region: Any
) -> None:
    lane = desk.region.lane()
    foreign = other_region.authority.region_key().public
    other_key = RegionPublic("south-1", foreign.public)
    bodies = [lane.alarm().to_json()]
    outcome = desk.take(offer_with_bodies(lane, bodies, 1, other_key))
    assert desk.reasons() == ["wrong-region"]
    assert outcome.receipts == [receipt(lane, 1, 1)]
    same_name = RegionPublic("region-1", foreign.public)
    outcome = desk.take(offer_with_bodies(lane, bodies, 1, same_name))
    assert desk.reasons() == ["wrong-region", "cannot-open"]
    assert (desk.stored(), outcome.receipts) == (0, [receipt(lane, 1, 1)])


def test_d25_what_is_sealed_by_one_and_signed_by_another_is_refused(desk: Desk) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    stolen = [lane.granted(1).to_json()]
    outcome = desk.take(offer_with_bodies(thief, stolen, 1))  # another's event inside one's own envelope
    assert desk.reasons() == ["bad-events"]
    assert desk.stored() == 0
    assert outcome.receipts == [receipt(thief, 1, 1)]


def test_an_event_of_no_known_type_is_set_aside_as_that_wherever_it_stands(desk: Desk) -> None:
    """Who does not know the type cannot say that the rest of it is wrong."""
    lane, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    newer = [event.to_json().replace(b"granted.v1", b"granted.v9") for event in (lane.granted(1), other.granted(2))]
    outcome = desk.take(offer_with_bodies(lane, newer, 1))
    assert desk.reasons() == ["unknown-version", "unknown-version"]
    assert (desk.stored(), outcome.receipts) == (0, [receipt(lane, 1, 2)])


def test_d25_sealed_but_unsigned_is_refused(desk: Desk) -> None:
    lane = desk.region.lane()
    region = RegionPublic(lane.enrolled.region_kid, lane.enrolled.region_public)
    outcome = desk.take((str(lane.topic), seal(lane.granted(1).to_json(), region, bytes(lane.topic))))
    assert desk.reasons() == ["not-a-frame"]
    assert (desk.stored(), outcome.receipts) == (0, [])


def test_d29_an_event_id_claimed_first_by_another_device_does_not_shadow_its_owner(desk: Desk) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    event = lane.granted(1)
    shadow = thief.tell(ALARM, seq=1, identity=event.id)
    desk.take(offer(thief, shadow))
    desk.take(offer(lane, event))
    assert sorted(desk.rows("SELECT device, type FROM events")) == [
        ("lane-1", "crossing.granted.v1"),
        ("lane-2", "lane.alarm.v1"),
    ]
    assert desk.reasons() == []


def test_d29_a_crossing_id_of_another_device_stays_its_own(desk: Desk) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    desk.take(offer(lane, lane.granted(1)))
    desk.take(offer(thief, thief.tell(CrossingAbandoned(lane.crossing(1), 1, "lingered"))))
    assert sorted(desk.rows("SELECT device, abandoned_ms IS NULL FROM crossings")) == [("lane-1", 1), ("lane-2", 0)]


def test_d30_a_revoked_device_is_refused_from_the_next_frame_on(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, lane.granted(1)))
    with closing(connect(desk.region.authority.store_path())) as command:  # as a command in another process would
        assert Register(command).revoke("lane-1")
    outcome = desk.take(offer(lane, lane.left(1)))
    assert desk.reasons() == ["revoked-key"]
    assert (desk.stored(), outcome.receipts) == (1, [])


def test_d31_a_frame_over_the_limit_is_refused_before_it_is_parsed(desk: Desk) -> None:
    lane = desk.region.lane()
    payload = lane.frame([lane.alarm()]) + b"\0" * 262_144
    outcome = desk.take((str(lane.topic), payload))
    assert desk.reasons() == ["too-large"]
    assert outcome.receipts == []
    assert desk.rows("SELECT length(body) <= 262144 + 28, size_bytes FROM quarantine") == [(1, len(payload))]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"\xd2\x84",
        b"\xa1" * 300,
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xc4\x82\x1b" + b"\xff" * 8,
        b"\x9f" * 99,
    ],
)
def test_garbage_is_set_aside_and_the_next_frame_flows(desk: Desk, payload: bytes) -> None:
    lane = desk.region.lane()
    outcome = desk.take((str(lane.topic), payload), offer(lane, lane.alarm()))
    assert (outcome.stored, outcome.quarantined) == (1, 1)
    assert outcome.receipts == [receipt(lane, 1, 1)]


class Faulty(dict[str, Any]):
    """Stands for a parser with a fault that nobody knows yet."""

    def get(self, key: str, default: Any = None) -> Any:
        raise ZeroDivisionError


def test_a_frame_that_finds_a_fault_in_the_intake_is_set_aside_and_stops_nobody(region: Any) -> None:
    lane = region.lane()
    frame = lane.frame([lane.alarm()])
    verdict = judge(str(lane.topic), frame, Faulty(), region.authority.region_key())
    (kept,) = verdict.kept
    assert (kept.reason, kept.detail, kept.sender) == ("not-a-frame", "ZeroDivisionError", "")


POISONED = SHARE_BODIES + 30  # bodies: more than a share holds
BODIES = "SELECT count(*), count(body) FROM quarantine WHERE sender = "


def poison(lane: Any, count: int = POISONED, start: int = 1) -> list[Offer]:
    """So many events that nobody can read."""
    bodies, last = [b"poison %d" % seq for seq in range(start, start + count)], EVENTS_PER_FRAME_MAX
    return [offer_with_bodies(lane, bodies[at : at + last], start + at) for at in range(0, count, last)]


def strange(lane: Any, count: int, topic: str = "") -> list[Offer]:
    """So many pieces of garbage that nobody has signed."""
    return [(topic or str(lane.topic), b"garbage %d" % n) for n in range(count)]


def test_d09_whatever_a_device_has_filled_each_bad_event_has_a_row_and_is_acknowledged(desk: Desk) -> None:
    lane, other = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    outcome = desk.take(*poison(lane))
    assert outcome.quarantined == POISONED
    assert outcome.receipts == [receipt(lane, 1, POISONED)]
    assert outcome.alarms == [("lane-1", "quarantine-full")]
    assert desk.rows(f"{BODIES} 'lane-1'") == [(POISONED, SHARE_BODIES)]
    without = desk.rows(
        "SELECT reason, boot, first, last, length(digest), size_bytes FROM quarantine WHERE body IS NULL"
    )
    assert ("bad-events", lane.boot, POISONED, POISONED, 16, len(b"poison %d" % POISONED)) in without
    outcome = desk.take(*poison(other, 1), offer(lane, lane.tell(ALARM, seq=900)))
    assert (outcome.quarantined, outcome.stored) == (1, 1)
    assert desk.rows(f"{BODIES} 'lane-2'") == [(1, 1)]
    again = desk.take(*poison(lane))
    assert (again.quarantined, again.duplicates, again.receipts) == (0, POISONED, [receipt(lane, 1, POISONED)])


def test_a_frame_that_cannot_be_opened_is_acknowledged_behind_a_full_share_too(desk: Desk, other_region: Any) -> None:
    lane = desk.region.lane()
    desk.take(*poison(lane))
    foreign = RegionPublic("south-1", other_region.lane("lane-9").enrolled.region_public)
    outcome = desk.take(offer_with_bodies(lane, [b"sealed"] * 3, 800, foreign))
    assert outcome.receipts == [receipt(lane, 800, 802)]
    assert desk.rows("SELECT first, last, body FROM quarantine WHERE reason = 'wrong-region'") == [(800, 802, None)]


def test_a_year_later_the_bodies_are_gone_and_there_is_room_for_new_ones(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(*poison(lane), *strange(lane, SHARE_BODIES + 5))
    assert sweep(desk.connection, (), LATER + timedelta(days=366), 3_650).bodies_removed == 2 * SHARE_BODIES
    outcome = desk.take(*poison(lane, 2, 500), *strange(lane, SHARE_BODIES + 1))
    assert outcome.receipts == [receipt(lane, 500, 501)]
    assert desk.rows(f"{BODIES} 'lane-1'") == [(POISONED + 2, 2)]
    assert desk.rows(f"{BODIES} ''") == [(SHARE_BODIES + 1, 1)]


def test_rows_of_a_quarantine_go_by_the_batch_until_none_that_is_due_is_left(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(*poison(lane, BATCH_ROWS + 10))
    assert sweep(desk.connection, (), LATER + timedelta(days=366), 365).rows_removed == BATCH_ROWS + 10
    assert desk.rows(f"{BODIES} 'lane-1'") == [(0, 0)]
    assert Queries(desk.connection).counts().quarantined == 0


def test_a_share_is_full_of_bytes_before_it_is_full_of_bodies(desk: Desk) -> None:
    lane = desk.region.lane()
    size = EVENT_MAX_BYTES - 8
    count = SHARE_MAX_BYTES // size
    assert count < SHARE_BODIES
    for start in range(1, count + 4, 3):
        desk.take(
            offer_with_bodies(lane, [b"%08d" % seq + b"x" * (size - 8) for seq in range(start, start + 3)], start)
        )
    (held,) = desk.rows("SELECT count(body), sum(CASE WHEN body IS NULL THEN 0 ELSE size_bytes END) FROM quarantine")
    assert held == (count, count * size)
    assert desk.rows("SELECT code FROM alarms") == [("quarantine-full",)]


def test_an_event_that_another_one_contradicts_keeps_its_body_however_full_the_share(desk: Desk) -> None:
    """Both can be read, and one is the true one: whoever has copied a card must not make it go by sending garbage."""
    lane = desk.region.lane()
    first, second = lane.granted(1), lane.left(1)
    desk.take(offer(lane, first), *poison(lane, start=100))
    outcome = desk.take(offer(lane, lane.tell(ALARM, seq=1)), offer(lane, lane.tell(ALARM, seq=2)), offer(lane, second))
    assert outcome.receipts == [receipt(lane, 1, 2)]
    assert desk.rows("SELECT count(*), count(body) FROM quarantine WHERE reason = 'sequence-conflict'") == [(4, 4)]
    ours = desk.rows("SELECT body, first FROM quarantine WHERE reason = 'sequence-conflict' ORDER BY row")
    opened = [desk.vault.open(body, place_of("lane-1", lane.boot, seq)) for body, seq in ours]
    assert {first.to_json(), second.to_json()} < set(opened)


def test_d17_one_who_sends_garbage_ends_nobody_elses_evidence(desk: Desk) -> None:
    """At whatever posts it pretends to stand: the broker ties the device's name to its certificate, and no post."""
    thief, victim = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    posts = [str(thief.topic).replace("harbour", f"post-{n}") for n in range(5)]
    outcome = desk.take(*(one for topic in posts for one in strange(thief, SHARE_BODIES // 4, topic)))
    assert outcome.quarantined == SHARE_BODIES
    assert outcome.receipts == []
    assert ("lane-1", "quarantine-full") in outcome.alarms
    assert Queries(desk.connection).not_kept() == 5 * (SHARE_BODIES // 4) - SHARE_BODIES
    victim.key = DeviceKey.generate("lane-2")
    forged = offer(victim, victim.alarm())
    assert desk.take(forged, *strange(thief, 1, "bp/1/north/harbour/lane-1")).quarantined == 2
    assert desk.reasons()[-2:] == ["bad-signature", "wrong-topic"]


def test_an_empty_message_takes_room_like_any_other(desk: Desk) -> None:
    lane = desk.region.lane()
    posts = [str(lane.topic).replace("harbour", f"post-{n}") for n in range(SHARE_BODIES + 3)]
    assert desk.take(*((topic, b"") for topic in posts)).quarantined == SHARE_BODIES


def test_a_device_that_leaves_a_thousand_holes_is_told_in_several_acknowledgements(desk: Desk) -> None:
    lane = desk.region.lane()
    outcome = desk.take(*(offer(lane, lane.tell(ALARM, seq=seq)) for seq in range(1, 2 * ACK_RANGES_MAX + 2, 2)))
    assert [len(receipt.seqs) for receipt in outcome.receipts] == [ACK_RANGES_MAX, 1]
    assert outcome.receipts[-1].seqs == ((2 * ACK_RANGES_MAX + 1, 2 * ACK_RANGES_MAX + 1),)


def test_every_row_that_may_hold_a_person_has_a_date_to_be_gone_and_shows_nobody(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(
        offer(lane, lane.granted(1), lane.left(1), lane.referred(2)),
        offer_with_bodies(lane, [b'{"surname":"CANARYSSON"}'], 9),
    )
    assert {row[0] for row in desk.rows("SELECT retain_until FROM events WHERE type LIKE 'crossing.%ed.v1'")} == {
        "2026-12-24"
    }
    for table in ("events", "quarantine"):
        assert desk.rows(f"SELECT count(*) FROM {table} WHERE body IS NULL OR retain_until < '2026'") == [(0,)]  # noqa: S608
    desk.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in desk.region.state.glob("store.sqlite*"):
        content = path.read_bytes()
        assert b"CANARYSSON" not in content
        assert b"UCANARY42" not in content


def test_the_sealed_body_opens_in_its_own_row_only(desk: Desk) -> None:
    lane = desk.region.lane()
    event = lane.granted(1)
    desk.take(offer(lane, event))
    ((body,),) = desk.rows("SELECT body FROM events")
    assert desk.vault.open(body, place_of("lane-1", lane.boot, 1)) == event.to_json()
    with pytest.raises(InvalidTag):
        desk.vault.open(body, place_of("lane-1", lane.boot, 2))


def test_a_crossing_that_is_referred_and_then_abandoned_counts_as_both(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, lane.referred(1), lane.abandoned(1)))
    counts = Queries(desk.connection).counts()
    assert (counts.crossings, counts.referred, counts.abandoned, counts.granted) == (1, 1, 1, 0)
    (movement,) = Queries(desk.connection).movements()
    assert (movement.outcome, movement.reasons, movement.issuer) == ("abandoned", ("document-expired",), "UTO")


def test_a_referral_is_seen_when_the_lane_has_gone_on(desk: Desk) -> None:
    lane = desk.region.lane()
    event = lane.referred(1)
    desk.take(offer(lane, event))
    (referral,) = Queries(desk.connection).referrals(event.time)
    assert (referral.seen, referral.where, referral.reasons) == (False, "outside", ("document-expired",))
    desk.take(offer(lane, lane.granted(2)))
    (referral,) = Queries(desk.connection).referrals(event.time)
    assert referral.seen


def test_a_failed_transaction_leaves_nothing_behind(desk: Desk) -> None:
    lane = desk.region.lane()
    frame = offer(lane, lane.granted(1))
    desk.connection.execute("CREATE TRIGGER cut BEFORE INSERT ON lanes BEGIN SELECT RAISE(ABORT, 'cut'); END")
    with pytest.raises(StoreFault):
        desk.take(frame)
    desk.connection.execute("DROP TRIGGER cut")
    assert (desk.stored(), desk.rows("SELECT count(*) FROM arrived")) == (0, [(0,)])
    assert desk.take(frame).stored == 1
