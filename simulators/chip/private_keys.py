"""Which private key is in a PKCS #8 structure, on curves and in groups that OpenSSL lacks as well? (RFC 5958)"""

from typing import Final

from icao.chip.domain_parameters import read_group
from icao.chip.groups import CurveGroup, Group
from icao.der import INTEGER, OCTET_STRING, SEQUENCE, Fields, only, unsigned
from icao.pki.curves import Curve
from icao.tlv import Garbled, write

VERSION: Final = write(INTEGER, b"\0")
EC_VERSION: Final = write(INTEGER, b"\1")  # RFC 5915, 3


def read_private_key(pkcs8: bytes) -> tuple[Group, int]:
    """The group, and the secret number. Raises Garbled, NotSupported."""
    fields = Fields(only(pkcs8, SEQUENCE).value)
    fields.next(INTEGER)
    group, key = read_group(fields.next(SEQUENCE).encoded), fields.next(OCTET_STRING).value
    if not isinstance(group, CurveGroup):
        return group, unsigned(only(key, INTEGER))
    inside = Fields(only(key, SEQUENCE).value)
    inside.next(INTEGER)
    return group, int.from_bytes(inside.next(OCTET_STRING).value, "big")


def read_curve_key(pkcs8: bytes) -> tuple[Curve, int]:
    """Raises Garbled, NotSupported."""
    group, secret = read_private_key(pkcs8)
    if not isinstance(group, CurveGroup):
        raise Garbled("a key that is to sign is on no curve")
    return group.curve, secret


def write_private_key(algorithm: bytes, group: Group, secret: int) -> bytes:
    """``algorithm`` is the AlgorithmIdentifier of the public key."""
    if isinstance(group, CurveGroup):
        number = secret.to_bytes(group.curve.size_bytes, "big")
        key = write(SEQUENCE, EC_VERSION + write(OCTET_STRING, number))
    else:
        key = write(INTEGER, secret.to_bytes(secret.bit_length() // 8 + 1, "big"))
    return write(SEQUENCE, VERSION + algorithm + write(OCTET_STRING, key))
