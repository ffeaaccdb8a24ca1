"""Whoever contradicts himself is in doubt with what is his own, and draws nobody in (D29)."""

import pytest

from messages.facts import LaneAlarm
from tests.gateway.desk import Desk, offer

ALARM = LaneAlarm("tailgating", None)


@pytest.mark.parametrize("thief_first", [True, False])
def test_d29_who_contradicts_himself_under_anothers_id_sets_aside_his_own_alone(desk: Desk, thief_first: bool) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    event = lane.granted(1)
    lies = [thief.tell(ALARM, seq=seq, identity=event.id) for seq in (1, 2)]
    offers = [offer(thief, lies[0]), offer(thief, lies[1])]
    for one in [*offers, offer(lane, event)] if thief_first else [offer(lane, event), *offers]:
        desk.take(one)
    assert desk.rows("SELECT device, type FROM events") == [("lane-1", "crossing.granted.v1")]
    assert desk.rows("SELECT sender, first FROM quarantine ORDER BY first") == [("lane-2", 1), ("lane-2", 2)]
    assert {device for (device,) in desk.rows("SELECT device FROM alarms")} == {"lane-2"}
    assert {device for (device,) in desk.rows("SELECT device FROM contested")} == {"lane-2"}
    assert desk.take(offer(lane, event)).duplicates == 1  # the victim is told so again, and nothing of it is in doubt
