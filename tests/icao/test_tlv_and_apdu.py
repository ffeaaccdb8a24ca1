"""Data objects and commands: round trips, bounds, and garbage that raises nothing but Garbled."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao import tlv
from icao.chip import apdu, tdes
from icao.chip.apdu import Command, Response, exchange, parse_command, parse_response
from icao.tlv import Garbled

FUZZ = settings(max_examples=60, deadline=None, derandomize=True)
TAGS = st.sampled_from([0x02, 0x30, 0x5C, 0x61, 0x5F1F, 0x7F60, 0x5F8101])


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=20))
@FUZZ
def test_objects_come_back_as_they_were_written(objects: list[tuple[int, bytes]]) -> None:
    data = b"".join(tlv.write(tag, value) for tag, value in objects)
    assert [(found.tag, found.value) for found in tlv.read_all(data)] == objects


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 65535, 65536])
def test_every_form_of_length_is_read(length: int) -> None:
    assert tlv.read_one(tlv.write(0x75, bytes(length)), 0x75) == bytes(length)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "5F",
        "5F81",
        "5F818101",  # a tag without end
        "30",
        "3003AABB",
        "3080AABB0000",  # indefinite: not in the logical data structure
        "3084FFFFFFFF",  # four thousand million bytes
        "30857FFFFFFFFF",
        "3082FF",
        "3001AA00",  # something behind it
        "3101AA",  # another tag
    ],
)
def test_nonsense_is_garbled(garbage: str) -> None:
    with pytest.raises(Garbled):
        tlv.read_one(bytes.fromhex(garbage), 0x30)


def test_a_length_beyond_every_limit_is_refused_before_its_value_is_there() -> None:
    assert tlv.read_header(bytes.fromhex("7583400000"))[1] == tlv.MAX_LENGTH_BYTES
    with pytest.raises(Garbled, match="limit"):
        tlv.read_header(bytes.fromhex("7583400001"))


def test_more_objects_than_a_template_holds_are_refused() -> None:
    with pytest.raises(Garbled, match="more than"):
        tlv.read_all(b"\x02\x00" * (tlv.MAX_OBJECTS + 1))


def test_a_path_of_tags_leads_to_its_value_or_nowhere() -> None:
    data = tlv.write(0x70, tlv.write(0x80, b"") + tlv.write(0x81, b"here"))
    assert tlv.find(data, 0x70, 0x81) == b"here"
    for path in ((0x71,), (0x70, 0x82), (0x70, 0x80)):
        with pytest.raises(Garbled):
            tlv.find(data, *path)


def test_values_do_not_show_in_a_log() -> None:
    assert repr(tlv.read(tlv.write(0x5F1F, b"ERIKSSON"))[0]) == "Tlv(5F1F, 8 bytes)"
    assert "4552494b" not in repr(Command(0, 0xB0, data=b"ERIKSSON"))
    assert repr(Response(b"ERIKSSON", 0x9000)) == "Response(8 bytes, 9000)"


@pytest.mark.parametrize(
    "well",
    [
        "",
        "3000",
        "30800000",
        "3080308002010500000000",
        "300430800000",
        "24800401410401420000",
        "300702010130020500",
    ],
)
def test_sound_ber_passes_the_survey(well: str) -> None:
    tlv.survey(bytes.fromhex(well))


@pytest.mark.parametrize(
    "ill",
    [
        "3003020101 02",  # something cut off behind it
        "3080020101",  # never ends
        "0480AABB0000",  # a primitive without a length
        "30030204AABBCCDD",  # longer than its holder
        "300430800201010000",  # an indefinite one that outlives its holder
        "30043080020100",
    ],
)
def test_broken_ber_does_not_pass_the_survey(ill: str) -> None:
    with pytest.raises(Garbled):
        tlv.survey(bytes.fromhex(ill))


@pytest.mark.parametrize("bomb", [b"\x30\x80" * 20_000, b"\x02\x00" * (tlv.MAX_SURVEYED_OBJECTS + 1)])
def test_nesting_and_counting_bombs_are_refused_quickly(bomb: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Garbled, match="too many"):
        tlv.survey(bomb)
    assert time.process_time() - started < 5


@given(st.binary(max_size=200))
@FUZZ
def test_garbage_never_raises_anything_but_garbled(data: bytes) -> None:
    for reader in (tlv.read_all, tlv.survey, tlv.read, parse_command, parse_response, tdes.unpad):
        try:
            reader(data)
        except Garbled:
            continue


@given(st.binary(max_size=300), st.integers(0, 65536), st.booleans())
@FUZZ
def test_commands_come_back_as_they_were_sent(data: bytes, le: int, extended: bool) -> None:
    sent = Command(0x0C, apdu.READ_BINARY, 1, 2, data, le, extended)
    found = parse_command(sent.encode())
    assert (found.header, found.data, found.le) == (sent.header, data, le)


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (Command(0, 0x84), "00840000"),
        (Command(0, 0x84, le=8), "0084000008"),
        (Command(0, 0xB0, le=256), "00B0000000"),
        (Command(0, 0xB0, le=4096), "00B00000001000"),
        (Command(0, 0xB0, le=65536), "00B00000000000"),
        (Command(0, 0xA4, 2, 12, b"\x01\x1e"), "00A4020C02011E"),
        (Command(0, 0xA4, 2, 12, b"\x01\x1e", 256), "00A4020C02011E00"),
        (Command(0, 0xA4, 2, 12, b"\x01\x1e", 256, extended=True), "00A4020C000002011E0100"),
        (Command(0, 0xA4, 2, 12, b"\x01\x1e", extended=True), "00A4020C000002011E"),
    ],
)
def test_the_cases_of_iso_7816_are_written_and_read(command: Command, wire: str) -> None:
    assert command.encode().hex().upper() == wire
    assert parse_command(bytes.fromhex(wire)).encode().hex().upper() == wire


@pytest.mark.parametrize("wire", ["", "00B000", "00A4020C03011E", "00A4020C02011E0000", "00A4020C0000000001"])
def test_commands_whose_lengths_contradict_are_garbled(wire: str) -> None:
    with pytest.raises(Garbled):
        parse_command(bytes.fromhex(wire))


def test_a_response_has_a_status_word() -> None:
    assert parse_response(Response(b"ab", 0x9000).encode()) == Response(b"ab", 0x9000)
    with pytest.raises(Garbled):
        parse_response(b"\x90")


def test_a_chip_that_names_the_right_length_is_asked_once_more_and_no_more() -> None:
    heard = []

    def chip(command: bytes) -> bytes:
        heard.append(command.hex())
        return bytes.fromhex("6C08")

    assert exchange(chip, Command(0, 0x84, le=4)).status == 0x6C08
    assert heard == ["0084000004", "0084000008"]


def test_parity_of_derived_keys_is_odd() -> None:
    key = tdes.derive_key(bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE"), tdes.FOR_ENCRYPTION)
    assert key.hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert all(octet.bit_count() % 2 for octet in key)


def test_padding_is_taken_off_only_where_it_is() -> None:
    assert [tdes.unpad(tdes.pad(bytes(length), 8)) for length in range(17)] == [bytes(length) for length in range(17)]
    with pytest.raises(Garbled):
        tdes.unpad(bytes(8))
