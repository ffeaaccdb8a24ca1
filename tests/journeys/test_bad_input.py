"""Bad input and broken devices over the real wires: the lane refers or closes, says why, and recovers."""

import asyncio
import contextlib
import os
import random
import resource
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware.wires.page_reader import Laid, Lines, encode
from simulators.camera.scenes import Kind
from simulators.chip.faults import Fault
from simulators.lists import write_lists
from tests.journeys.forger import enrolled_forger, set_aside
from tests.journeys.searched import found, kept, published, secrets_of, shown, streamed
from tests.journeys.troubled import LIMIT_S, Troubled, filled, kept_full, troubled_post, until


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubled]:
    with troubled_post(tmp_path_factory.mktemp("troubled")) as troubled:
        troubled.play(troubled.passes())  # whole lists and rules are known, and nobody may rest on them later
        yield troubled


# --- the page reader's wire ---
def test_garbage_half_lines_and_an_endless_line_from_the_page_reader_move_nothing(post: Troubled) -> None:
    async def story() -> None:
        await post.shows("ready")
        since, visit = len(post.log()), post.post.display.sign.visit
        garbage = random.Random(3).randbytes(2000)
        for noise in (garbage, b"\x02M" + b"A" * 5000, b"\x02D", b"P<UTOSOMEBODY<<", b"\x02\x03\x02\x03\x03"):
            post.post.reader.noise(noise)
        await post.logged("page reader at", since)
        assert post.post.display.sign.screen == "ready"
        await post.passes()
        assert post.post.display.sign.visit == visit + 1, "the noise began no visit"

    post.play(story())


