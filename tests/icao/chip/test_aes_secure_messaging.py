"""Secure messaging with AES: exchanges that others computed, and what must not get through. (Doc 9303-11, 9.8.7)"""

import pytest

from icao.chip import aes, ciphers
from icao.chip.aes import Aes
from icao.chip.apdu import OK, READ_BINARY, READ_BINARY_ODD, SELECT, Command, Response
from icao.chip.ciphers import AesCipher, ProtocolCipher
from icao.chip.secure_messaging import (
    NotProtected,
    Session,
    unwrap_command,
    unwrap_response,
    wrap_command,
    wrap_response,
)
from icao.lds.security_infos import AES_128, AES_192, AES_256, CIPHERS, TRIPLE_DES
from icao.tlv import Garbled

SELECT_COM = Command(0x00, SELECT, 0x02, 0x0C, bytes.fromhex("011E"))
READ_DG1 = Command(0x00, READ_BINARY, 0x81, 0, le=256)
every_cipher = pytest.mark.parametrize("cipher", [ciphers.BY_ARC[arc] for arc in CIPHERS], ids=lambda each: each.name)


def session_of(cipher: ProtocolCipher) -> Session:
    return cipher.session(b"a secret of both ends")


# Another implementation's exchange: SELECT, READ BINARY of four bytes, READ BINARY of the rest.
COUNTER_256 = 0x20
KEYS_256 = Aes(
    bytes.fromhex("74B94F408BBB2CD92571FD5B6370A94CCE7A2FA42AE3EB4DA47B97CE6EAA24C6"),
    bytes.fromhex("9E28D5D9FF1D979BE752E8926BF0E1D35A440FC0AEFC4AA3BC5610055AC8B113"),
)
EXCHANGE_256 = [
    (
        SELECT_COM,
        "0CA4020C1D8711011D35E7EB510E21A0DD12380D9AD2B92D8E0828CB68B81D3FAFC000",
        "990290008E08E083EAA61ADABFCE9000",
        "",
    ),
    (
        Command(0x00, READ_BINARY, 0, 0, le=4),
        "0CB000000D9701048E084AFC933E0CDBE5F000",
        "871101D8059A9CF835105082CA2B1837E4AEC0990290008E08B36DB56761D706BB9000",
        "60185F01",
    ),
    (
        Command(0x00, READ_BINARY, 0, 4, le=0x16),
        "0CB000040D9701168E0811F7EFC907D1F27400",
        "87210142E919C115FAF69350B01813D77A9E8D91912A7F717AFD073F199070E61B79C6990290008E083382E3D983F441369000",
        "04303130385F36063034303030305C06617563766D6E",
    ),
]
# The keys of Doc 9303-11, appendix I.1: the first command after PACE selects EF.CardSecurity.
KEYS_128 = Aes(bytes.fromhex("0A9DA4DB03BDDE39FC5202BC44B2E89E"), bytes.fromhex("4B1C06491ED5140CA2B537D344C6C0B1"))
SELECT_CARD_SECURITY = "0CA4020C1D8711013824F3CB16CAA40DDFF8459C215CC4988E08158449671FCC718300"


def test_an_exchange_with_aes_256_is_as_others_compute_it() -> None:
    reader = chip = Session(KEYS_256, COUNTER_256)
    for command, sent, answered, data in EXCHANGE_256:
        wrapped, reader = wrap_command(reader, command)
        assert wrapped.hex().upper() == sent
        understood, chip = unwrap_command(chip, wrapped)
        assert (understood.header, understood.data, understood.le) == (command.header, command.data, command.le)
        response, reader = unwrap_response(reader, bytes.fromhex(answered))
        assert response.data.hex().upper() == data
        back, chip = wrap_response(chip, response)
        assert back.hex().upper() == answered
    assert reader == chip == Session(KEYS_256, COUNTER_256 + 6)


def test_the_first_command_after_pace_is_as_others_compute_it() -> None:
    command = Command(0x00, SELECT, 0x02, 0x0C, bytes.fromhex("011D"))
    wrapped, session = wrap_command(Session(KEYS_128, 0), command)
    assert wrapped.hex().upper() == SELECT_CARD_SECURITY
    assert session.counter == 1


