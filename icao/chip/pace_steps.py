"""What do both ends of PACE compute? (Doc 9303-11, 4.4.3, 9.7.3) The order of the steps is in ``pace`` and in the chip.

The mappings are in ``pace_mapping``. Nothing here waits, and chance is not needed: keys and nonces are arguments.
"""

import hashlib
from typing import Final

from icao.chip import aes, tdes
from icao.chip.ciphers import FOR_ENCRYPTION, FOR_MAC, FOR_PASSWORD, ProtocolCipher
from icao.chip.groups import Group
from icao.chip.pace_choice import Choice
from icao.chip.passwords import Password, PasswordKind
from icao.lds.security_infos import oid_contents
from icao.tlv import Garbled, read_all, read_one, write

# MSE:Set AT (Doc 9303-11, 4.4.4.1)
SET_PACE: Final = (0xC1, 0xA4)
PROTOCOL: Final = 0x80
PASSWORD: Final = 0x83
PARAMETERS: Final = 0x84
REFERENCES: Final = {PasswordKind.MRZ: 1, PasswordKind.CAN: 2}

# GENERAL AUTHENTICATE (table 4)
DYNAMIC_DATA: Final = 0x7C
ENCRYPTED_NONCE: Final = 0x80
READER_MAPPING: Final = 0x81
CHIP_MAPPING: Final = 0x82
READER_KEY: Final = 0x83
CHIP_KEY: Final = 0x84
READER_TOKEN: Final = 0x85
CHIP_TOKEN: Final = 0x86
AUTHORITIES: Final = (0x87, 0x88)
CHIP_DATA: Final = 0x8A

TAG_PUBLIC_KEY: Final = 0x7F49
TAG_OID: Final = 0x06
MINUS_ONE: Final = b"\xff" * aes.BLOCK_BYTES


def selection(choice: Choice, password: Password, *, name_group: bool) -> bytes:
    """The data of MSE:Set AT."""
    chosen = write(PROTOCOL, oid_contents(choice.info.oid)) + write(PASSWORD, bytes([REFERENCES[password.kind]]))
    if name_group and choice.info.parameter_id is not None:
        chosen += write(PARAMETERS, _integer(choice.info.parameter_id))
    return chosen


def password_key(cipher: ProtocolCipher, password: Password) -> bytes:
    """K_pi, with which the nonce is enciphered. (Doc 9303-11, 9.7.3)"""
    seed = password.secret.encode("latin-1")
    if password.kind is PasswordKind.MRZ:
        seed = hashlib.sha1(seed, usedforsecurity=False).digest()
    return cipher.derive_key(seed, FOR_PASSWORD)


def token(choice: Choice, shared: bytes, other_key: bytes) -> bytes:
    """One's proof of knowing ``shared``, over the other end's public key. (Doc 9303-11, 4.4.3.4)"""
    inner = write(TAG_OID, oid_contents(choice.info.oid)) + write(choice.group.key_tag, other_key)
    return choice.cipher.mac(choice.cipher.derive_key(shared, FOR_MAC), write(TAG_PUBLIC_KEY, inner))


def differ(group: Group, own_key: bytes, other_key: bytes) -> bytes:
    """The other end's key, checked. Raises Garbled when it is none, or our own."""
    checked = group.check(other_key)
    # Our key thrown back would let its sender end with our own token (A17; Doc 9303-11, 4.4.1, 3d).
    if checked == own_key:
        raise Garbled("the other end's public key is our own")
    return checked


def dynamic_data(*objects: tuple[int, bytes]) -> bytes:
    return write(DYNAMIC_DATA, b"".join(write(tag, value) for tag, value in objects))


def read_dynamic_data(data: bytes) -> dict[int, bytes]:
    """The objects by tag. Raises Garbled."""
    found = read_all(read_one(data, DYNAMIC_DATA))
    objects = {each.tag: each.value for each in found}
    if len(objects) != len(found):
        raise Garbled("an object of PACE comes twice")
    return objects


def chip_data(group: Group, static_secret: int, mapping_secret: int) -> bytes:
    """The chip's side of chip authentication mapping: CA_IC. (Doc 9303-11, 4.4.3.5.1)"""
    return (pow(static_secret, -1, group.order) * mapping_secret % group.order).to_bytes(_order_bytes(group), "big")


def seal_chip_data(choice: Choice, shared: bytes, data: bytes) -> bytes:
    key = choice.cipher.derive_key(shared, FOR_ENCRYPTION)
    return aes.encrypt(key, tdes.pad(data, aes.BLOCK_BYTES), aes.encrypt(key, MINUS_ONE))


def open_chip_data(choice: Choice, shared: bytes, sealed: bytes) -> bytes:
    """CA_IC as the chip sent it. Raises Garbled."""
    key = choice.cipher.derive_key(shared, FOR_ENCRYPTION)
    data = tdes.unpad(aes.decrypt(key, sealed, aes.encrypt(key, MINUS_ONE)))
    if len(data) != _order_bytes(choice.group):
        raise Garbled("the chip authentication data have another length than the group's order")
    return data


def holds_static_key(group: Group, data: bytes, static_key: bytes, mapping_key: bytes) -> bool:
    """Whether who made ``mapping_key`` holds the secret of ``static_key``. (Doc 9303-11, 4.4.3.5.2) Raises Garbled."""
    return group.public_key(int.from_bytes(data, "big"), group.check(static_key)) == mapping_key


def _order_bytes(group: Group) -> int:
    return (group.order.bit_length() + 7) // 8


def _integer(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