@pytest.mark.parametrize("damage", ["half", "wrong-check", "wrong-digits"])
def test_a_page_that_is_not_read_whole_sends_the_traveller_to_an_officer(
    post: Troubled, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = post.post.reader

    def lay(lines: tuple[str, str]) -> None:
        whole = encode(Lines(lines), "framed")
        match damage:
            case "half":
                reader.half_line(lines)
            case "wrong-check":
                reader.noise(encode(Laid(), "framed") + whole[:-1] + bytes([whole[-1] ^ 1]))
            case "wrong-digits":
                wrong = lines[1][:9] + str((int(lines[1][9]) + 1) % 10) + lines[1][10:]
                reader.noise(encode(Laid(), "framed") + encode(Lines((lines[0], wrong)), "framed"))

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(reader, "lay", lay)
            await post.refers(post.honest(), "document-unreadable", "chip-access-denied", "mrz-mismatch")
        await post.passes()

    post.play(story())


def test_a_reader_pulled_out_in_mid_reading_closes_the_lane_until_it_is_back(post: Troubled) -> None:
    async def story() -> None:
        await post.strikes_at("reading", post.honest(), post.post.reader.unplug, "device-fault")
        await post.shows("closed")
        await post.alarmed("reader-lost")
        post.post.reader.plug()
        await post.shows("ready")
        await post.passes()

    post.play(story())


# --- the chip ---
@pytest.mark.parametrize("fault", [Fault.MALFORMED_TLV, Fault.ENDLESS_FILE, Fault.NO_MAC])
def test_a_chip_that_answers_with_nonsense_is_referred(post: Troubled, fault: Fault) -> None:
    async def story() -> None:
        await post.refers(post.honest(fault=fault), "chip-unreadable")
        await post.passes()

    post.play(story())


# --- camera and face ---
def test_a_camera_that_dies_in_mid_comparison(post: Troubled) -> None:
    async def story() -> None:
        await post.strikes_at(
            "look",
            post.honest(still=True),
            lambda: post.post.camera.show(kind=Kind.DEAD),
            "device-fault",
            "face-aborted",
        )
        await post.alarmed("camera-lost")
        await post.shows("ready")
        await post.passes()

    post.play(story())


def test_a_camera_that_freezes_in_mid_comparison(post: Troubled) -> None:
    part = post.honest(still=True)
    since = len(post.log())

    async def freeze() -> None:
        post.post.camera.show(part.face, Kind.TWO, beside_id="u14")
        assert await post.post.display.until(lambda shown: shown["hint"] == "several", LIMIT_S)
        post.post.camera.show(part.face, Kind.FROZEN)

    async def story() -> None:
        await post.strikes_at("look", part, freeze, "device-fault", "face-aborted")
        await post.logged("the camera repeats the same frame", since)
        await post.shows("ready")
        await post.passes()

    post.play(story())


def test_a_face_process_killed_in_mid_comparison(post: Troubled) -> None:
    def kill() -> None:
        for pid in post.post._face_pids():
            os.kill(pid, signal.SIGKILL)

    async def story() -> None:
        since = len(post.log())
        await post.strikes_at("look", post.honest(still=True), kill, "face-aborted", "device-fault")
        await post.logged("the face process ended", since)
        await post.logged("face process ready", since)
        await post.shows("ready")
        await post.passes()

    post.play(story())


# --- the barrier's link ---
def test_heavy_noise_on_the_barriers_link_is_a_lost_controller(post: Troubled) -> None:
    async def story() -> None:
        await post.strikes_at(
            "look", post.honest(still=True), lambda: post.post.controller.corrupt(0.3), "controller-lost"
        )
        await post.alarmed("controller-lost")
        post.post.controller.corrupt(0)
        await post.shows("ready")
        await post.passes()

    post.play(story())


def test_a_little_noise_on_the_barriers_link_stops_nobody(post: Troubled) -> None:
    async def story() -> None:
        post.post.controller.corrupt(0.0005)
        try:
            await post.passes()
        finally:
            post.post.controller.corrupt(0)

    post.play(story())


# --- what the post knows ---
@pytest.mark.parametrize("lists", ["missing", "old", "broken"])
def test_lists_that_cannot_be_asked_refer_everybody(post: Troubled, lists: str, tmp_path: Path) -> None:
    folder = post.post.edge_folder / "lists"
    shutil.copytree(folder, tmp_path / "kept")
    match lists:
        case "missing":
            (folder / "persons.json").unlink()
        case "old":
            write_lists(folder, [], [], post.post.lists_key(), datetime.now(UTC) - timedelta(hours=25))
        case "broken":
            (folder / "documents.json").write_text('{"format":"borderpost-list-1","kind":"docu')

    async def story() -> None:
        try:
            await post.refers(post.honest(), "lists-stale")
        finally:
            shutil.copytree(tmp_path / "kept", folder, dirs_exist_ok=True)
        await post.passes()

    post.play(story())


def test_a_broken_rules_file_refers_everybody_until_it_is_whole_again(post: Troubled) -> None:
    rules = post.post.edge_folder / "rules.toml"
    kept = rules.read_text()

    async def story() -> None:
        since = len(post.log())
        rules.write_text(kept.replace("minimum_age_years = 18", "minimum_age_years = "))
        try:
            await post.refers(post.honest(), "rules-invalid")
            await post.logged("The rules are not TOML", since)
        finally:
            rules.write_text(kept)
        await post.passes()

    post.play(story())


# --- the disk ---
@pytest.mark.mounts
def test_a_full_disk_closes_the_lane_until_there_is_room(post: Troubled) -> None:
    async def story() -> None:
        with kept_full(post.post.edge_folder):
            await post.shows("closed")
            await post.alarmed("disk-full")
            part = post.honest()
            post.post.reader.lay(part.passport.mrz_lines)
            moved = await post.post.display.until(lambda shown: shown["screen"] != "closed", 1.0)
            assert moved is None, "a closed lane takes nobody"
            post.post.reader.lift()
        await post.shows("ready")
        await post.passes()

    post.play(story())


@pytest.mark.mounts
@pytest.mark.parametrize("screen", ["reading", "enter", "look"])
def test_a_disk_that_fills_up_in_mid_passage_grants_nobody_without_a_record(post: Troubled, screen: str) -> None:
    """A commit may still find room in the log's file, and then she may pass: but never without it."""

    async def story() -> None:
        before, opened = (await post.counts())["granted"], post.story.exit_openings()
        with contextlib.ExitStack() as until_emptied:
            striking = asyncio.ensure_future(
                post.when(screen, lambda: until_emptied.enter_context(filled(post.post.edge_folder)))
            )
            await post.story.tell(post.honest())
            await striking
            await post.shows("closed")
            await post.alarmed("disk-full")
        await post.shows("ready")
        await post.passes()  # meanwhile a departure that found no room is written: it is tried again each second
        await post.settles()
        assert (await post.counts())["granted"] - before >= post.story.exit_openings() - opened

    post.play(story())


def test_a_grant_that_cannot_be_committed_opens_no_exit(post: Troubled) -> None:
    """The storage fails between the decision and the exit: each write of the edge's process is refused."""
    pid = post.post.edge.pid
    assert pid is not None
    whole = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def fail() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, whole[1]))

    async def story() -> None:
        granted = (await post.counts())["granted"]
        try:
            await post.strikes_at("look", post.honest(), fail, "record-failed", logs=False)  # it cannot be written
            await post.shows("closed")
            assert await post.desk(lambda shown: "outbox-broken" in shown["alarms"])
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, whole)
        await post.shows("ready")
        await post.settles()
        assert (await post.counts())["granted"] == granted
        await post.passes()

    post.play(story())


