"""Which protocols does a chip say it knows, and with which keys? (SecurityInfos, Doc 9303-11, 9.2)

They stand in EF.CardAccess, which nobody signed, in EF.CardSecurity and in DG14. What is announced is kept in its order
and never encoded again: the hash in EF.SOD is over the bytes as they came. A protocol that nobody here has heard of is
kept by its OID; one that is known and is not made as its standard says is Garbled, since what a state has signed must
not be overlooked in parts.
"""

from dataclasses import dataclass
from typing import Final

from asn1crypto import core

from icao.asn1 import reading
from icao.lds.files import data_group
from icao.tlv import Garbled, Tlv, read, read_all, read_one, write

# One table of limits. Real files hold two to ten infos.
MAX_FILE_BYTES: Final = 16 * 1024
MAX_INFOS: Final = 64
MAX_OID_BYTES: Final = 24
MAX_INTEGER_BYTES: Final = 16  # of a version, a parameter id or a key id

# Doc 9303-11, 9.2: the arcs under bsi-de protocols smartcard, and those of ICAO.
PK_DH: Final = "0.4.0.127.0.7.2.2.1.1"
PK_ECDH: Final = "0.4.0.127.0.7.2.2.1.2"
TA: Final = "0.4.0.127.0.7.2.2.2"
CA_DH: Final = "0.4.0.127.0.7.2.2.3.1"
CA_ECDH: Final = "0.4.0.127.0.7.2.2.3.2"
PACE_DH_GM: Final = "0.4.0.127.0.7.2.2.4.1"
PACE_ECDH_GM: Final = "0.4.0.127.0.7.2.2.4.2"
PACE_DH_IM: Final = "0.4.0.127.0.7.2.2.4.3"
PACE_ECDH_IM: Final = "0.4.0.127.0.7.2.2.4.4"
PACE_ECDH_CAM: Final = "0.4.0.127.0.7.2.2.4.6"
AA: Final = "2.23.136.1.1.5"
EF_DIR: Final = "2.23.136.1.1.13"

# The last arc of a chip authentication or PACE protocol is its cipher. (Doc 9303-11, 9.2.1, 9.2.5)
TRIPLE_DES: Final = 1
AES_128: Final = 2
AES_192: Final = 3
AES_256: Final = 4
CIPHERS: Final = (TRIPLE_DES, AES_128, AES_192, AES_256)

PACE_MAPPINGS: Final = (PACE_DH_GM, PACE_ECDH_GM, PACE_DH_IM, PACE_ECDH_IM, PACE_ECDH_CAM)
CA_AGREEMENTS: Final = (CA_DH, CA_ECDH)

SET: Final = 0x31
SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
OCTETS: Final = 0x04
OID: Final = 0x06


