"""How does a short password open a long secret? (Password Authenticated Connection Establishment, Doc 9303-11, 4.4)

The reader's side, as a straight line: choose, decipher the chip's nonce, map it, agree, and prove to each other that
the keys are the same. Nobody who listens can try passwords at home, and each wrong one costs a whole run on the chip.
"""

from dataclasses import dataclass
from typing import Final

from icao.chip import apdu, pace_mapping, pace_steps, tdes
from icao.chip.apdu import Ask, Command, Response
from icao.chip.bac import AccessDenied
from icao.chip.groups import draw
from icao.chip.pace_choice import Choice
from icao.chip.pace_steps import (
    AUTHORITIES,
    CHIP_DATA,
    CHIP_KEY,
    CHIP_MAPPING,
    CHIP_TOKEN,
    ENCRYPTED_NONCE,
    READER_KEY,
    READER_MAPPING,
    READER_TOKEN,
)
from icao.chip.passwords import Password
from icao.chip.secure_messaging import Session
from icao.pki.chance import RandomBytes
from icao.tlv import Garbled

REFUSED: Final = "pace-refused"  # the chip offers what it then does not do
TRIES: Final = 0x63C0  # the last digit: how many are left
LONGEST_SHORT_KEY_BYTES: Final = 240  # a longer one needs commands and answers of extended length

# What chips answer to a wrong token, beside 63xx. (Doc 9303-11, 4.4.4.2; ISO/IEC 7816-4, 5.6)
WRONG_TOKEN: Final = (
    apdu.SECURITY_STATUS_NOT_SATISFIED,
    apdu.CONDITIONS_NOT_SATISFIED,
    apdu.SM_OBJECTS_INCORRECT,
    apdu.WRONG_DATA,
)


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What a run of PACE leaves behind for the protocols after it.

    ``chip_key`` is the chip's ephemeral key (terminal authentication names the chip by it); ``mapping_key`` and
    ``chip_data`` are there after chip authentication mapping; ``authorities`` are those it trusts for terminals.
    """

    choice: Choice
    chip_key: bytes
    mapping_key: bytes = b""
    chip_data: bytes = b""
    authorities: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Opened({self.choice.name})"


def open_by_pace(ask: Ask, choice: Choice, password: Password, random_bytes: RandomBytes) -> tuple[Session, Opened]:
    """One run with one password, in the master file.

    Raises AccessDenied (code wrong-key: it is not this chip's; pace-refused: the chip does not do what it offers),
    Garbled, Silent. The password is never tried again here.
    """
    _select(ask, choice, password)
    nonce = _nonce(ask, choice, password)
    generator, mapping_key = _map(ask, choice, nonce, random_bytes)
    group, secret = choice.group, draw(choice.group, random_bytes)
    own_key = group.public_key(secret, generator)
    chip_key = _exchange(ask, choice, READER_KEY, own_key, CHIP_KEY)
    shared = group.agree(secret, pace_steps.differ(group, own_key, chip_key))
    proved = _prove(ask, choice, shared, own_key, chip_key)
    opened = Opened(choice, chip_key, mapping_key, _chip_data(choice, shared, proved), _authorities(proved))
    return choice.cipher.session(shared), opened


def _select(ask: Ask, choice: Choice, password: Password) -> None:
    """Name the group where there are several. Some chips want it always and are asked again: that tries no password."""
    for name_group in sorted({choice.name_group, choice.info.parameter_id is not None}):
        data = pace_steps.selection(choice, password, name_group=name_group)
        response = ask(Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *pace_steps.SET_PACE, data))
        if response.ok or response.status & 0xFFF0 == TRIES:
            return
    raise AccessDenied(f"the chip answered {response.status:04X} to the {choice.name} that it offers", REFUSED)


def _nonce(ask: Ask, choice: Choice, password: Password) -> bytes:
    cipher = choice.cipher
    sealed = _step(ask, choice, b"").get(ENCRYPTED_NONCE, b"")
    if not 0 < len(sealed) <= pace_mapping.MAX_NONCE_BYTES:
        raise Garbled("the chip's nonce is missing or beyond every limit")
    return cipher.decrypt(pace_steps.password_key(cipher, password), sealed)


def _map(ask: Ask, choice: Choice, nonce: bytes, random_bytes: RandomBytes) -> tuple[bytes, bytes]:
    """The generator, and the chip's mapping key where it has one."""
    group = choice.group
    if choice.integrated:
        reader_nonce = random_bytes(choice.cipher.key_bytes)
        _step(ask, choice, pace_steps.dynamic_data((READER_MAPPING, reader_nonce)))  # brings nothing
        return pace_mapping.integrated(group, choice.cipher, nonce, reader_nonce), b""
    secret = draw(group, random_bytes)
    own_key = group.public_key(secret, group.generator)
    chip_key = pace_steps.differ(group, own_key, _exchange(ask, choice, READER_MAPPING, own_key, CHIP_MAPPING))
    return pace_mapping.generic(group, nonce, secret, chip_key), chip_key


def _prove(ask: Ask, choice: Choice, shared: bytes, own_key: bytes, chip_key: bytes) -> dict[int, bytes]:
    """Tokens are exchanged, ours first: a chip without the password learns nothing but that we have run.

    They are over the keys as they were sent: some write a Diffie-Hellman key with its leading zeros.
    """
    token = pace_steps.token(choice, shared, chip_key)
    response = ask(_command(choice, pace_steps.dynamic_data((READER_TOKEN, token)), last=True))
    if response.status in WRONG_TOKEN:
        raise AccessDenied(f"the chip answered {response.status:04X}: the password does not open it")
    proved = _objects(response)
    if not tdes.same(proved.get(CHIP_TOKEN, b""), pace_steps.token(choice, shared, own_key)):
        raise AccessDenied("the chip's token is wrong: it does not know the password")
    return proved


def _chip_data(choice: Choice, shared: bytes, proved: dict[int, bytes]) -> bytes:
    if not choice.proves_chip:
        return b""
    return pace_steps.open_chip_data(choice, shared, proved.get(CHIP_DATA, b""))


def _authorities(proved: dict[int, bytes]) -> tuple[bytes, ...]:
    return tuple(proved[tag] for tag in AUTHORITIES if proved.get(tag))


def _exchange(ask: Ask, choice: Choice, sent_tag: int, sent: bytes, wanted: int) -> bytes:
    received = _step(ask, choice, pace_steps.dynamic_data((sent_tag, sent))).get(wanted)
    if received is None:
        raise Garbled("the chip's answer lacks its public key")
    return received


def _step(ask: Ask, choice: Choice, data: bytes) -> dict[int, bytes]:
    return _objects(ask(_command(choice, data or pace_steps.dynamic_data(), last=False)))


def _objects(response: Response) -> dict[int, bytes]:
    if response.status & 0xFF00 == apdu.AUTHENTICATION_FAILED:
        left = f", and {response.status & 0xF} tries are left" if response.status & 0xFFF0 == TRIES else ""
        raise AccessDenied(f"the chip answered {response.status:04X}: the password does not open it{left}")
    if not response.ok:
        raise Garbled(f"the chip answered {response.status:04X} in the middle of PACE")
    return pace_steps.read_dynamic_data(response.data) if response.data else {}


def _command(choice: Choice, data: bytes, *, last: bool) -> Command:
    long = choice.group.prime.bit_length() > 8 * LONGEST_SHORT_KEY_BYTES
    le = apdu.EXTENDED_LE_BYTES if long else apdu.SHORT_LE_BYTES
    return Command(0x00 if last else apdu.CHAINED, apdu.GENERAL_AUTHENTICATE, data=data, le=le, extended=long)
