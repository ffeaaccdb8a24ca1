"""A disk that is really full: the post stops taking travellers, nothing written is lost, and it recovers."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.outbox import limits
from edge.outbox.ballast import Ballast
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox

ROOT = Path(__file__).parents[3]


def tell(tmp_path: Path, story: str) -> dict[str, object]:
    """What happened on a small disk of its own (a mount namespace: nobody else sees it, nothing remains of it)."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    script = Path(__file__).parent / "full_disk.py"
    ran = subprocess.run(
        [*namespace, sys.executable, str(script), str(tmp_path), story],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, object] = json.loads(ran.stdout)
    return told


@pytest.mark.namespaces
def test_a_full_disk_stops_new_passages_and_everything_recovers_when_rows_are_struck_off(tmp_path: Path) -> None:
    assert tell(tmp_path, "rows_struck_off") == {
        "could_record_at_first": True,
        "refused_with": "disk-full",
        "still_recorded_for_passages_under_way": True,
        "sentence": "The disk of this device is full, so nothing can be recorded: free space on it.",
        "last_row_is_the_last_number": True,
        "struck_off_on_the_full_disk": 100,
        "nothing_lost": True,
        "could_record_after_restart": False,
        "waiting_after_strike": 0,
        "ballast_is_back": limits.BALLAST_BYTES,
        "can_record_again": True,
        "next_number": 1,
    }


@pytest.mark.namespaces
def test_a_full_disk_takes_telemetry_first_and_then_the_reserve_and_never_a_border_event(tmp_path: Path) -> None:
    assert tell(tmp_path, "telemetry_given_up") == {
        "could_record_though_the_disk_was_full": True,
        "went_on_for_alarms": True,
        "measured_without_room": 0,
        "reserve_is_used": True,
        "nothing_but_telemetry_is_missing": True,
        "each_is_waiting_or_declared": True,
        "numbers_agree": True,
    }


def test_without_its_ballast_no_passage_begins_until_it_is_laid_again(
    open_outbox: Callable[..., Outbox], tmp_path: Path, now: Stamp, alarm: tuple[str, dict[str, object]]
) -> None:
    outbox = open_outbox()
    (tmp_path / "outbox.db.ballast").unlink()
    assert outbox.obstacle() is None  # there is room, so it is laid again
    assert (tmp_path / "outbox.db.ballast").stat().st_blocks * 512 >= limits.BALLAST_BYTES  # really, not sparse
    outbox.commit(*alarm, now)


def test_a_ballast_that_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", size_bytes=2**62)
    assert not ballast.lay()
    assert not ballast.is_laid
    assert list(tmp_path.iterdir()) == []