# SHA-1 for short keys and SHA-256 for long ones, cut to their length: over the seed of appendix G.
SEED = bytes.fromhex("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD")
DERIVED = {
    (AES_128, 1): "3CC5F8872F8B1471B47EEFDDFFC43F46",
    (AES_128, 2): "BD651C6B2FA9B4704553332007771E84",
    (AES_128, 3): "89DED1B26624EC1E634C1989302849DD",
    (TRIPLE_DES, 3): "89DFD0B36725EC1F624C1989312949DC",  # the same, with its parity
    (AES_192, 1): "11504483F04A10A66A8FCD6D348C75A961809C54EDAA2117",
    (AES_192, 2): "1F35D576CE54BA775A391F9749E388C48215B7D544D62D96",
    (AES_256, 1): "11504483F04A10A66A8FCD6D348C75A961809C54EDAA21174726A97FB37DEF52",
    (AES_256, 3): "D79A23C126202AC9051FEBFBC0E8A03B1C6645D85752B4B71408FA229AB6D56B",
}


@pytest.mark.parametrize(("cipher", "purpose"), DERIVED)
def test_keys_are_derived_as_others_derive_them(cipher: int, purpose: int) -> None:
    assert ciphers.BY_ARC[cipher].derive_key(SEED, purpose).hex().upper() == DERIVED[cipher, purpose]


@every_cipher
def test_a_session_begins_at_zero_and_each_message_moves_it_on(cipher: ProtocolCipher) -> None:
    reader = chip = session_of(cipher)
    assert reader.counter == 0
    for size in (0, 1, 15, 16, 17, 255, 256, 4096):
        wrapped, reader = wrap_command(reader, Command(0x00, READ_BINARY, 0, 0, bytes(size % 200), le=size or 1))
        command, chip = unwrap_command(chip, wrapped)
        assert len(command.data) == size % 200
        answer, chip = wrap_response(chip, Response(bytes(size), OK))
        response, reader = unwrap_response(reader, answer)
        assert response.data == bytes(size)
    assert reader == chip
    assert reader.counter == 16


@every_cipher
def test_odd_instructions_carry_their_data_without_an_indicator(cipher: ProtocolCipher) -> None:
    session = session_of(cipher)
    command = Command(0x00, READ_BINARY_ODD, 0, 2, bytes.fromhex("54028000"), le=512)
    wrapped, _ = wrap_command(session, command)
    assert b"\x85" in wrapped[:8]
    understood, _ = unwrap_command(session, wrapped)
    assert (understood.data, understood.le) == (command.data, 512)


@every_cipher
@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:],  # the MAC
        lambda answer: answer[:5] + bytes([answer[5] ^ 1]) + answer[6:],  # the cryptogram
        lambda answer: answer[:-2] + b"\x62\x82",  # the status outside
        lambda answer: answer[:-12] + answer[-2:],  # no MAC at all (A15)
        lambda answer: b"\x90\x00",  # in clear (A16)
    ],
)
def test_an_answer_that_was_touched_ends_the_session(cipher: ProtocolCipher, spoil) -> None:  # type: ignore[no-untyped-def]  # parametrised
    reader = chip = wrap_command(session_of(cipher), READ_DG1)[1]
    answer, _ = wrap_response(chip, Response(b"a piece of DG1", OK))
    with pytest.raises(Garbled):
        unwrap_response(reader, spoil(answer))


@every_cipher
def test_an_answer_of_another_moment_is_refused(cipher: ProtocolCipher) -> None:
    """A15: a replayed answer has another counter in its MAC, and with AES another IV as well."""
    reader = chip = wrap_command(session_of(cipher), READ_DG1)[1]
    answer, _ = wrap_response(chip, Response(b"the first piece", OK))
    _, reader = unwrap_response(reader, answer)
    _, reader = wrap_command(reader, READ_DG1)
    with pytest.raises(Garbled):
        unwrap_response(reader, answer)


def test_the_same_words_never_look_the_same() -> None:
    session = session_of(AesCipher(16))
    first, session = wrap_command(session, SELECT_COM)
    second, _ = wrap_command(session, SELECT_COM)
    assert first[8:24] != second[8:24]


def test_a_cryptogram_of_no_whole_blocks_is_refused() -> None:
    with pytest.raises(Garbled):
        aes.decrypt(bytes(16), bytes(15))


def test_a_clear_error_tells_its_status() -> None:
    with pytest.raises(NotProtected) as unprotected:
        unwrap_response(session_of(AesCipher(32)), b"\x69\x88")
    assert unprotected.value.status == 0x6988
