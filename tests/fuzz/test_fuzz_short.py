"""Every door gets a moment of garbage in each run of the tests; ``./run fuzz`` gives it as long as you like."""

import resource

import pytest

from icao.tlv import Garbled, read_all
from tests.fuzz.target import Target
from tests.fuzz.targets import targets
from tests.fuzz.trial import trial

SECONDS = 3.0
SOME = ("tlv", "dg1", "event", "names", "delta")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    return targets(tmp_path_factory.mktemp("fuzz"))


def test_no_door_lets_anything_slip_but_what_it_documents(doors: list[Target]) -> None:
    scores = trial(doors, SECONDS, seed=1)
    assert [finding for score in scores.values() for finding in score.findings] == []
    assert all(score.inputs > 0 for score in scores.values())


def test_true_input_is_among_what_is_tried(doors: list[Target]) -> None:
    """Garbage that is refused at the first byte would prove nothing of what lies behind."""
    scores = trial([door for door in doors if door.name in SOME], 1.0, seed=2)
    assert all(score.taken > 0 for score in scores.values())


def test_an_undocumented_exception_is_found() -> None:
    careless = Target("careless", lambda chance: chance.randbytes(4), read_all, ())
    held = Target("held", lambda chance: chance.randbytes(4), read_all, (Garbled,))
    scores = trial([careless, held], 0.2, seed=3)
    assert scores["careless"].findings
    assert not scores["held"].findings


def test_what_takes_too_long_is_found() -> None:
    slow = Target("slow", lambda chance: b"", lambda _: sum(range(3_000_000)))
    assert "took" in trial([slow], 0.0, seed=4, slow_s=0.001)["slow"].findings[0].what


def test_what_takes_too_much_memory_is_found() -> None:
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (32 << 20)  # than this process ever held
    greedy = Target("greedy", lambda chance: b"", lambda _: b"\1" * more)
    assert "MB" in trial([greedy], 0.0, seed=5, slow_s=60, large_mb=16)["greedy"].findings[0].what
