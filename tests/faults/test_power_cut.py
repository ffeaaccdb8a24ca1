"""The power goes at any write: what the outbox promised stands, in every disk image that might be left."""

import random
from pathlib import Path
from types import ModuleType

import pytest

from tests.faults import power_cut, power_identity, power_list, power_store
from tests.faults.disk import Create, Disk, Grow, Remove, Rename, Resize, Sync, Write, write_image

IMAGES, OTHER_IMAGES = 400, 150


def test_no_image_after_a_power_cut_lacks_a_committed_row() -> None:
    verdicts = power_cut.explore(power_cut.outbox_story(), power_cut.judge_outbox, IMAGES, random.Random(20261124))
    assert verdicts.sentences == []
    assert verdicts.as_json() == {"images": IMAGES, "ok": IMAGES, "lost": 0, "corrupt": 0}


def test_the_explorer_sees_what_a_laxer_sync_loses() -> None:
    story = power_cut.outbox_story(rounds=4, synchronous="NORMAL")
    verdicts = power_cut.explore(story, power_cut.judge_outbox, 60, random.Random(20261124))
    assert verdicts.counts["lost"] > 0


@pytest.mark.parametrize("subject", [power_store, power_list, power_identity])
def test_a_power_cut_leaves_the_store_the_lists_and_the_identity_whole(subject: ModuleType) -> None:
    """G09 and the region's side: what could be acknowledged is stored; a list or an identity is the old or the new."""
    story = power_cut.told_by(subject.prepare, subject.words)
    verdicts = power_cut.explore(story, subject.judge, OTHER_IMAGES, random.Random(20261124))
    assert verdicts.sentences == []
    assert verdicts.counts["ok"] == OTHER_IMAGES


# --- the model of a disk ---
def images(disk: Disk, count: int = 200) -> list[dict[str, bytes]]:
    chance = random.Random(1)
    found = {tuple(sorted(disk.image(chance).items())) for _ in range(count)}
    return [dict(image) for image in found]


def test_what_was_synced_is_in_every_image() -> None:
    disk = Disk()
    for deed in (Create("a"), Write("a", 0, b"whole"), Sync("a"), Sync(".")):
        disk.do(deed)
    assert images(disk) == [{"a": b"whole"}]


def test_what_was_not_synced_may_be_there_or_not_or_torn() -> None:
    disk = Disk()
    for deed in (Create("a"), Sync("."), Write("a", 0, b"x" * 512 + b"y" * 512)):
        disk.do(deed)
    assert {image["a"] for image in images(disk)} == {b"", b"x" * 512, bytes(512) + b"y" * 512, b"x" * 512 + b"y" * 512}


def test_a_file_renamed_before_it_was_synced_may_be_found_empty() -> None:
    """The classic fault of an atomic replacement without fsync."""
    disk = Disk()
    for deed in (Create("a"), Write("a", 0, b"old"), Sync("a"), Sync(".")):
        disk.do(deed)
    for deed in (Create("b"), Write("b", 0, b"new"), Rename("b", "a")):
        disk.do(deed)
    assert {image["a"] for image in images(disk)} == {b"old", b"", b"new"}


def test_names_are_kept_in_the_order_in_which_they_were_given() -> None:
    disk = Disk()
    for deed in (Create("a"), Create("b"), Remove("a")):
        disk.do(deed)
    assert {tuple(image) for image in images(disk)} == {(), ("a",), ("a", "b"), ("b",)}


def test_room_taken_and_cut_off_changes_the_size() -> None:
    disk = Disk()
    for deed in (Create("a"), Grow("a", 8), Write("a", 0, b"12345678"), Resize("a", 3), Sync("a"), Sync(".")):
        disk.do(deed)
    assert images(disk) == [{"a": b"123"}]


@pytest.mark.parametrize("path", ["a", "deep/er/a"])
def test_an_image_is_written_as_files(tmp_path: Path, path: str) -> None:
    write_image({path: b"whole"}, tmp_path)
    assert (tmp_path / path).read_bytes() == b"whole"
