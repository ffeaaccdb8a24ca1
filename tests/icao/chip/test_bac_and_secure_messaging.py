"""The worked examples of Doc 9303-11, appendix D, and what must not get through."""

from dataclasses import replace
from datetime import date

import pytest

from icao.chip import bac
from icao.chip.apdu import OK, READ_BINARY, READ_BINARY_ODD, SELECT, Command, Response
from icao.chip.secure_messaging import (
    NotProtected,
    Session,
    TripleDes,
    unwrap_command,
    unwrap_response,
    wrap_command,
    wrap_response,
)
from icao.mrz.compose import compose
from icao.mrz.zone import bac_key_information, parse
from icao.tlv import Garbled, write

KEYS = bac.access_keys("L898902C<369080619406236")
CHIP_CHALLENGE = bytes.fromhex("4608F91988702212")
READER = bac.Nonces(bytes.fromhex("781723860C06C226"), bytes.fromhex("0B795240CB7049B01C19B33E32804F0B"))
CHIP = bac.Nonces(CHIP_CHALLENGE, bytes.fromhex("0B4F80323EB3191CB04970CB4052790B"))
READER_TOKEN = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7")
CHIP_TOKEN = bytes.fromhex("46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449")


@pytest.fixture
def session() -> Session:
    return bac.accept_chip(KEYS, READER, CHIP_CHALLENGE, CHIP_TOKEN)


def test_access_keys_are_those_of_the_worked_example() -> None:
    assert KEYS.encryption.hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert KEYS.authentication.hex().upper() == "7962D9ECE03D1ACD4C76089DCE131543"


def test_a_long_number_enters_the_key_without_its_filler() -> None:
    lines = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")
    assert bac_key_information(parse(lines, date(2026, 11, 24))) == "D23145890734934071279507122"


def test_both_sides_compute_the_tokens_of_the_worked_example() -> None:
    assert bac.reader_token(KEYS, READER, CHIP_CHALLENGE) == READER_TOKEN
    answer, _ = bac.accept_reader(KEYS, CHIP, READER_TOKEN)
    assert answer == CHIP_TOKEN


def test_both_sides_open_the_session_of_the_worked_example(session: Session) -> None:
    assert session.counter == 0x887022120C06C226
    assert session.suite == TripleDes(
        bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"), bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8")
    )
    assert bac.accept_reader(KEYS, CHIP, READER_TOKEN)[1] == session


def test_a_reader_with_another_zone_is_denied() -> None:
    others = bac.access_keys("L898902C<369080619406237")
    with pytest.raises(bac.AccessDenied):
        bac.accept_reader(KEYS, CHIP, bac.reader_token(others, READER, CHIP_CHALLENGE))


@pytest.mark.parametrize("token", [b"", CHIP_TOKEN[:-1], CHIP_TOKEN + b"\0", CHIP_TOKEN[:-1] + b"\0"])
def test_a_chip_whose_answer_is_bent_is_denied(token: bytes) -> None:
    with pytest.raises(bac.AccessDenied):
        bac.accept_chip(KEYS, READER, CHIP_CHALLENGE, token)


def test_a_reader_token_thrown_back_is_no_chip() -> None:
    with pytest.raises(bac.AccessDenied):
        bac.accept_chip(KEYS, READER, CHIP_CHALLENGE, READER_TOKEN)


def test_a_recorded_answer_does_not_fit_a_new_challenge_of_ours() -> None:
    with pytest.raises(bac.AccessDenied):
        bac.accept_chip(KEYS, bac.Nonces(bytes(8), READER.key), CHIP_CHALLENGE, CHIP_TOKEN)


def test_a_replayed_reader_token_does_not_open_the_chip_again() -> None:
    with pytest.raises(bac.AccessDenied):
        bac.accept_reader(KEYS, bac.Nonces(bytes(8), CHIP.key), READER_TOKEN)


EXCHANGES = [
    (
        Command(0, SELECT, 0x02, 0x0C, bytes.fromhex("011E")),
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
        "990290008E08FA855A5D4C50A8ED9000",
        "",
    ),
    (
        Command(0, READ_BINARY, 0, 0, le=4),
        "0CB000000D9701048E08ED6705417E96BA5500",
        "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        "60145F01",
    ),
    (
        Command(0, READ_BINARY, 0, 4, le=0x12),
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        "04303130365F36063034303030305C026175",
    ),
]


def test_secure_messaging_speaks_the_worked_example_from_both_ends(session: Session) -> None:
    chip = session
    for command, protected, answer, data in EXCHANGES:
        wrapped, session = wrap_command(session, command)
        assert wrapped.hex().upper() == protected
        unwrapped, chip = unwrap_command(chip, wrapped)
        assert unwrapped == command
        response, chip = wrap_response(chip, Response(bytes.fromhex(data), OK), command.ins)
        assert response.hex().upper() == answer
        found, session = unwrap_response(session, response)
        assert found == Response(bytes.fromhex(data), OK)
    assert chip == session


