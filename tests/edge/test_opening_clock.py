"""How far does a lane believe its clock when it starts? As far as its certificate and its newest event let it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge import opening
from edge.identity.files import Files
from edge.identity.identity import Identity, read_identity
from edge.outbox import kernel_clock
from edge.outbox.clock import Stamp
from edge.outbox.limits import OFF_MAX_MS
from edge.outbox.outbox import Outbox
from messages.events import Clock
from tests.edge.test_renewal import keep
from tests.edge.uplink_world import ALARM, SEALER


@pytest.fixture(autouse=True)
def nobody_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's word on this machine's clock decides nothing here."""
    monkeypatch.setattr(kernel_clock, "_libc", lambda: SimpleNamespace(adjtimex=lambda _asked: -1))


OFF = timedelta(milliseconds=OFF_MAX_MS)
DAY = timedelta(days=1)


def enrolled(folder: Path) -> Identity:
    keep(folder, datetime.now(UTC) - DAY, Files())
    return read_identity(folder)


@contextmanager
def stored_away(path: Path, away: timedelta) -> Iterator[Outbox]:
    """Its newest event is so old."""
    before = Outbox.open(path, SEALER)
    before.commit(*ALARM, Stamp(datetime.now(UTC) - away, 0, Clock.SYNCED))
    before.close()
    outbox = Outbox.open(path, SEALER)
    try:
        yield outbox
    finally:
        outbox.close()


def test_a_lane_that_lay_in_a_store_and_was_enrolled_anew_goes_by_its_clock(tmp_path: Path) -> None:
    with stored_away(tmp_path / "outbox.db", OFF + DAY) as outbox:
        stamp = opening.clock_behind(outbox, enrolled(tmp_path / "identity")).now()
    assert stamp.clock is not Clock.UNKNOWN
    assert abs(stamp.time - datetime.now(UTC)) < DAY


def test_a_lane_whose_certificate_is_damaged_starts_from_its_newest_event(tmp_path: Path) -> None:
    identity = enrolled(tmp_path / "identity")
    identity.cert.write_bytes(b"torn")
    with stored_away(tmp_path / "outbox.db", OFF - DAY) as outbox:
        stamp = opening.clock_behind(outbox, identity).now()
    assert abs(stamp.time - datetime.now(UTC)) < DAY