# --- what reaches the region ---
def test_frames_that_cannot_be_believed_are_set_aside_and_the_next_ones_flow(post: Troubled, tmp_path: Path) -> None:
    """With a true certificate, past the real broker. What is signed is acknowledged: it must not be sent for ever."""

    async def story() -> None:
        before = await post.counts()
        forger = await enrolled_forger(post.post, tmp_path / "forger")
        forgeries = list(forger.forgeries())
        async with forger.connected() as client:
            for forgery in forgeries:
                await client.publish(forgery.topic, forgery.frame, qos=1)
            true_frame, seq = forger.frame(), forger.seq
            await client.publish(str(forger.topic), true_frame, qos=1)
            await until(lambda: seq in forger.acknowledged, "the true frame behind the forgeries is not acknowledged")
        assert forger.acknowledged == {forgery.seq for forgery in forgeries if forgery.signed} | {seq}
        assert [row["reason"] for row in await set_aside(post.post)] == [forgery.reason for forgery in forgeries]
        after = await post.counts()
        assert after["quarantined"] == before["quarantined"] + len(forgeries)
        assert after["events"] >= before["events"] + 1
        await post.passes()

    post.play(story())


# --- nobody's name anywhere ---
def test_no_name_number_birth_date_or_portrait_stands_where_it_should_not(post: Troubled) -> None:
    """Grants, referrals and hits of lists, searched for in every log, file, topic, frame, stream and page."""
    travellers = (post.honest(), *post.listed, post.other("under-age"), post.other("look-alike"))

    async def cross() -> None:
        await post.story.tell(*travellers)

    async def story() -> None:
        async with streamed(post.post) as places:
            await cross()
        places |= await published(post.post, cross)
        assert sum("/evt" in place for place in places) > len(travellers), "a grant is two events"
        await post.settles()
        places |= await shown(post.post)
        await asyncio.to_thread(post.post.broker.stop)  # now its memory lies on its disk
        places |= kept(post.post)
        await asyncio.to_thread(post.post.broker.start)
        for place in ("edge.log", "edge/outbox.db-wal", "broker/persistence/mosquitto.db", "gateway/store.sqlite"):
            assert places[place], "it was searched"
        secrets = set().union(*(secrets_of(part) for part in post.parts))
        assert found(places, secrets) == []
        await post.passes()

    post.play(story())