@pytest.mark.parametrize("le", [1, 256, 257, 4096, 65536])
@pytest.mark.parametrize("ins", [READ_BINARY, READ_BINARY_ODD])
def test_long_answers_and_odd_instructions_come_through(session: Session, le: int, ins: int) -> None:
    command = Command(0, ins, 0, 0, bytes.fromhex("54028000"), le, extended=le > 256)
    wrapped, reader = wrap_command(session, command)
    unwrapped, chip = unwrap_command(session, wrapped)
    assert unwrapped == command
    answer, _ = wrap_response(chip, Response(bytes(min(le, 60000)), OK), ins)
    assert unwrap_response(reader, answer)[0].data == bytes(min(le, 60000))


def test_a_command_without_data_and_le_comes_through(session: Session) -> None:
    wrapped, _ = wrap_command(session, Command(0, SELECT))
    assert unwrap_command(session, wrapped)[0] == Command(0, SELECT)


@pytest.mark.parametrize("answer", ["6700", "9000", "04303130369000", "990290009000"])
def test_an_answer_without_mac_is_refused(session: Session, answer: str) -> None:
    with pytest.raises((NotProtected, Garbled)):
        unwrap_response(session, bytes.fromhex(answer))


def test_a_bare_error_says_its_status(session: Session) -> None:
    with pytest.raises(NotProtected) as caught:
        unwrap_response(session, bytes.fromhex("6700"))
    assert caught.value.status == 0x6700


def test_a_replayed_answer_is_refused(session: Session) -> None:
    _, reader = wrap_command(session, EXCHANGES[0][0])
    answer = bytes.fromhex(EXCHANGES[0][2])
    _, reader = unwrap_response(reader, answer)
    _, reader = wrap_command(reader, EXCHANGES[1][0])
    with pytest.raises(Garbled, match="replayed"):
        unwrap_response(reader, answer)


def test_every_flipped_bit_of_an_answer_is_noticed(session: Session) -> None:
    _, reader = wrap_command(session, EXCHANGES[1][0])
    _, chip = unwrap_command(session, wrap_command(session, EXCHANGES[1][0])[0])
    answer, _ = wrap_response(chip, Response(b"Utopia", OK))
    for place in range(len(answer) * 8):
        bent = bytearray(answer)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(Garbled):
            unwrap_response(reader, bytes(bent))


def protected(session: Session, covered: bytes, status: str = "9000") -> bytes:
    """An answer with a right MAC over whatever the other end said."""
    following = session.next()
    return covered + write(0x8E, following.suite.mac(following.counter, covered)) + bytes.fromhex(status)


STATUS = bytes.fromhex("99029000")


@pytest.mark.parametrize(
    "covered",
    [
        b"",  # no status
        bytes.fromhex("990190"),
        bytes.fromhex("99026A82"),  # another status than outside
        write(0x87, b"") + STATUS,
        write(0x87, b"\x02" + bytes(8)) + STATUS,  # an unknown padding indicator
        write(0x87, b"\x01" + bytes(7)) + STATUS,  # no whole block
        write(0x87, b"\x01" + bytes(8)) + STATUS,  # no padding
        STATUS + STATUS,
        write(0x99, b"\x90\0") + write(0x81, b"\0"),
    ],
)
def test_nonsense_with_a_right_mac_is_still_nonsense(session: Session, covered: bytes) -> None:
    with pytest.raises(Garbled):
        unwrap_response(session, protected(session, covered))


def test_nothing_may_stand_behind_the_mac(session: Session) -> None:
    with pytest.raises(Garbled, match="out of order"):
        unwrap_response(session, protected(session, b"")[:-2] + STATUS + bytes.fromhex("9000"))


def test_a_command_in_clear_is_refused_by_the_chip(session: Session) -> None:
    with pytest.raises(Garbled):
        unwrap_command(session, Command(0, READ_BINARY, le=4).encode())


def test_a_command_with_a_wrong_mac_is_refused_by_the_chip(session: Session) -> None:
    wrapped, _ = wrap_command(session, Command(0, READ_BINARY, le=4))
    with pytest.raises(Garbled):
        unwrap_command(replace(session, counter=session.counter + 1), wrapped)


def test_keys_do_not_show_in_a_log(session: Session) -> None:
    for secret in (KEYS, READER, session, session.suite, *(each[0] for each in EXCHANGES)):
        assert "b'" not in repr(secret)
        assert "counter=" not in repr(secret)


def test_composed_zones_open_what_they_say() -> None:
    lines = compose(
        "TD3", document_code="P", issuing_state="UTO", document_number="L898902C", surname="Eriksson",
        given_names="Anna", nationality="UTO", birth_date="1969-08-06", sex="F", expiry_date="1994-06-23",
    )  # fmt: skip
    assert bac.access_keys(bac_key_information(parse(lines, date(1994, 1, 1)))) == KEYS
