"""What does a seal for non-constrained environments say? JSON that carries its signer's certificate. (ICAO TR VDS-NC)

Signed is the canonical form (RFC 8785) of ``data``. Nothing may stand beside what was signed. ``seal`` is the signer's
side of the same wire.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import rfc8785

from icao.pki.certificates import parse_certificate
from icao.seals import strict_json
from icao.seals.seal import MAX_SEAL_BYTES, Field, Kind, NotASeal, Seal, SignerReference, common_name
from icao.tlv import Garbled

DIGEST_BITS: Final = {"ES256": 256, "ES384": 384, "ES512": 512}
MAX_FIELDS: Final = 256
MAX_TYPE_CHARACTERS: Final = 40

# Document types of the signers (ICAO TR VDS-NC, certificate profile).
DOCUMENT_CODES: Final = {"icao.vacc": frozenset({"NV"}), "icao.test": frozenset({"NT"})}
# Where the number of the holder's travel document stands in the message.
NUMBER_FIELDS: Final = ("pid.i", "pid.dn")

Json = Any  # Any: JSON has no type of its own


def parse(text: str) -> Seal:
    """Raises NotASeal, Garbled."""
    if not text.lstrip().startswith("{"):
        raise NotASeal("the text is no JSON object")
    if len(text) > MAX_SEAL_BYTES:
        raise Garbled("the JSON is longer than a seal can be")
    outer = _members(strict_json.loads(text), {"data", "sig"})
    data, signature = _members(outer["data"], {"hdr", "msg"}), _members(outer["sig"], {"alg", "cer", "sigvl"})
    header = _members(data["hdr"], {"t", "v", "is"})
    type, country = _text(header["t"]), _text(header["is"])
    if header["v"] != 1 or isinstance(header["v"], bool):
        raise Garbled("the seal is of an unknown version")
    certificate = _base64(signature["cer"])
    signer = parse_certificate(certificate)
    fields = tuple(_fields(data["msg"], ""))
    return Seal(
        kind=Kind.VDS_NC,
        type=type,
        country=country.rstrip("<"),
        fields=fields,
        signed=(canonical(data),),
        signature=_base64(signature["sigvl"]),
        reference=SignerReference(signer.country, common_name(signer), (signer.serial,)),
        digest_bits=_digest_bits(signature["alg"]),
        certificate=certificate,
        attached_to=next((str(field.value) for field in fields if field.name in NUMBER_FIELDS), ""),
        document_codes=DOCUMENT_CODES.get(type, frozenset()),
    )


def canonical(data: Mapping[str, Json]) -> bytes:
    """RFC 8785. Raises Garbled when ``data`` has no canonical form."""
    try:
        return rfc8785.dumps(dict(data))
    except (rfc8785.CanonicalizationError, ValueError, RecursionError):
        raise Garbled("the JSON has no canonical form") from None


def seal(data: Mapping[str, Json], digest_bits: int, certificate: bytes, signature: bytes) -> str:
    """The text that goes into the barcode; ``signature`` is made over ``canonical(data)``."""
    algorithm = next(name for name, bits in DIGEST_BITS.items() if bits == digest_bits)
    cer, value = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (certificate, signature))
    outer = {"data": data, "sig": {"alg": algorithm, "cer": cer, "sigvl": value}}
    return json.dumps(outer, ensure_ascii=False, separators=(",", ":"))


def _members(value: Json, names: set[str]) -> dict[str, Json]:
    """An object with these members and no others."""
    if not isinstance(value, dict) or set(value) != names:
        raise Garbled(f"the JSON must hold {', '.join(sorted(names))}, and nothing else, in one place")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TYPE_CHARACTERS or not value.isprintable():
        raise Garbled("type or issuer of the seal is no short text")
    return value


def _digest_bits(algorithm: Json) -> int:
    if not isinstance(algorithm, str) or algorithm not in DIGEST_BITS:
        raise Garbled("the signature algorithm is none of ES256, ES384 and ES512")
    return DIGEST_BITS[algorithm]


def _base64(value: Json) -> bytes:
    """URL-safe as the report says, or plain as some write it; with or without its padding."""
    if not isinstance(value, str):
        raise Garbled("certificate and signature must be base64 text")
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Garbled("certificate and signature must be base64 text") from None
    if base64.b64encode(decoded).decode().rstrip("=") != plain:
        raise Garbled("base64 text ends in bits that belong to nothing")
    return decoded


def _fields(value: Json, name: str) -> Iterator[Field]:
    """The message as one flat list: ``pid.dob``, ``ve.1.vd.1.lot``."""
    for count, (path, leaf) in enumerate(_leaves(value, name)):
        if count == MAX_FIELDS:
            raise Garbled(f"the seal holds more than {MAX_FIELDS} statements")
        yield Field(path, leaf)


def _leaves(value: Json, name: str) -> Iterator[tuple[str, str | int | bool]]:
    if isinstance(value, Mapping | list):
        members = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
        for member, inner in members:
            yield from _leaves(inner, f"{name}.{member}" if name else str(member))
    else:
        yield name, value if isinstance(value, str | int) else json.dumps(value)
