"""What does a chip answer that is to be opened by PACE? (Doc 9303-11, 4.4) The other end of ``icao.chip.pace``.

Which variants it knows stands in its own EF.CardAccess.
"""

from collections.abc import Generator, Mapping
from typing import Final

from icao.chip import apdu, pace_mapping, pace_steps, tdes
from icao.chip.apdu import Command, Response
from icao.chip.groups import draw
from icao.chip.pace_choice import Choice, offered
from icao.chip.passwords import Password, PasswordKind
from icao.chip.secure_messaging import Session
from icao.lds.security_infos import oid_contents, parse_security_infos
from icao.pki.chance import RandomBytes
from icao.tlv import Garbled, read_all
from simulators.chip.private_keys import read_private_key

GENERIC_NONCE_BYTES: Final = 16  # one block of AES, two of triple DES

Objects = dict[int, bytes]


class Refused(Exception):
    """The chip does not begin, or goes no further; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


class PaceRun:
    """From MSE:Set AT to the tokens: each GENERAL AUTHENTICATE is one step, and a wrong one ends it.

    ``session`` is there when both ends have proved themselves.
    """

    def __init__(self, choice: Choice, password: Password, static_key: bytes, chance: RandomBytes) -> None:
        self.choice, self.chance = choice, chance
        self.session: Session | None = None
        self.public = b""  # the chip's fresh key: who it is in terminal authentication
        self._password, self._static_key = password, static_key
        self._steps = self._line()
        next(self._steps)

    def answer(self, command: Command) -> Response:
        try:
            objects = self._steps.send(pace_steps.read_dynamic_data(command.data))
            return Response(pace_steps.dynamic_data(*objects.items()), apdu.OK)
        except Refused as refused:
            return Response(b"", refused.status)
        except StopIteration:  # the run is over
            return Response(b"", apdu.CONDITIONS_NOT_SATISFIED)
        except Garbled:
            return Response(b"", apdu.WRONG_DATA)

    def _line(self) -> Generator[Objects, Objects, None]:
        choice, group = self.choice, self.choice.group
        yield {}
        nonce = self.chance(pace_mapping.nonce_bytes(choice.cipher) if choice.integrated else GENERIC_NONCE_BYTES)
        key = pace_steps.password_key(choice.cipher, self._password)
        received = yield {pace_steps.ENCRYPTED_NONCE: choice.cipher.encrypt(key, nonce)}
        mapping_secret = draw(group, self.chance)
        generator, answer = self._map(nonce, mapping_secret, received.get(pace_steps.READER_MAPPING, b""))
        received = yield answer
        secret = draw(group, self.chance)
        own_key = self.public = group.public_key(secret, generator)
        reader_key = received.get(pace_steps.READER_KEY, b"")
        shared = group.agree(secret, pace_steps.differ(group, own_key, reader_key))
        received = yield {pace_steps.CHIP_KEY: own_key}
        token = pace_steps.token(choice, shared, own_key)
        if not tdes.same(received.get(pace_steps.READER_TOKEN, b""), token):
            raise Refused(apdu.AUTHENTICATION_FAILED)  # another password made another generator
        last = {pace_steps.CHIP_TOKEN: pace_steps.token(choice, shared, reader_key)} | self._proof(
            shared, mapping_secret
        )
        self.session = choice.cipher.session(shared)
        yield last

    def _map(self, nonce: bytes, secret: int, received: bytes) -> tuple[bytes, Objects]:
        group = self.choice.group
        if self.choice.integrated:
            return pace_mapping.integrated(group, self.choice.cipher, nonce, received), {pace_steps.CHIP_MAPPING: b""}
        own_key = group.public_key(secret, group.generator)
        reader_key = pace_steps.differ(group, own_key, received)
        return pace_mapping.generic(group, nonce, secret, reader_key), {pace_steps.CHIP_MAPPING: own_key}

    def _proof(self, shared: bytes, mapping_secret: int) -> Objects:
        """Chip authentication mapping. A copy has no static key: it makes one up, and hopes."""
        if not self.choice.proves_chip:
            return {}
        group = self.choice.group
        static = read_private_key(self._static_key)[1] if self._static_key else draw(group, self.chance)
        data = pace_steps.chip_data(group, static, mapping_secret)
        return {pace_steps.CHIP_DATA: pace_steps.seal_chip_data(self.choice, shared, data)}


def begin(
    card_access: bytes,
    passwords: Mapping[PasswordKind, Password],
    static_keys: Mapping[int | None, bytes],
    asked: bytes,
    chance: RandomBytes,
) -> PaceRun:
    """What MSE:Set AT asks for. Raises Refused."""
    objects = {each.tag: each.value for each in read_all(asked)}
    password = _password(passwords, objects.get(pace_steps.PASSWORD, b""))
    choice = _choice(card_access, objects)
    return PaceRun(choice, password, static_keys.get(choice.info.parameter_id, b""), chance)


def _choice(card_access: bytes, objects: Objects) -> Choice:
    protocol, group = objects.get(pace_steps.PROTOCOL, b""), objects.get(pace_steps.PARAMETERS)
    known = [each for each in offered(parse_security_infos(card_access)) if oid_contents(each.info.oid) == protocol]
    if not known or (group is None and known[0].name_group):
        raise Refused(apdu.WRONG_DATA)
    if group is not None:
        known = [each for each in known if each.info.parameter_id == int.from_bytes(group, "big")]
    if not known:
        raise Refused(apdu.REFERENCE_NOT_FOUND)
    return known[0]


def _password(passwords: Mapping[PasswordKind, Password], reference: bytes) -> Password:
    for kind, password in passwords.items():
        if reference == bytes([pace_steps.REFERENCES[kind]]):
            return password
    raise Refused(apdu.REFERENCE_NOT_FOUND)
