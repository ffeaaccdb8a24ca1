"""A whole reading against a chip that speaks the protocol, and against chips that misbehave."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao import tlv
from icao.checks import Result
from icao.chip import conversation
from icao.chip.apdu import Command, Response, Silent
from icao.chip.reading import AccessDenied, ChipContents, Manner, read_chip
from icao.lds.files import EF_DG2
from icao.mrz.zone import parse
from icao.tlv import Garbled
from tests.icao.chip.chips import FILES, LINES, MRZ, NAMES, Chip


def test_a_chip_is_read_whole() -> None:
    contents = read_chip(Chip(), MRZ)
    assert contents.files == FILES
    assert contents.access.id == "access"
    assert contents.access.result is Result.SUCCESSFUL


@pytest.mark.parametrize(("blocks_bytes", "most"), [((4096, 112), 11), ((231,), 80)])
def test_a_chip_of_16_kb_costs_few_commands(blocks_bytes: tuple[int, ...], most: int) -> None:
    contents = read_chip(Chip(), MRZ, manner=Manner(blocks_bytes=blocks_bytes))
    assert sum(map(len, contents.files.values())) > 16_000
    assert contents.commands <= most
    assert contents.wire_bytes > 16_000


def test_only_what_is_wanted_is_read() -> None:
    assert read_chip(Chip(), MRZ, wanted=(1,)).files.keys() == {"COM", "SOD", "DG1"}


def test_progress_rises_to_the_end() -> None:
    heard: list[float] = []
    read_chip(Chip(), MRZ, progress=heard.append, manner=Manner(blocks_bytes=(231,)))
    assert heard == sorted(heard)
    assert heard[0] < 0.1
    assert heard[-1] == 1.0
    assert len(heard) > 50


def test_a_file_that_is_not_there_is_left_out() -> None:
    some = {name: content for name, content in FILES.items() if name != "COM"}
    assert read_chip(Chip(some), MRZ).files == some


@pytest.mark.parametrize("files", [FILES, {name: FILES[name] for name in ("SOD", "DG1", "DG2")}])
def test_an_old_chip_without_short_file_ids_is_read_all_the_same(files: dict[str, bytes]) -> None:
    assert read_chip(Chip(files, short_ids=False), MRZ).files == files


@pytest.mark.parametrize("size", [0x7FFF + 6000, 0xFFFF + 2000])
def test_a_long_file_needs_the_odd_instruction(size: int) -> None:
    files = FILES | {"DG2": tlv.write(EF_DG2.tag, bytes(size))}
    for blocks_bytes in ((4096,), (231,)):
        chip = Chip(files)
        assert read_chip(chip, MRZ, manner=Manner(blocks_bytes=blocks_bytes)).files == files
        assert any(command.ins == 0xB1 for command in chip.heard)


# --- chips that cannot do everything ---
def too_long(command: Command, most: int) -> bool:
    return command.ins in (0xB0, 0xB1) and command.le > most


def test_a_chip_that_refuses_long_blocks_in_clear_is_opened_again_and_read_in_smaller_ones() -> None:
    chip = Chip(rule=lambda command: b"\x67\x00" if too_long(command, 200) else None)
    assert read_chip(chip, MRZ).files == FILES
    asked = [command.le for command in chip.heard if command.ins == 0xB0 and command.p1 != 0x9C]
    assert [size for size in dict.fromkeys(asked) if size >= 160 and size != 256] == [
        4096,
        231,
        160,
    ]  # and each only once too much
    assert sum(command.ins == 0x82 for command in chip.heard) == 3


def test_a_chip_that_refuses_to_be_asked_for_more_than_there_is_tells_first_how_long_a_file_is() -> None:
    def rule(command: Command) -> Response | None:
        offset = 0 if command.p1 & 0x80 else command.p1 << 8 | command.p2
        name = NAMES.get(command.p1 & 0x1F, "") if command.p1 & 0x80 else chip.current
        too_much = command.ins == 0xB0 and chip.session and offset + command.le > len(FILES[name])
        return Response(b"", 0x6700) if too_much else None

    chip = Chip(rule=rule)
    contents = read_chip(chip, MRZ)
    assert contents.files == FILES
    assert contents.commands <= 16  # its blocks stay as long as they were


def test_a_chip_that_gives_much_is_asked_for_more_and_one_that_refuses_is_not_asked_again() -> None:
    generous, careful = Chip(), Chip(rule=lambda command: b"\x67\x00" if too_long(command, 4096) else None)
    assert read_chip(generous, MRZ).files == read_chip(careful, MRZ).files == FILES
    assert [command.le for command in generous.heard if command.ins == 0xB0][-2:] == [4096, 10756]
    assert [command.le for command in careful.heard if too_long(command, 4096)] == [10756]


def test_a_chip_that_stumbles_in_the_middle_of_a_file_is_opened_again_and_the_reading_goes_on() -> None:
    def rule(command: Command) -> bytes | None:
        return b"\x67\x00" if too_long(command, 200) and command.p1 == 0x10 else None

    assert read_chip(Chip(rule=rule), MRZ).files == FILES


@pytest.mark.parametrize("refusal", [Response(b"", 0x6700), Response(b"", 0x6282)])
def test_a_chip_that_refuses_long_blocks_politely_keeps_its_session(refusal: Response) -> None:
    chip = Chip(rule=lambda command: refusal if too_long(command, 231) else None)
    assert read_chip(chip, MRZ).files == FILES
    assert sum(command.ins == 0x82 for command in chip.heard) == 1


def test_a_chip_that_refuses_every_block_is_given_up() -> None:
    with pytest.raises(Garbled):
        read_chip(Chip(rule=lambda command: b"\x67\x00" if command.ins == 0xB0 else None), MRZ)
    with pytest.raises(Garbled):
        read_chip(Chip(rule=lambda command: Response(b"", 0x6700) if command.ins == 0xB0 else None), MRZ)


def test_a19_a_chip_that_loses_its_session_at_every_read_is_given_up() -> None:
    chip = Chip(rule=lambda command: b"\x69\x88" if command.ins == 0xB0 and command.le > 8 else None)
    with pytest.raises(Garbled, match="again and again"):
        read_chip(chip, MRZ, manner=Manner(blocks_bytes=(4096, 2048, 1024, 512, 231, 160, 112)))
    assert sum(command.ins == 0x82 for command in chip.heard) == 4


@pytest.mark.parametrize("plain", [b"\x90\x00", b"\x99\x02\x67\x00\x67\x00"])
def test_a16_an_answer_in_clear_that_is_no_bare_error_ends_the_reading(plain: bytes) -> None:
    chip = Chip(rule=lambda command: plain if command.ins == 0xB0 and command.p1 != 0x9C else None)
    with pytest.raises(Garbled):
        read_chip(chip, MRZ)
    assert sum(command.ins == 0x82 for command in chip.heard) == 1


def test_a_file_that_vanishes_when_the_chip_is_opened_again_is_garbled() -> None:
    def rule(command: Command) -> Response | bytes | None:
        if command.ins == 0xA4 and command.p1 == 2:
            return Response(b"", 0x6A82)
        return b"\x67\x00" if too_long(command, 231) and command.p1 == 0x10 else None

    with pytest.raises(Garbled, match="no more"):
        read_chip(Chip(rule=rule), MRZ)


# --- access ---
def test_another_documents_zone_does_not_open_the_chip_and_is_tried_once() -> None:
    other = parse((LINES[0], LINES[1].replace("7408122", "7408131")), date(2026, 11, 24))
    chip = Chip()
    with pytest.raises(AccessDenied):
        read_chip(chip, other)
    assert sum(command.ins == 0x82 for command in chip.heard) == 1


@pytest.mark.parametrize("answer", [b"\x6d\x00", b"\x90\x00", bytes(7) + b"\x90\x00"])
def test_a_chip_without_basic_access_control_is_denied(answer: bytes) -> None:
    with pytest.raises(AccessDenied):
        read_chip(Chip(rule=lambda command: answer if command.ins == 0x84 else None), MRZ)


def test_a_clone_that_does_not_know_the_zone_is_denied() -> None:
    with pytest.raises(AccessDenied):
        read_chip(Chip(rule=lambda command: bytes(40) + b"\x90\x00" if command.ins == 0x82 else None), MRZ)


def test_a_card_that_is_no_passport_is_garbled() -> None:
    with pytest.raises(Garbled, match="6A82"):
        read_chip(lambda command: b"\x6a\x82", MRZ)


def test_a_lifted_document_is_silent() -> None:
    def lifted(command: bytes) -> bytes:
        raise Silent

    with pytest.raises(Silent):
        read_chip(lifted, MRZ)


# --- hostile chips ---
def test_an_endless_file_is_refused_by_its_first_bytes() -> None:
    chip = Chip(FILES | {"DG2": bytes.fromhex("7583200000") + bytes(9000)})
    with pytest.raises(Garbled, match="2097157"):
        read_chip(chip, MRZ)
    assert len(chip.heard) < 12


def test_a_file_in_the_place_of_another_is_refused() -> None:
    with pytest.raises(Garbled, match="begins with"):
        read_chip(Chip(FILES | {"DG1": FILES["COM"]}), MRZ)


def test_a_chip_that_hands_out_single_bytes_is_refused() -> None:
    def rule(command: Command) -> Response | None:
        return Response(b"\0", 0x9000) if command.ins == 0xB0 and command.p1 == 0x10 else None

    with pytest.raises(Garbled, match="missing"):
        read_chip(Chip(rule=rule), MRZ)


def test_a_chip_that_sends_more_than_is_missing_is_refused() -> None:
    def rule(command: Command) -> Response | None:
        return Response(bytes(20_000), 0x9000) if command.ins == 0xB0 and command.p1 == 0x10 else None

    with pytest.raises(Garbled, match="missing"):
        read_chip(Chip(rule=rule), MRZ, manner=Manner(blocks_bytes=(231,)))


def test_an_error_in_the_middle_of_a_file_is_garbled() -> None:
    def rule(command: Command) -> Response | None:
        return Response(b"", 0x6F00) if command.ins == 0xB0 and command.p1 == 0x10 else None

    with pytest.raises(Garbled, match="6F00"):
        read_chip(Chip(rule=rule), MRZ)


def test_an_error_at_the_selection_of_a_file_is_garbled() -> None:
    def rule(command: Command) -> Response | None:
        return Response(b"", 0x6F00) if command.ins == 0xA4 and command.p1 == 2 else None

    with pytest.raises(Garbled, match="6F00"):
        read_chip(Chip(rule=rule, short_ids=False), MRZ)


def test_a_conversation_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MAX_COMMANDS", 20)
    with pytest.raises(Garbled, match="busy"):
        read_chip(Chip(), MRZ, manner=Manner(blocks_bytes=(231,)))
    monkeypatch.setattr(conversation, "MAX_COMMANDS", 3000)
    monkeypatch.setattr(conversation, "MAX_WIRE_BYTES", 10_000)
    with pytest.raises(Garbled, match="busy"):
        read_chip(Chip(), MRZ)


def test_plain_data_under_secure_messaging_are_refused() -> None:
    plain = FILES["COM"] + b"\x90\x00"
    with pytest.raises(Garbled):
        read_chip(Chip(rule=lambda command: plain if command.ins == 0xB0 else None), MRZ)


def test_nothing_of_the_holder_shows_in_a_log() -> None:
    assert repr(read_chip(Chip(), MRZ)) == "ChipContents(DG1, SOD, COM, DG2)"
    assert isinstance(read_chip(Chip(), MRZ), ChipContents)


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_garbage_from_a_chip_never_raises_anything_but_what_is_documented(answers: list[bytes], honest: int) -> None:
    chip, pending, counted = Chip(), iter(answers), iter(range(1000))

    def talk(command: bytes) -> bytes:
        if next(counted) < honest:
            return chip(command)
        return next(pending, b"\x90\x00")

    with pytest.raises((AccessDenied, Garbled)):
        read_chip(talk, MRZ, manner=Manner(blocks_bytes=(231, 112)))
