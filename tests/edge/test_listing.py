"""Lists come whole, newer and signed, or not at all; whenever the power goes, the old one or the new one is there."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from edge.downlink import floor, list_intake
from edge.downlink.list_intake import ALARM_EVERY_S, ListIntake, judge_with
from edge.downlink.listing import JUMP_MAX, Listing, ListRefused, Taken
from messages.delta import make_delta
from messages.facts import ListTaken
from messages.keys import ControlKey, ControlRecord
from messages.manifest import Chunk, cut, manifest_of, read_chunk, seal_manifest, write_chunk

REGION, KEY = "utopia", bytes(32)
CONTROL = ControlKey("control-1", b"\2" * 32)
CONTROLS = {CONTROL.kid: CONTROL.record(), "control-0": ControlRecord("control-0", CONTROL.public, revoked=True)}
NOW_MS = 1_800_000_000_000
VALID_S = 3_600
RULES = (Path(__file__).parents[2] / "edge" / "decision" / "default_rules.toml").read_bytes()


def documents(count: int) -> bytes:
    entries = [f"{number:016x}" for number in range(count)]
    table = {"format": "borderpost-list-1", "kind": "documents", "name": "lost", "version": str(count),
             "issued_at": "2026-11-24T00:00:00Z", "entries": entries}  # fmt: skip
    return json.dumps(table).encode()


def told(
    number: int,
    content: bytes,
    *,
    name: str = "documents",
    base: tuple[int, bytes] | None = None,
    region: str = REGION,
    key: ControlKey = CONTROL,
    issued_ms: int = NOW_MS,
) -> list[bytes]:
    """A manifest, and the chunks behind it."""
    delta = make_delta(base[1], content) if base else b""
    manifest = manifest_of(name, number, content, issued_ms, VALID_S, base=base[0] if base else 0, delta=delta)
    return [seal_manifest(manifest, region, key), *cut(delta or content)]


@dataclass
class Lane:
    folder: Path
    now_ms: int = NOW_MS

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """As after a power cut: nothing but what lies on the disk is known."""
        self.listing = Listing(self.folder, REGION, CONTROLS, judge_with(KEY), lambda: self.now_ms)

    def take(self, *messages: bytes) -> Taken | None:
        taken = None
        for message in messages:
            taken = self.listing.take(message)
        return taken

    def refuses(self, *messages: bytes) -> str:
        with pytest.raises(ListRefused) as refused:
            self.take(*messages)
        return refused.value.cause

    def status(self, name: str = "documents") -> dict[str, object]:
        return next(each for each in self.listing.status() if each["name"] == name)

    @property
    def content(self) -> bytes:
        return self.listing.path("documents").read_bytes()


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def test_a_list_comes_whole_then_by_delta_and_the_status_says_so(lane: Lane) -> None:
    first, second = documents(9000), documents(9001)
    assert lane.status() == {"name": "documents", "number": 0, "age_s": None, "stale": False}
    assert lane.take(*told(1, first)) == Taken("documents", 1, "full")
    lane.now_ms += 60_000
    assert lane.status() == {"name": "documents", "number": 1, "age_s": 60, "stale": False}
    assert lane.take(*told(2, second, base=(1, first))) == Taken("documents", 2, "delta")
    assert lane.content == second
    lane.start()
    assert lane.status()["number"] == 2
    proof = lane.listing.proof("documents")
    assert proof is not None
    assert proof.digest == sha256(second).digest()


def test_rules_come_the_same_way(lane: Lane) -> None:
    assert lane.take(*told(1, RULES, name="rules")) == Taken("rules", 1, "full")
    assert (lane.folder / "rules.toml").read_bytes() == RULES


def test_a_list_goes_on_where_it_was_cut_off(lane: Lane) -> None:
    manifest, *chunks = told(1, documents(20_000))
    assert len(chunks) > 4
    lane.take(manifest, *chunks[:2])
    lane.take(chunks[0], chunks[3])  # again, and out of turn
    lane.start()
    taking, at = read_chunk(chunks[2]).digest.hex(), read_chunk(chunks[2]).at
    assert lane.status() == {
        "name": "documents", "number": 0, "age_s": None, "stale": False, "taking": taking, "at": at,
    }  # fmt: skip
    assert lane.take(manifest, *chunks[2:]) == Taken("documents", 1, "full")


# --- what is refused ---
def test_g02_an_older_list_is_refused_also_after_a_restart(lane: Lane) -> None:
    old = told(4, documents(40))
    lane.take(*told(5, documents(50)))
    lane.start()
    assert lane.refuses(*old) == "older"
    assert lane.refuses(*told(5, documents(40))) == "older"  # the same number, and another list
    assert lane.take(*told(5, documents(50))) is None  # the same once more
    assert lane.content == documents(50)


def test_g02_an_older_list_does_not_push_aside_a_newer_one_on_its_way(lane: Lane) -> None:
    newer = told(6, documents(60))
    lane.take(newer[0])
    assert lane.refuses(told(5, documents(50))[0]) == "older"
    assert lane.take(*newer[1:]) == Taken("documents", 6, "full")


def test_g03_a_number_far_ahead_is_refused(lane: Lane) -> None:
    lane.take(*told(5, documents(5)))
    assert lane.refuses(*told(5 + JUMP_MAX + 1, documents(6))) == "too-far-ahead"
    assert lane.take(*told(6, documents(6))) is not None


def test_a_new_post_joins_a_region_that_has_published_for_years(lane: Lane) -> None:
    assert lane.take(*told(JUMP_MAX + 7, documents(5))) == Taken("documents", JUMP_MAX + 7, "full")


def test_g04_g12_a_list_whose_time_is_over_says_so(lane: Lane) -> None:
    lane.take(*told(1, documents(1)))
    lane.now_ms += VALID_S * 1000
    assert not lane.status()["stale"]
    lane.now_ms += 1
    assert lane.status()["stale"]
    lane.take(*told(2, documents(2), issued_ms=lane.now_ms))
    assert not lane.status()["stale"]


def test_g05_chunks_of_another_list_are_not_mixed_in(lane: Lane) -> None:
    """Nor does the manifest of one name pass for another's."""
    first, second = told(1, documents(20_000)), told(1, documents(20_001))
    lane.take(first[0], first[1])
    assert lane.take(second[2]) is None
    assert lane.status()["at"] == len(read_chunk(first[1]).content)
    assert lane.refuses(*told(1, documents(3), name="persons")) == "unusable"  # a list of documents, signed as persons
    assert not lane.listing.path("persons").exists()


