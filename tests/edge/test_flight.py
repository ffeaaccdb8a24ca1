"""Which frames go out next: none stops the others, none is forgotten, and nobody floods a dead line."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.uplink.flight import Flight, Fresh, Next
from edge.uplink.limits import RESEND_CEILING_S

ACK_S = 5.0
EVERYTHING = (1 << 63) - 1


def fly(flight: Flight, waiting: list[int], now_s: float) -> list[int]:
    """What goes out now of what waits, as the uplink does it."""
    plan = flight.next(now_s)
    fresh = [
        place
        for lane in (plan.live, plan.backlog)
        for place in [place for place in waiting if lane.after < place <= lane.until][: lane.count]
    ]
    again = [place for place in plan.again if place in waiting]
    flight.forget(set(plan.again) - set(again))
    flight.sent(again + fresh, now_s)
    return again + fresh


def test_a_window_goes_out_in_order_and_then_waits() -> None:
    flight, waiting = Flight(ACK_S, window=3), list(range(1, 10))
    assert fly(flight, waiting, 0.0) == [1, 2, 3]
    assert fly(flight, waiting, 1.0) == []
    assert flight.next(1.0) == Next((), Fresh(0, 3, EVERYTHING), Fresh(0, 0, 0), wake_s=5.0)


def test_each_acknowledgement_lets_the_next_one_go() -> None:
    flight, waiting = Flight(ACK_S, window=3), list(range(1, 10))
    fly(flight, waiting, 0.0)
    flight.gone([1, 2], 0.5)
    assert fly(flight, waiting[2:], 1.0) == [4, 5]


def test_what_is_not_acknowledged_goes_again_later_and_later_up_to_a_ceiling() -> None:
    flight, sent_s, now_s = Flight(ACK_S, window=1), [], 0.0
    for _ in range(400):
        if 1 in fly(flight, [1], now_s):
            sent_s.append(now_s)
        now_s += 1.0
    gaps = [later - earlier for earlier, later in pairwise(sent_s)]
    assert gaps[:5] == [5.0, 10.0, 20.0, 40.0, RESEND_CEILING_S]
    assert set(gaps[5:]) == {RESEND_CEILING_S}


def test_d09_a_frame_that_is_never_acknowledged_does_not_narrow_the_window() -> None:
    flight, waiting = Flight(ACK_S, window=3), list(range(1, 10))
    fly(flight, waiting, 0.0)
    flight.gone([2, 3], 0.5)  # 1 was sent before them: it is passed over
    assert fly(flight, [1, *waiting[3:]], 1.0) == [4, 5, 6]


def test_d09_a_whole_window_of_poison_does_not_stop_what_stands_behind_it() -> None:
    flight, poison, waiting, now_s = Flight(ACK_S, window=3), [1, 2, 3, 4, 5], list(range(1, 12)), 0.0
    acknowledged: list[int] = []
    while len(acknowledged) < 6 and now_s < 600:
        good = [place for place in fly(flight, waiting, now_s) if place not in poison]
        flight.gone(good, now_s)
        acknowledged += good
        waiting = [place for place in waiting if place not in good]
        now_s += 1.0
    assert acknowledged == [6, 7, 8, 9, 10, 11]
    assert now_s < 60


def test_a_dead_gateway_is_not_flooded() -> None:
    flight, waiting, sent, now_s = Flight(ACK_S, window=20), list(range(1, 1_000)), 0, 0.0
    while now_s < 3_600:
        sent += len(fly(flight, waiting, now_s))
        now_s += 5.0
    assert sent < 1_500


def test_what_is_on_its_way_is_bounded() -> None:
    flight, waiting, now_s = Flight(ACK_S, window=20, most=40), list(range(1, 100)), 0.0
    for _ in range(50):
        fly(flight, waiting, now_s)
        now_s += RESEND_CEILING_S
    assert flight.next(now_s).live == Fresh(0, 40, EVERYTHING)


def test_d09_more_frames_than_are_remembered_are_never_acknowledged_and_today_still_goes() -> None:
    flight, now_s = Flight(ACK_S, window=2, most=8), 0.0
    bad = set(range(1, 100, 2))  # every other one is such that the region keeps silent
    waiting, gone = list(range(1, 100)), set[int]()
    for _ in range(400):
        sent = fly(flight, waiting, now_s)
        good = [place for place in sent if place not in bad]
        gone.update(good)
        waiting = [place for place in waiting if place not in gone]
        flight.gone(good, now_s)
        now_s += RESEND_CEILING_S
    assert gone == set(range(1, 100)) - bad


def test_what_others_have_struck_off_is_forgotten() -> None:
    flight = Flight(ACK_S, window=2)
    flight.sent([1, 2], 0.0)
    assert fly(flight, [2], 5.0) == [2]
    assert flight.next(100.0).again == (2,)


def drained(flight: Flight, waiting: list[int], now_s: float, after_s: float) -> int:
    """All that may go is sent, and answered so much later; how many that were."""
    sent = fly(flight, waiting, now_s)
    flight.gone(sent, now_s + after_s)
    waiting[:] = [place for place in waiting if place not in sent]
    return len(sent)


def test_an_alarm_of_today_goes_out_at_once_whatever_of_the_backlog_is_on_its_way() -> None:
    flight, waiting = Flight(ACK_S, window=20, backlog_until=1_000), list(range(1, 1_001))
    for number in range(20):
        drained(flight, waiting, number, 0.1)
    assert len(fly(flight, waiting, 20.0)) == 20  # answered soon, and nothing live: the backlog has the whole window
    waiting += [1_001, 1_002]
    assert fly(flight, waiting, 20.1) == [1_001, 1_002]


def test_while_something_live_is_on_its_way_the_backlog_has_a_fifth_of_the_window() -> None:
    flight, backlog = Flight(ACK_S, window=20, backlog_until=1_000), list(range(1, 1_001))
    for number in range(20):
        drained(flight, backlog, number, 0.1)
    assert flight.next(20.0).backlog.count == 20  # alone it would have the whole window by now
    first, live, more = backlog[0], list(range(1_001, 1_021)), list(range(1_021, 1_041))
    assert fly(flight, live, 20.0) == live
    assert fly(flight, [*backlog, *live], 20.1) == [*range(first, first + 4)]
    flight.gone(range(first, first + 4), 20.2)
    assert fly(flight, [*backlog[4:], *live], 20.2) == [*range(first + 4, first + 8)]
    flight.gone(live, 20.3)
    assert fly(flight, more, 20.3) == more
    assert fly(flight, [*backlog[4:], *more], 20.3) == []
    flight.gone(more, 20.4)
    assert fly(flight, backlog[4:], 20.4) == [*range(first + 8, first + 24)]  # nothing live any more


def test_a_backlog_steps_back_from_a_queue_but_not_from_a_line_that_is_slow() -> None:
    flight, waiting = Flight(ACK_S, window=20, backlog_until=10_000), list(range(1, 10_001))
    soon = [drained(flight, waiting, 10.0 * number, 2.0) for number in range(20)]
    assert (soon[0], soon[-1]) == (4, 20)  # two seconds, each time: a satellite, and nobody in the way
    late = [drained(flight, waiting, 1_000.0 + 10.0 * number, 2.5) for number in range(8)]
    assert late == sorted(late, reverse=True)
    assert late[-1] == 1
    assert drained(flight, waiting, 2_000.0, 2.0) == 1
    assert drained(flight, waiting, 2_010.0, 2.0) == 2


def test_a_backlog_that_has_drained_is_not_asked_for_any_more() -> None:
    flight, waiting = Flight(ACK_S, backlog_until=3), [1, 2, 3, 4]
    assert fly(flight, waiting, 0.0) == [4, 1, 2, 3]
    flight.gone(waiting, 0.1)
    assert flight.next(0.1) == Next((), Fresh(20, 4, EVERYTHING), Fresh(0, 3, 3), wake_s=None)


@settings(max_examples=30)
@given(st.data(), st.integers(1, 5), st.integers(1, 30), st.integers(0, 30))
def test_with_a_gateway_that_answers_in_the_end_everything_is_acknowledged(
    data: st.DataObject, window: int, rows: int, backlog_until: int
) -> None:
    flight, waiting, now_s = Flight(ACK_S, window, backlog_until=backlog_until), list(range(1, rows + 1)), 0.0
    for _ in range(20):  # a bad time: any of what is sent may be lost
        got = data.draw(st.lists(st.sampled_from(fly(flight, waiting, now_s) or [0]), unique=True))
        flight.gone(got, now_s)
        waiting = [place for place in waiting if place not in got]
        now_s += data.draw(st.floats(0, 20))
    for _ in range(200):  # a good time
        got = fly(flight, waiting, now_s)
        flight.gone(got, now_s)
        waiting = [place for place in waiting if place not in got]
        now_s += 5.0
    assert waiting == []
