"""The account of a fleet: what the store tells against what the devices made."""

from simulators.fleet.account import Books, Stored, percentiles, received_latency_ms

LANE = {"device": "lane-1", "boot": "a" * 32}
PLACE = ("lane-1", "a" * 32)


def books() -> Books:
    found = Books()
    found.add({"boots": [{**LANE, "last": 4, "live": [[3, 4, 1_000]]}], "latency_ms": [[5, 2]]})
    return found


def row(seq: int, received_ms: int = 1_007, boot: str = "a" * 32) -> dict[str, object]:
    return {"device": "lane-1", "boot": boot, "seq": seq, "received_ms": received_ms}


def test_a_number_that_is_stored_twice_is_told_and_counted_once() -> None:
    stored = Stored()
    stored.add([row(1), row(2), row(2), row(3)], books())
    assert (stored.unique, stored.doubled, stored.foreign) == (3, 1, 0)


def test_a_number_that_nobody_made_does_not_hide_one_that_is_lost() -> None:
    stored = Stored()
    stored.add([row(1), row(2), row(3), row(5)], books())
    assert (stored.unique, stored.foreign) == (3, 1)


def test_what_an_earlier_run_stored_is_not_this_runs() -> None:
    stored = Stored()
    stored.add([row(1, boot="b" * 32)], books())
    assert stored.unique == 0


def test_only_what_happened_while_it_was_measured_has_a_latency() -> None:
    stored = Stored()
    stored.add([row(1), row(2), row(3), row(4, 1_020)], books())
    assert received_latency_ms(books(), stored) == {7: 1, 20: 1}
    assert percentiles(books().acknowledged_ms) == {"p50": 5, "p99": 5}
