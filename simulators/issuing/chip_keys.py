"""Which keys does a state put into a chip, and what does it say of them? DG14, DG15, EF.CVCA and the chip's secrets.

(Doc 9303-11, 6 and 9.2) Every form that states use: curves by name, in full or by number, prime fields with their order
or without, one key or several, the protocol left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from icao.chip.domain_parameters import BY_ID, DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER, STANDARDISED
from icao.chip.groups import CurveGroup, Group, PowerGroup, draw
from icao.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE
from icao.lds import security_infos as infos
from icao.lds.security_infos import oid_contents
from icao.pki.chance import RandomBytes
from icao.pki.curves import Curve
from icao.pki.cvc import AUTHORITY, CvCertificate
from icao.pki.keys import EC_PUBLIC_KEY, PRIME_FIELD
from icao.tlv import write
from simulators.chip.private_keys import write_private_key
from simulators.chip.secrets import ChipSecrets
from simulators.issuing.groups import dg14, dg15

EF_CVCA_BYTES: Final = 36  # TR-03110-3, A.2.2.2
IMPLICIT: Final = b"\xbc"


class Parameters(StrEnum):
    """How a key says which group it is of."""

    NAMED = "named"  # curves by OID; prime fields as X9.42
    EXPLICIT = "explicit"  # curves in full; prime fields as PKCS #3, without their order
    STANDARDISED = "standardised"  # by the number of Doc 9303-11, table 12


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """For key agreement, or for signatures on a curve."""

    group: Group
    secret: int
    parameters: Parameters = Parameters.NAMED

    @property
    def public_info(self) -> bytes:
        """SubjectPublicKeyInfo."""
        public = self.group.public_key(self.secret, self.group.generator)
        key = number(int.from_bytes(public, "big")) if isinstance(self.group, PowerGroup) else public
        return write(SEQUENCE, _algorithm(self.group, self.parameters) + write(BIT_STRING, b"\0" + key))

    @property
    def private_info(self) -> bytes:
        """PKCS #8."""
        return write_private_key(_algorithm(self.group, self.parameters), self.group, self.secret)


def make_pair(group: Group, random_bytes: RandomBytes, parameters: Parameters = Parameters.NAMED) -> KeyPair:
    return KeyPair(group, draw(group, random_bytes), parameters)


@dataclass(frozen=True, slots=True)
class ChipAuthentication:
    """``cipher`` None: DG14 holds the key and no word about the protocol, which means triple DES."""

    pair: KeyPair
    cipher: int | None = infos.AES_128
    key_id: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ActiveAuthentication:
    """``announced`` is the hash that DG14 names, ``der`` the form that the standard does not know."""

    key: KeyPair | rsa.RSAPrivateKey
    trailer: bytes = IMPLICIT
    announced: tuple[str, str] | None = None
    der: bool = False

    @property
    def public_info(self) -> bytes:
        if isinstance(self.key, KeyPair):
            return self.key.public_info
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.DER, form)

    @property
    def private_info(self) -> bytes:
        if isinstance(self.key, KeyPair):
            return self.key.private_info
        form, open_text = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.DER, form, open_text)


@dataclass(frozen=True, slots=True, repr=False)
class ChipPlan:
    """What one chip can prove. ``further`` are security infos of other protocols, as they stand in DG14."""

    active: ActiveAuthentication | None = None
    chip: Sequence[ChipAuthentication] = ()
    trust_points: Sequence[CvCertificate] = ()
    further: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Equipment:
    """``files`` by name; DG14 and DG15 among them are to be signed in EF.SOD."""

    files: dict[str, bytes] = field(default_factory=dict)
    secrets: ChipSecrets = field(default_factory=ChipSecrets)


def equip(plan: ChipPlan) -> Equipment:
    """The files and secrets of such a chip."""
    files = {}
    if announced := _announced(plan):
        files["DG14"] = dg14(write(infos.SET, b"".join(announced)))
    if plan.active:
        files["DG15"] = dg15(plan.active.public_info)
    if plan.trust_points:
        files["CVCA"] = ef_cvca(point.holder for point in plan.trust_points)
    return Equipment(files, _secrets(plan))


def ef_cvca(names: Iterable[str]) -> bytes:
    return b"".join(write(AUTHORITY, name.encode("latin-1")) for name in names).ljust(EF_CVCA_BYTES, b"\0")


def security_info(oid: str, *parts: bytes) -> bytes:
    return write(SEQUENCE, _oid(oid) + b"".join(parts))


def number(value: int) -> bytes:
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _announced(plan: ChipPlan) -> list[bytes]:
    found = list(plan.further)
    for each in plan.chip:
        curve, key_id = isinstance(each.pair.group, CurveGroup), b"" if each.key_id is None else number(each.key_id)
        if each.cipher is not None:
            agreement = infos.CA_ECDH if curve else infos.CA_DH
            found.append(security_info(f"{agreement}.{each.cipher}", number(1), key_id))
        found.append(security_info(infos.PK_ECDH if curve else infos.PK_DH, each.pair.public_info, key_id))
    if plan.trust_points:
        found.append(security_info(infos.TA, number(1)))
    if plan.active and plan.active.announced:
        found.append(security_info(infos.AA, number(1), _oid(plan.active.announced[0])))
    return found


def _secrets(plan: ChipPlan) -> ChipSecrets:
    return ChipSecrets(
        active_authentication=plan.active.private_info if plan.active else b"",
        aa_trailer=plan.active.trailer if plan.active else IMPLICIT,
        aa_der=bool(plan.active and plan.active.der),
        chip_authentication={each.key_id: each.pair.private_info for each in plan.chip},
        trust_points=tuple(point.encoded for point in plan.trust_points),
    )


def _algorithm(group: Group, parameters: Parameters) -> bytes:
    """AlgorithmIdentifier."""
    if parameters is Parameters.STANDARDISED:
        return write(SEQUENCE, _oid(STANDARDISED) + number(next(id for id, known in BY_ID.items() if known == group)))
    if isinstance(group, CurveGroup):
        named = parameters is Parameters.NAMED
        return write(SEQUENCE, _oid(EC_PUBLIC_KEY) + (_oid(group.curve.oid) if named else _explicit(group.curve)))
    if not isinstance(group, PowerGroup):
        raise TypeError("A group is a curve or a prime field.")
    if parameters is Parameters.NAMED:
        numbers = number(group.p) + number(group.g) + number(group.q)
        return write(SEQUENCE, _oid(DH_PUBLIC_NUMBER) + write(SEQUENCE, numbers))
    return write(SEQUENCE, _oid(DH_KEY_AGREEMENT) + write(SEQUENCE, number(group.p) + number(group.g)))


def _explicit(curve: Curve) -> bytes:
    """ECParameters (X9.62), as Doc 9303-12 demands them of some keys."""
    a, b, x, y = (each.to_bytes(curve.size_bytes, "big") for each in (curve.a, curve.b, curve.x, curve.y))
    field_id = write(SEQUENCE, _oid(PRIME_FIELD) + number(curve.p))
    coefficients = write(SEQUENCE, write(OCTET_STRING, a) + write(OCTET_STRING, b))
    base = write(OCTET_STRING, b"\x04" + x + y)
    return write(SEQUENCE, number(1) + field_id + coefficients + base + number(curve.n) + number(curve.h))


def _oid(name: str) -> bytes:
    return write(OBJECT_IDENTIFIER, oid_contents(name))
