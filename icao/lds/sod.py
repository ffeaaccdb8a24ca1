"""What does EF.SOD say, and who says it? (Doc 9303-10, 4.6.2: a CMS SignedData around the hashes of the data groups)

Real ones differ in every way the standard allows and in some it does not (``icao.pki.cms``); here it is the content:
four types of it, and two versions of the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icao.der import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Fields, Part, elements, integer, oid, only
from icao.lds.files import EF_SOD
from icao.pki.cms import SignedData, SignerInfo, parse_signed_data
from icao.tlv import Garbled

MAX_SOD_BYTES: Final = 256 * 1024
LAST_DATA_GROUP: Final = 16

# eContentType: ICAO's own, what came before it (BE, FR), what Sdu wrote (NL), and plain id-data (CN).
CONTENT_TYPES: Final = frozenset(
    {"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1", "1.2.840.113549.1.7.1"},
)


@dataclass(frozen=True, slots=True, repr=False)
class Sod:
    """``hashes`` is what its signer vouches for: a hash for each data group, by number."""

    signed: SignedData
    signer_info: SignerInfo
    hash_algorithm: str  # an OID; may differ from the signature's
    hashes: Mapping[int, bytes]
    lds_version: str = ""
    """Of LDS 1.8, where it is signed: ``"0108"``; empty before, where it stands only in EF.COM."""


def parse_sod(file: bytes) -> Sod:
    """Raises Garbled."""
    if len(file) > MAX_SOD_BYTES:
        raise Garbled(f"EF.SOD has {len(file)} bytes, and {MAX_SOD_BYTES} is the most that is read")
    # Tools that export it often leave the file's own tag away.
    bare = file[:1] == bytes([SEQUENCE])
    signed = parse_signed_data(file if bare else only(file, EF_SOD.tag).value)
    if len(signed.signers) != 1:
        raise Garbled(f"EF.SOD has {len(signed.signers)} signers instead of one")
    if signed.content_type not in CONTENT_TYPES:
        raise Garbled(f"EF.SOD signs content of the type {signed.content_type}")
    return _read(signed, signed.signers[0])


def _read(signed: SignedData, signer: SignerInfo) -> Sod:
    """LDSSecurityObject (Doc 9303-10, 4.6.2.3): version, hash algorithm, a number and a hash for each data group."""
    fields = Fields(only(signed.content, SEQUENCE).value)
    integer(fields.next(INTEGER))
    algorithm = oid(fields.inside(SEQUENCE).next(OBJECT_IDENTIFIER))
    hashes = _hashes(fields.next(SEQUENCE))
    version = fields.optional(SEQUENCE)
    return Sod(
        signed=signed,
        signer_info=signer,
        hash_algorithm=algorithm,
        hashes=hashes,
        lds_version="" if version is None else _version(Fields(version.value)),
    )


def _hashes(part: Part) -> Mapping[int, bytes]:
    hashes: dict[int, bytes] = {}
    for pair in elements(part.value, LAST_DATA_GROUP):
        fields = Fields(pair.value)
        group, digest = integer(fields.next(INTEGER)), fields.next(OCTET_STRING).value
        if not 1 <= group <= LAST_DATA_GROUP or group in hashes or fields.left:
            raise Garbled("the security object's list of data groups is wrong")
        hashes[group] = digest
    return hashes


def _version(fields: Fields) -> str:
    return fields.next().value.decode("latin-1")