def test_g06_endless_data_is_refused(lane: Lane) -> None:
    content = documents(100)
    manifest, chunk = told(1, content)
    lane.take(manifest)
    endless = write_chunk(Chunk(read_chunk(chunk).digest, 0, content + b" "))
    assert lane.refuses(endless) == "too-large"
    assert sorted(path.name for path in (lane.folder / "lists").iterdir()) == []
    assert lane.take(manifest, chunk) is not None


def test_g07_a_list_that_crawls_does_not_take_the_old_ones_place(lane: Lane) -> None:
    lane.take(*told(1, documents(10)))
    lane.take(*told(2, documents(20_000))[:-1])
    lane.start()
    assert lane.content == documents(10)
    lane.now_ms += VALID_S * 1000 + 1
    assert lane.status()["stale"]


@pytest.mark.parametrize(
    "message",
    [
        told(1, documents(1), region="elsewhere")[0],
        told(1, documents(1), key=ControlKey("control-1", b"\3" * 32))[0],
        told(1, documents(1), key=ControlKey("control-0", CONTROL.seed))[0],
        told(1, documents(1), key=ControlKey("control-7", CONTROL.seed))[0],
        told(1, documents(1), name="holidays")[0],
        told(1, documents(1))[0][:-1] + b"\0",
        b"\xd2",
        b"",
        b"\0" * 70_000,
    ],
    ids=["region", "key", "revoked", "unknown", "name", "altered", "cut", "empty", "long"],
)
def test_g08_g11_what_no_control_key_of_this_region_signed_is_refused(lane: Lane, message: bytes) -> None:
    assert lane.refuses(message)
    assert list((lane.folder / "lists").iterdir()) == []


