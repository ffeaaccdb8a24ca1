"""Our own chip, without a wire: what it tells whom, and that it forgives nothing."""

import random
from collections.abc import Mapping
from datetime import date

import pytest

from icao import tlv
from icao.chip import apdu, bac, secure_messaging
from icao.chip.apdu import Command, Response
from icao.chip.reading import AccessDenied, Manner, read_chip
from icao.chip.secure_messaging import Session
from icao.lds.files import APPLICATION_ID
from icao.mrz.compose import compose_td3
from icao.mrz.zone import bac_key_information, parse
from simulators.chip.emrtd import UID, EmrtdChip

TODAY = date(2026, 11, 24)
MRZ = compose_td3(
    issuing_state="UTO",
    document_number="U12345678",
    surname="OBERLIN",
    given_names="MIRA SOLEDA",
    nationality="UTO",
    birth_date="1988-03-14",
    sex="F",
    expiry_date="2034-01-01",
)
FILES: Mapping[str, bytes] = {
    "COM": tlv.write(0x60, bytes(20)),
    "DG1": tlv.write(0x61, bytes(90)),
    "DG2": tlv.write(0x75, random.Random(1).randbytes(40_000)),  # beyond what a short offset reaches
    "SOD": tlv.write(0x77, bytes(1500)),
}
SELECT_APPLICATION = Command(0x00, apdu.SELECT, 0x04, 0x0C, APPLICATION_ID).encode()
READ_DG1 = Command(0x00, apdu.READ_BINARY, 0x81, 0, le=8)


@pytest.fixture
def chip() -> EmrtdChip:
    return EmrtdChip(FILES, MRZ)


class Reader:
    """The other end, with an open session."""

    def __init__(self, chip: EmrtdChip) -> None:
        self.chip = chip
        self.session = opened(chip)

    def ask(self, command: Command) -> Response:
        protected, session = secure_messaging.wrap_command(self.session, command)
        response, self.session = secure_messaging.unwrap_response(session, self.chip.answer(protected))
        return response


def opened(chip: EmrtdChip) -> Session:
    chip.answer(SELECT_APPLICATION)
    session = authenticated(chip)
    assert session is not None
    return session


def authenticated(chip: EmrtdChip) -> Session | None:
    keys = bac.access_keys(bac_key_information(parse(MRZ, TODAY)))
    challenge = chip.answer(Command(0x00, apdu.GET_CHALLENGE, le=8).encode())[:-2]
    nonces = bac.Nonces(bytes(8), bytes(16))
    token = bac.reader_token(keys, nonces, challenge)
    answer = chip.answer(Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=token, le=40).encode())
    return bac.accept_chip(keys, nonces, challenge, answer[:-2]) if answer[-2:] == b"\x90\x00" else None


def status(answer: bytes) -> int:
    return int.from_bytes(answer[-2:], "big")


def test_a_reader_with_the_right_zone_reads_every_file(chip: EmrtdChip) -> None:
    assert dict(read_chip(chip.answer, parse(MRZ, TODAY)).files) == dict(FILES)


@pytest.mark.parametrize("block", [112, 231, 4096, 30_000])
def test_every_block_size_gives_the_same_files(chip: EmrtdChip, block: int) -> None:
    assert dict(read_chip(chip.answer, parse(MRZ, TODAY), manner=Manner(blocks_bytes=[block])).files) == dict(FILES)


def test_a_reader_with_another_zone_reads_nothing(chip: EmrtdChip) -> None:
    other = (MRZ[0], compose_td3_line_two("U12345679"))
    with pytest.raises(AccessDenied):
        read_chip(chip.answer, parse(other, TODAY))


def compose_td3_line_two(number: str) -> str:
    return compose_td3(
        issuing_state="UTO",
        document_number=number,
        surname="OBERLIN",
        given_names="MIRA SOLEDA",
        nationality="UTO",
        birth_date="1988-03-14",
        sex="F",
        expiry_date="2034-01-01",
    )[1]


def test_nothing_is_read_without_access(chip: EmrtdChip) -> None:
    chip.answer(SELECT_APPLICATION)
    for command in (
        READ_DG1,
        Command(0x00, apdu.SELECT, 0x02, 0x0C, b"\x01\x01"),
        Command(0x00, apdu.READ_BINARY, le=8),
    ):
        assert chip.answer(command.encode()) == b"\x69\x82"


def test_a_challenge_serves_once(chip: EmrtdChip) -> None:
    chip.answer(SELECT_APPLICATION)
    token = Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=bytes(40), le=40).encode()
    assert status(chip.answer(token)) == apdu.CONDITIONS_NOT_SATISFIED
    chip.answer(Command(0x00, apdu.GET_CHALLENGE, le=8).encode())
    assert status(chip.answer(token)) == apdu.AUTHENTICATION_FAILED
    assert status(chip.answer(token)) == apdu.CONDITIONS_NOT_SATISFIED


def test_a_command_in_clear_ends_the_session(chip: EmrtdChip) -> None:
    reader = Reader(chip)
    assert reader.ask(READ_DG1).ok
    assert chip.answer(READ_DG1.encode()) == b"\x69\x82"
    with pytest.raises(secure_messaging.NotProtected):
        reader.ask(READ_DG1)


def test_a_replayed_command_ends_the_session(chip: EmrtdChip) -> None:
    session = opened(chip)
    protected, _ = secure_messaging.wrap_command(session, READ_DG1)
    assert status(chip.answer(protected)) == apdu.OK
    assert chip.answer(protected) == b"\x69\x88"
    assert chip.answer(protected) != b"\x90\x00"


@pytest.mark.parametrize("place", [5, 10, -2])
def test_a_command_that_was_altered_on_the_way_ends_the_session(chip: EmrtdChip, place: int) -> None:
    protected, _ = secure_messaging.wrap_command(opened(chip), READ_DG1)
    altered = bytearray(protected)
    altered[place] ^= 1
    assert len(chip.answer(bytes(altered))) == 2


def test_power_off_forgets_the_session(chip: EmrtdChip) -> None:
    reader = Reader(chip)
    chip.reset()
    with pytest.raises(secure_messaging.NotProtected):
        reader.ask(READ_DG1)


def test_files_end_where_they_end(chip: EmrtdChip) -> None:
    reader = Reader(chip)
    size = len(FILES["DG1"])
    assert reader.ask(Command(0x00, apdu.READ_BINARY, 0x81, 0, le=255)).status == apdu.END_OF_FILE
    assert reader.ask(Command(0x00, apdu.READ_BINARY, 0, size - 2, le=2)).data == FILES["DG1"][-2:]
    assert reader.ask(Command(0x00, apdu.READ_BINARY, 0, size, le=2)).status == apdu.OFFSET_OUTSIDE
    assert reader.ask(Command(0x00, apdu.READ_BINARY, 0x8E, 0, le=2)).status == apdu.FILE_NOT_FOUND  # no DG14
    assert reader.ask(Command(0x00, apdu.SELECT, 0x02, 0x0C, b"\x01\x0e")).status == apdu.FILE_NOT_FOUND


def test_the_uid_is_random_and_told_to_anybody(chip: EmrtdChip) -> None:
    assert chip.answer(bytes.fromhex("FFCA000000")) == UID + b"\x90\x00"
    assert UID[0] == 0x08


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\x00\xa4", bytes(4), b"\x0c\xb0", b"\xff" * 300, bytes(70)])
def test_garbage_gets_a_status_word_and_nothing_else(chip: EmrtdChip, garbage: bytes) -> None:
    assert len(chip.answer(garbage)) == 2
    opened(chip)
    assert len(chip.answer(garbage)) == 2
