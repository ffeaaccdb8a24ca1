"""One write, sync, read or open of the outbox fails: it is said, and nothing promised is lost."""

import random

import pytest

from tests.faults import calls

LENGTHS = {  # roughly; where a journey has no call of a kind, that kind is left out
    "outbox": {"openat": 20, "pread64": 70, "pwrite64": 180, "fdatasync": 25, "ftruncate": 2, "unlink": 2},
    "store": {"openat": 3, "pread64": 10, "pwrite64": 40, "fdatasync": 4},
}


@pytest.mark.parametrize("journey", [calls.OUTBOX, calls.STORE], ids=lambda journey: journey.name)
def test_one_failing_call_in_a_journey_breaks_no_promise(journey: calls.Journey) -> None:
    told = calls.Told()
    calls.sampled(told, journey, random.Random(20261124), LENGTHS[journey.name])
    assert told.violations == []
    assert set(told.journeys) == set(LENGTHS[journey.name]), "a kind of call was never reached"
    assert told.said > 0, "a failure that nobody tells of was none"


@pytest.mark.parametrize("n", [3, 6, 9])
def test_a_page_that_could_not_be_read_once_moves_no_outbox_aside(n: int) -> None:
    """SQLite calls a read error damage; the rows of a healthy file must go on waiting."""
    told = calls.Told()
    assert calls.fail(calls.Failure("pread64", "EIO", n), told, calls.OUTBOX_FILE, lived=True)
    assert told.violations == []