def test_g11_an_entry_taken_out_on_the_way_is_seen(lane: Lane) -> None:
    manifest, chunk = told(1, documents(50))
    lane.take(manifest)
    read = read_chunk(chunk)
    altered = write_chunk(Chunk(read.digest, 0, read.content.replace(b"0000000000000007", b"0000000000000006")))
    assert lane.refuses(altered) == "bad-signature"
    assert not lane.listing.path("documents").exists()
    assert "taking" not in lane.status()


def test_g10_a_delta_on_another_base_is_refused(lane: Lane) -> None:
    first, other, second = documents(9000), documents(9001), documents(9002)
    lane.take(*told(1, first))
    assert lane.refuses(told(3, second, base=(2, other))[0]) == "wrong-base"
    assert lane.status()["number"] == 1  # it has no other one, and still the one it has
    lane.listing.path("documents").write_bytes(other)  # somebody put another list there by hand
    assert lane.refuses(told(2, second, base=(1, first))[0]) == "wrong-base"
    assert lane.status() == {"name": "documents", "number": 0, "age_s": None, "stale": False}
    assert lane.take(*told(2, second)) == Taken("documents", 2, "full")
    assert lane.status()["number"] == 2


def test_g10_a_base_that_is_lost_while_the_delta_comes_is_seen(lane: Lane) -> None:
    first, second = documents(9000), documents(9001)
    lane.take(*told(1, first))
    manifest, chunk = told(2, second, base=(1, first))
    lane.take(manifest)
    lane.listing.path("documents").unlink()
    assert lane.refuses(chunk) == "wrong-base"
    assert lane.status()["number"] == 0


# --- what lies here is not what the region signed ---
def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("deed", ["edited", "damaged", "gone"])
def test_a_list_that_was_touched_is_told_as_none_at_the_next_start_and_the_very_same_is_taken_again(
    lane: Lane, deed: str
) -> None:
    lane.take(*told(5, documents(50)))
    path = lane.listing.path("documents")
    match deed:
        case "edited":
            path.write_bytes(documents(49))
        case "damaged":
            damage(path)
        case _:
            path.unlink()
    lane.start()
    assert lane.status()["number"] == 0
    assert lane.refuses(*told(4, documents(40))) == "older"
    assert lane.refuses(*told(5, documents(51))) == "older"  # one number, two lists
    assert lane.take(*told(5, documents(50))) == Taken("documents", 5, "full")
    assert (lane.status()["number"], lane.content) == (5, documents(50))


def test_a_list_that_is_edited_while_the_lane_runs_is_seen_within_a_minute(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_intake, "LOOK_EVERY_S", 0.001)
    made, _ = intake(lane)
    lane.take(*told(5, documents(50)))

    async def story() -> None:
        running = asyncio.create_task(made.run())
        lane.listing.path("documents").write_bytes(documents(49))
        async with asyncio.timeout(10):
            while lane.status()["number"]:  # noqa: ASYNC110  # nobody tells when a number is nought
                await asyncio.sleep(0.001)
        running.cancel()

    asyncio.run(story())
    lane.listing.path("documents").write_bytes(documents(50))  # and when it is put back, too
    lane.listing.look()
    assert lane.status()["number"] == 5


def without_the_key(lane: Lane) -> None:
    """The region's control key was followed by another, and is no longer believed."""
    new = ControlKey("control-2", b"\3" * 32)
    lane.listing = Listing(lane.folder, REGION, {new.kid: new.record()}, judge_with(KEY), lambda: lane.now_ms)


def test_g02_an_old_list_does_not_come_back_when_the_manifest_of_the_newer_one_is_lost(lane: Lane) -> None:
    """Whoever damages one file must not turn the post back to a list on which she does not stand yet."""
    lane.take(*told(4, documents(40)), *told(5, documents(50)))
    damage(lane.folder / "lists" / "documents.manifest")
    lane.start()
    assert lane.status()["number"] == 0
    assert lane.listing.proof("documents") is None
    assert lane.refuses(*told(4, documents(40))) == "older"
    assert lane.refuses(*told(5, documents(51))) == "older"
    assert lane.take(*told(5, documents(50))) == Taken("documents", 5, "full")


