"""A region that goes on from yesterday's backup gets again what it had acknowledged since."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.outbox import limits
from edge.outbox.clock import Stamp
from edge.outbox.errors import DiskFull
from edge.outbox.kept import EPOCHS_REMEMBERED, HEAD, SEGMENT_BYTES, TWO_DAYS, Keeping, Kept
from edge.outbox.outbox import Outbox
from edge.outbox.rows import Whole
from edge.outbox.tables import Tables
from messages.ack import UNTOLD, Epoch

OLD, NEW, NEWER = (Epoch(digit * 16, number) for number, digit in enumerate("abc", 1))


def whole(number: int, *, time_ms: int = 0, size_bytes: int = 1000) -> Whole:
    return Whole(1 << 40 | number, number, time_ms, False, bytes([number % 256]) * size_bytes)


def kept_in(folder: Path, keeping: Keeping = TWO_DAYS) -> Kept:
    return Kept(folder / "kept", keeping)


def kept_with_one(folder: Path) -> Kept:
    """Of a post that has heard the old epoch, and struck off one row under it."""
    kept = kept_in(folder)
    kept.heed(OLD)
    kept.keep([whole(1)])
    return kept


def all_again(kept: Kept) -> list[int]:
    found = []
    while rows := kept.again():
        found += [row.last for row in rows]
        kept.put_back()
    return found


def test_what_was_struck_off_goes_again_to_a_new_epoch_in_order(
    open_outbox: Callable[..., Outbox], now: Stamp, alarm: Any
) -> None:
    outbox = open_outbox()
    outbox.heed(OLD)
    for _ in range(5):
        outbox.commit(*alarm, now)
    sent = outbox.waiting(10)
    outbox.strike(outbox.boot, [(1, 4)])
    assert not outbox.put_back()
    outbox.heed(NEW)
    outbox.strike(outbox.boot, [(5, 5)])  # acknowledged by the new store: it has that one
    assert outbox.waiting_count == 0
    assert outbox.put_back()
    assert [(row.place, row.last, row.frame) for row in outbox.waiting(10)] == [
        (row.place, row.last, row.frame) for row in sent[:4]
    ]
    assert outbox.waiting_count == 4
    assert not outbox.put_back()
    assert len(outbox.strike(outbox.boot, [(1, 4)])) == 4
    assert outbox.waiting_count == 0


def test_it_goes_again_after_a_restart_and_the_counting_stays_right(
    open_outbox: Callable[..., Outbox], now: Stamp, alarm: Any
) -> None:
    first = open_outbox()
    first.heed(OLD)
    for _ in range(3):
        first.commit(*alarm, now)
    first.strike(first.boot, [(1, 3)])
    second = open_outbox()
    second.commit(*alarm, now)
    second.strike(second.boot, [(1, 1)])
    second.heed(NEW)
    third = open_outbox()
    while third.put_back():
        pass
    assert [(row.boot, row.last) for row in third.waiting(10)] == [
        (first.boot, 1), (first.boot, 2), (first.boot, 3), (second.boot, 1),
    ]  # fmt: skip
    assert third.waiting_count == 4
    fourth = open_outbox()
    assert fourth.waiting_count == 4
    fourth.strike(first.boot, [(1, 3)])
    fourth.strike(second.boot, [(1, 1)])
    assert fourth.waiting_count == 0
    assert [last for _, last in fourth.boots()] == [3, 1, 0, 0]


def test_no_more_is_put_back_than_the_backlog_bears(
    open_outbox: Callable[..., Outbox], now: Stamp, alarm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUT_BACK_BELOW", 2)
    outbox = open_outbox()
    outbox.heed(OLD)
    for _ in range(3):
        outbox.commit(*alarm, now)
    outbox.strike(outbox.boot, [(1, 1)])
    outbox.heed(NEW)
    assert not outbox.put_back()
    outbox.strike(outbox.boot, [(2, 2)])
    assert outbox.put_back()


def test_an_old_acknowledgement_played_again_sends_nothing_again(tmp_path: Path) -> None:
    kept = kept_with_one(tmp_path)
    kept.heed(NEW)
    assert all_again(kept) == [1]
    kept.keep([whole(1)])
    for epoch in (OLD, NEW, UNTOLD):
        kept.heed(epoch)
        assert kept_in(tmp_path).again() == []
    kept_in(tmp_path).heed(OLD)  # nor after a restart
    assert kept.again() == []
    kept.heed(NEWER)
    assert all_again(kept) == [1]


def test_the_first_epoch_that_a_device_hears_is_no_news(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.keep([whole(1)])
    kept.heed(OLD)
    assert kept.again() == []


def test_what_is_kept_is_bounded_in_bytes_and_in_time(tmp_path: Path) -> None:
    per_segment = SEGMENT_BYTES // (1000 + HEAD.size) + 1
    kept = kept_in(tmp_path, Keeping(most_ms=100, most_bytes=3 * SEGMENT_BYTES))
    kept.heed(OLD)
    for number in range(1, 6 * per_segment):
        kept.keep([whole(number, time_ms=0)])
    size_bytes = sum(path.stat().st_size for path in (tmp_path / "kept").glob("*.kept"))
    assert size_bytes <= 3 * SEGMENT_BYTES + 2000
    for number in range(1, per_segment + 2):
        kept.keep([whole(number, time_ms=1_000)])
    kept.heed(NEW)
    assert all_again(kept)[-per_segment - 1 :] == list(range(1, per_segment + 2))
    kept.keep([whole(7, time_ms=1_000)] * (per_segment + 1))
    kept.keep([whole(8, time_ms=9_000)])
    kept.heed(NEWER)
    assert all_again(kept) == [8]


def test_a_row_that_a_power_cut_tore_is_passed_over_with_all_behind_it(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.heed(OLD)
    kept.keep([whole(1), whole(2)])
    [segment] = (tmp_path / "kept").glob("*.kept")
    for cut in range(segment.stat().st_size):
        torn = tmp_path / str(cut)
        torn.mkdir()
        (torn / "kept").mkdir()
        (torn / "kept" / "0000000000000001.again").write_bytes(segment.read_bytes()[:cut])
        assert all_again(kept_in(torn)) == [1][: cut // (1000 + HEAD.size)]


def test_a_disk_without_room_for_what_is_put_back_does_not_stop_what_waits(
    open_outbox: Callable[..., Outbox], now: Stamp, alarm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    outbox.heed(OLD)
    outbox.commit(*alarm, now)
    outbox.strike(outbox.boot, [(1, 1)])
    outbox.heed(NEW)

    def full(*_told: Any) -> None:
        raise DiskFull

    with monkeypatch.context() as disk:
        disk.setattr(Tables, "put_back", full)
        assert not outbox.put_back()
    assert outbox.put_back()


def test_what_was_torn_by_a_full_disk_hides_nothing_that_came_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, write = kept_in(tmp_path), os.write
    kept.heed(OLD)
    kept.keep([whole(1)])
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, content: write(descriptor, content[: len(content) // 2]))
        kept.keep([whole(2)])
    kept.keep([whole(3)])
    kept.heed(NEW)
    assert 3 in all_again(kept)


def test_a_row_that_was_damaged_is_not_sent(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.heed(OLD)
    kept.keep([whole(1), whole(2)])
    [segment] = (tmp_path / "kept").glob("*.kept")
    content = segment.read_bytes()
    segment.write_bytes(content[:-1] + b"\xff")
    kept.heed(NEW)
    assert all_again(kept) == [1]


def test_what_is_kept_makes_room_for_what_happens(tmp_path: Path) -> None:
    kept = kept_with_one(tmp_path)
    assert kept.give_up()
    assert not kept.give_up()
    kept.keep([whole(2)])
    kept.heed(NEW)
    assert all_again(kept) == [2]


def test_a_passage_has_the_room_of_what_is_kept(
    open_outbox: Callable[..., Outbox], now: Stamp, alarm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    outbox.commit(*alarm, now)
    outbox.strike(outbox.boot, [(1, 1)])
    assert list((tmp_path / "outbox.db.kept").glob("*.kept"))

    def statvfs(path: Path) -> os.statvfs_result:
        free = 0 if list((tmp_path / "outbox.db.kept").glob("*.kept")) else 1_000_000
        return os.statvfs_result((4096, 4096, free, free, free, 10, 1, 1, 0, 255))

    monkeypatch.setattr(os, "statvfs", statvfs)
    assert outbox.obstacle() is None
    assert list((tmp_path / "outbox.db.kept").glob("*.kept")) == []


def test_nothing_is_kept_where_the_configuration_says_so(tmp_path: Path) -> None:
    kept = kept_in(tmp_path, Keeping(most_bytes=0))
    kept.heed(OLD)
    kept.keep([whole(1)])
    kept.heed(NEW)
    assert kept.again() == []


def test_what_goes_again_counts_among_what_is_kept_and_is_not_dropped_for_it(tmp_path: Path) -> None:
    per_segment = SEGMENT_BYTES // (1000 + HEAD.size) + 1
    kept = kept_in(tmp_path, Keeping(most_bytes=3 * SEGMENT_BYTES))
    kept.heed(OLD)
    for number in range(1, 2 * per_segment + 1):
        kept.keep([whole(number)])
    kept.heed(NEW)
    for number in range(1, 4 * per_segment + 1):
        kept.keep([whole(number)])
    size_bytes = sum(path.stat().st_size for path in (tmp_path / "kept").iterdir())
    assert size_bytes <= 3 * SEGMENT_BYTES + 2000
    assert all_again(kept) == list(range(1, 2 * per_segment + 1))


def test_on_a_full_disk_an_epoch_is_written_down_with_a_later_acknowledgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = kept_with_one(tmp_path)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        kept.heed(NEW)
    assert all_again(kept) == [1]
    kept.keep([whole(2)])
    kept.heed(NEW)
    assert kept.again() == []
    after_a_restart = kept_in(tmp_path)
    assert not after_a_restart.heed(OLD)
    assert after_a_restart.heed(NEW)
    assert after_a_restart.again() == []


def test_what_could_not_be_renamed_goes_again_with_a_later_acknowledgement_and_nothing_newer_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = kept_with_one(tmp_path)
    with monkeypatch.context() as disk:
        disk.setattr(Path, "rename", full)
        kept.heed(NEW)
        kept.keep([whole(2)])
    assert kept.again() == []
    kept.heed(NEW)
    assert all_again(kept) == [1]


def full(*_told: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_e17_an_epoch_that_passed_before_it_was_heard_is_no_news_and_puts_none_aside(tmp_path: Path) -> None:
    """Two restores in a short time, and an acknowledgement of the store between them that comes late."""
    kept = kept_in(tmp_path)
    assert kept.heed(OLD)
    kept.keep([whole(1)])
    assert kept.heed(NEWER)
    assert all_again(kept) == [1]
    kept.keep([whole(2)])
    assert not kept.heed(NEW)
    for after_a_restart in (kept, kept_in(tmp_path)):
        assert after_a_restart.again() == []
        assert not after_a_restart.heed(NEW)
        assert after_a_restart.heed(NEWER)


def test_e17_the_first_of_more_epochs_than_are_remembered_is_no_news_when_it_is_played_again(tmp_path: Path) -> None:
    kept, epochs = kept_in(tmp_path), [Epoch(f"{number:016x}", number) for number in range(1, EPOCHS_REMEMBERED + 3)]
    for epoch in epochs:
        assert kept.heed(epoch)
    kept.keep([whole(1)])
    assert not kept.heed(epochs[0])
    assert kept.again() == []
    assert kept.heed(epochs[-1])


def test_an_epoch_without_a_number_or_with_the_same_is_news_when_it_was_not_heard(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.heed(NEW)
    for number, other in enumerate((Epoch("d" * 16), Epoch("e" * 16, NEW.number)), 1):
        kept.keep([whole(number)])
        assert kept.heed(other)
        assert all_again(kept) == [number]


def test_the_epochs_that_an_older_release_wrote_down_are_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "epochs.json").write_text(json.dumps([OLD.name, NEW.name]))
    kept = kept_in(tmp_path)
    assert not kept.heed(OLD)
    assert kept.heed(NEW)
    kept.keep([whole(1)])
    assert kept.heed(NEWER)
    assert all_again(kept) == [1]