@dataclass(frozen=True, slots=True)
class PaceInfo:
    oid: str
    version: int
    parameter_id: int | None

    @property
    def mapping(self) -> str:
        """One of PACE_MAPPINGS."""
        return self.oid.rpartition(".")[0]

    @property
    def cipher(self) -> int:
        """One of CIPHERS."""
        return int(self.oid.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class PaceDomainParameters:
    """``algorithm`` is the AlgorithmIdentifier as it stands there; ``oid`` one of PACE_MAPPINGS."""

    oid: str
    algorithm: bytes
    parameter_id: int | None


@dataclass(frozen=True, slots=True)
class ChipAuthenticationInfo:
    oid: str
    version: int
    key_id: int | None

    @property
    def agreement(self) -> str:
        """CA_DH or CA_ECDH."""
        return self.oid.rpartition(".")[0]

    @property
    def cipher(self) -> int:
        """One of CIPHERS."""
        return int(self.oid.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class ChipAuthenticationKey:
    """``spki`` is the SubjectPublicKeyInfo as it stands there; ``oid`` PK_DH or PK_ECDH."""

    oid: str
    spki: bytes
    key_id: int | None


@dataclass(frozen=True, slots=True)
class TerminalAuthenticationInfo:
    version: int
    ef_cvca: int | None  # file id of EF.CVCA; None: the default, 011C
    ef_cvca_short_id: int | None


@dataclass(frozen=True, slots=True)
class ActiveAuthenticationInfo:
    version: int
    signature_algorithm: str


@dataclass(frozen=True, slots=True)
class EfDirInfo:
    content: bytes


@dataclass(frozen=True, slots=True)
class UnknownInfo:
    oid: str


SecurityInfo = (
    PaceInfo
    | PaceDomainParameters
    | ChipAuthenticationInfo
    | ChipAuthenticationKey
    | TerminalAuthenticationInfo
    | ActiveAuthenticationInfo
    | EfDirInfo
    | UnknownInfo
)


def parse_dg14(file: bytes) -> tuple[SecurityInfo, ...]:
    """The infos in DG14 (Doc 9303-10, 4.7.14). Raises Garbled."""
    return parse_security_infos(read_one(file, data_group(14).tag))


def parse_security_infos(encoded: bytes) -> tuple[SecurityInfo, ...]:
    """A SET OF SecurityInfo: all of EF.CardAccess, or what EF.CardSecurity signs. Raises Garbled."""
    if len(encoded) > MAX_FILE_BYTES:
        raise Garbled(f"the security infos have {len(encoded)} bytes, and {MAX_FILE_BYTES} is the most that is read")
    infos = read_all(read_one(encoded, SET))
    if len(infos) > MAX_INFOS:
        raise Garbled(f"there are more than {MAX_INFOS} security infos")
    return tuple(_info(info) for info in infos)


def oid_contents(oid: str) -> bytes:
    """The value bytes of an OBJECT IDENTIFIER, as MSE commands carry them.

    >>> oid_contents(PACE_ECDH_GM + ".2").hex()
    '04007f00070202040202'
    """
    contents: bytes = core.ObjectIdentifier(oid).contents
    return contents


def _info(info: Tlv) -> SecurityInfo:
    if info.tag != SEQUENCE:
        raise Garbled("a security info is no sequence")
    protocol, place = read(info.value)
    oid, parts = _oid(protocol), _parts(info.value, place)
    stem, _, last = oid.rpartition(".")
    if stem in PACE_MAPPINGS and int(last) in CIPHERS:
        return PaceInfo(oid, _integer(_required(parts)), _optional_integer(parts))
    if oid in PACE_MAPPINGS:
        return PaceDomainParameters(oid, _sequence(_required(parts)), _optional_integer(parts))
    if stem in CA_AGREEMENTS and int(last) in CIPHERS:
        return ChipAuthenticationInfo(oid, _integer(_required(parts)), _optional_integer(parts))
    if oid in (PK_DH, PK_ECDH):
        return ChipAuthenticationKey(oid, _sequence(_required(parts)), _optional_integer(parts))
    if oid == TA:
        return _terminal_authentication(parts)
    if oid == AA:
        return ActiveAuthenticationInfo(_integer(_required(parts)), _oid(_last(parts)))
    if oid == EF_DIR:
        return EfDirInfo(_octets(_last(parts)))
    return UnknownInfo(oid)


def _terminal_authentication(parts: list[Tlv]) -> TerminalAuthenticationInfo:
    """The version, and where EF.CVCA lies when that is not where everybody puts it."""
    version = _integer(_required(parts))
    if not parts:
        return TerminalAuthenticationInfo(version, None, None)
    ids = list(read_all(_last(parts).value))
    file_id = int.from_bytes(_octets(_required(ids))[:2], "big")
    return TerminalAuthenticationInfo(version, file_id, _octets(_last(ids))[0] if ids else None)


def _parts(value: bytes, place: int) -> list[Tlv]:
    return list(read_all(value[place:]))


def _required(parts: list[Tlv]) -> Tlv:
    if not parts:
        raise Garbled("a security info ends too early")
    return parts.pop(0)


def _last(parts: list[Tlv]) -> Tlv:
    """The one that is left."""
    last = _required(parts)
    if parts:
        raise Garbled("a security info has too many parts")
    return last


def _optional_integer(parts: list[Tlv]) -> int | None:
    return _integer(_last(parts)) if parts else None


def _integer(part: Tlv) -> int:
    """Never negative: some issuers leave out the zero that a key id above 127 begins with."""
    if part.tag != INTEGER or not 1 <= len(part.value) <= MAX_INTEGER_BYTES:
        raise Garbled("a security info holds no number where one belongs, or a huge one")
    return int.from_bytes(part.value, "big")


def _octets(part: Tlv) -> bytes:
    if part.tag != OCTETS or not part.value:
        raise Garbled("a security info holds no octet string where one belongs")
    return part.value


def _sequence(part: Tlv) -> bytes:
    """Encoded as it stood there: a length in more bytes than it needs makes no other key of it."""
    if part.tag != SEQUENCE:
        raise Garbled("a security info holds no key or parameters where they belong")
    return write(SEQUENCE, part.value)


def _oid(part: Tlv) -> str:
    if part.tag != OID or not 1 <= len(part.value) <= MAX_OID_BYTES or part.value[-1] & 0x80:
        raise Garbled("a security info has no object identifier where one belongs")
    with reading("an object identifier"):
        dotted: str = core.ObjectIdentifier(contents=part.value).dotted
    return dotted