def test_g02_an_old_list_does_not_come_back_when_the_key_of_the_newer_one_is_gone(lane: Lane) -> None:
    new = ControlKey("control-2", b"\3" * 32)
    lane.take(*told(5, documents(50)))
    without_the_key(lane)
    assert lane.status()["number"] == 0
    assert lane.refuses(*told(4, documents(40), key=new)) == "older"
    assert lane.take(*told(6, documents(60), key=new)) == Taken("documents", 6, "full")


def test_g02_an_old_list_that_is_put_back_with_its_proof_is_not_obeyed(lane: Lane) -> None:
    lane.take(*told(4, documents(40)))
    old = {path: path.read_bytes() for path in (lane.folder / "lists").iterdir() if path.suffix != ".floor"}
    lane.take(*told(5, documents(50)))
    for path, content in old.items():
        path.write_bytes(content)
    lane.start()
    assert lane.listing.proof("documents") is None
    assert lane.status()["number"] == 0
    (lane.folder / "lists" / "documents.manifest").rename(lane.folder / "lists" / "documents.wanted")
    lane.start()  # as if a cut had come in between
    assert lane.listing.proof("documents") is None
    assert lane.take(*told(5, documents(50))) == Taken("documents", 5, "full")


def test_a_floor_that_the_full_disk_does_not_take_is_written_at_the_next_start(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(floor, "replace", full)
        assert lane.take(*told(5, documents(50))) == Taken("documents", 5, "full")  # the list itself had room
    assert not (lane.folder / "lists" / "documents.floor").exists()
    assert lane.refuses(*told(4, documents(40))) == "older"
    lane.start()
    damage(lane.folder / "lists" / "documents.manifest")
    lane.start()
    assert lane.refuses(*told(4, documents(40))) == "older"


@pytest.mark.parametrize("spoilt", [b"", b"9999 00 0", b"\xff", b"5\n"])
def test_a_damaged_floor_shuts_out_no_honest_list_and_is_made_again_from_the_manifest(
    lane: Lane, spoilt: bytes
) -> None:
    lane.take(*told(5, documents(50)))
    path = lane.folder / "lists" / "documents.floor"
    before = path.read_bytes()
    path.write_bytes(spoilt or before.replace(b"5", b"9", 1))
    lane.start()
    assert path.read_bytes() == before
    assert lane.refuses(*told(4, documents(40))) == "older"
    assert lane.take(*told(6, documents(60))) == Taken("documents", 6, "full")


def test_a_signed_list_that_the_lane_cannot_read_does_not_take_the_place_of_one_that_it_can(lane: Lane) -> None:
    lane.take(*told(1, documents(10)))
    assert lane.refuses(*told(2, b'{"format":"borderpost-list-9"}')) == "unusable"
    assert lane.refuses(*told(1, b"format = 7", name="rules")) == "unusable"
    assert lane.content == documents(10)


def test_a_signed_list_that_makes_a_reader_stumble_does_not_stop_the_lane(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(list_intake, "parse_list", stumble)
    assert lane.refuses(*told(1, documents(10))) == "unusable"


def test_g16_a_disk_without_room_is_seen_before_anything_is_begun(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4096, 4096, 10, 1, 1, 10, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    assert lane.refuses(*told(1, documents(10))) == "disk-full"
    assert list((lane.folder / "lists").iterdir()) == []


# --- whenever the power goes ---
class PowerCut(Exception):
    pass


def cut_at(calls: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The n-th step onto the disk is the last one. Returns how many there were."""
    made = 0

    def wrapped(real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            nonlocal made
            made += 1
            if made > calls:
                raise PowerCut
            return real(*args, **kwargs)

        return step

    monkeypatch.setattr(os, "fsync", wrapped(os.fsync))
    monkeypatch.setattr(os, "open", wrapped(os.open))
    monkeypatch.setattr(Path, "replace", wrapped(Path.replace))
    monkeypatch.setattr(Path, "unlink", wrapped(Path.unlink))
    return lambda: made


def test_g09_a_power_cut_at_any_step_leaves_the_old_list_or_the_new_one(tmp_path: Path) -> None:
    first, second = documents(9000), documents(9001)
    (tmp_path / "before").mkdir()
    before = Lane(tmp_path / "before")
    before.take(*told(1, first))
    new = told(2, second, base=(1, first))
    seen = set()
    for calls in range(100):
        folder = tmp_path / str(calls)
        shutil.copytree(tmp_path / "before", folder)
        lane = Lane(folder)
        with pytest.MonkeyPatch.context() as patch:
            cut_at(calls, patch)
            try:
                lane.take(*new)
                whole = True
            except PowerCut:
                whole = False
        lane.start()
        proof = lane.listing.proof("documents")
        assert proof is not None
        assert sha256(lane.content).digest() == proof.digest
        assert lane.content in (first, second)
        seen.add((lane.content == second, proof.number))
        if lane.content == first:  # and it comes all the same
            manifest, chunk = new
            assert lane.take(manifest, chunk) == Taken("documents", 2, "delta")
        assert lane.status()["number"] == 2
        assert lane.refuses(*told(1, first)) == "older"
        if whole:
            break
    assert seen == {(False, 1), (True, 2)}
    assert calls > 8


# --- beside the lane ---
@dataclass
class Told:
    recorded: list[ListTaken] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    now_s: float = 0.0

    async def record(self, fact: ListTaken) -> bool:
        self.recorded.append(fact)
        return True


def intake(lane: Lane) -> tuple[ListIntake, Told]:
    told_ = Told()
    return ListIntake(lane.listing, record=told_.record, alarm=told_.alarms.append, clock_s=lambda: told_.now_s), told_


def put_all(made: ListIntake, messages: Sequence[bytes]) -> None:
    async def story() -> None:
        for message in messages:
            await made.put(message)

    asyncio.run(story())


def test_a_list_that_was_taken_is_recorded_and_one_that_was_refused_alarms_once_a_minute(lane: Lane) -> None:
    made, heard = intake(lane)
    put_all(made, told(1, documents(10)))
    assert heard.recorded == [ListTaken("documents", 1, "full")]
    put_all(made, [b"forged"] * 5)
    assert heard.alarms == ["list-refused"]
    heard.now_s = ALARM_EVERY_S
    put_all(made, [b"forged"] * 5)
    assert heard.alarms == ["list-refused"] * 2


def test_a_stale_list_alarms_once(lane: Lane) -> None:
    made, heard = intake(lane)
    put_all(made, told(1, documents(10)))
    lane.now_ms += VALID_S * 1000 + 1
    for _ in range(3):
        made.look()
    assert heard.alarms == ["list-stale"]
    put_all(made, told(2, documents(11), issued_ms=lane.now_ms))
    lane.now_ms += VALID_S * 1000 + 1
    made.look()
    assert heard.alarms == ["list-stale"] * 2


def test_a_full_disk_refuses_the_list_and_the_lane_goes_on(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    made, heard = intake(lane)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    put_all(made, told(1, documents(10)))
    assert heard.alarms == ["list-refused"]
    assert heard.recorded == []


def test_a_list_that_is_edited_while_messages_come_is_found_behind_the_next_one(lane: Lane) -> None:
    """Whoever keeps messages coming must not keep an edit hidden."""
    manifest, chunk = told(1, documents(10))
    lane.take(manifest, chunk)
    lane.listing.path("documents").write_bytes(documents(11))
    shown: list[object] = []

    async def story() -> None:
        done = asyncio.Event()

        def asked() -> None:  # behind a message, and before what is looked at behind it
            shown.append(lane.status()["number"])
            if len(shown) == 1:
                made.take(chunk)
            else:
                done.set()

        made = ListIntake(lane.listing, record=Told().record, alarm=Told().alarms.append, ask=asked)
        made.take(chunk)  # of what is here already
        running = asyncio.create_task(made.run())
        await done.wait()
        running.cancel()

    asyncio.run(story())
    assert shown == [1, 0]
