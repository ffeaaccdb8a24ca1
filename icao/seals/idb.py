"""What does a barcode of ICAO's datastructure say? Text: a flag, then base32 of header, messages and signature.

ICAO TR "ICAO Datastructure for Barcode" (IDB), version 1. The packed form is opened no further than a limit.
``header``, ``message`` and ``seal`` are the signer's side of the same wire.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable
from datetime import date
from typing import Final

from icao.seals import c40, dates
from icao.seals.features import IDB_MESSAGES, NATIONAL_FROM, Content, read_content
from icao.seals.objects import SealObject, read_objects, write_object
from icao.seals.seal import MAX_SEAL_BYTES, Kind, NotASeal, Seal, SignerReference, codes_of_zone
from icao.seals.vds import issuers
from icao.tlv import Garbled

PREFIXES: Final = ("RDB1", "NDB1")  # the second is what drafts of the report wrote
FLAG_ZERO: Final = ord("A")
SIGNED, PACKED = 1, 2
MESSAGES, CERTIFICATE, SIGNATURE = 0x61, 0x7E, 0x7F
COUNTRY_BYTES: Final = 2
SIGNED_HEADER_BYTES: Final = 12  # country, algorithm, end of the certificate's SHA-1, masked date
SHA1_END_BYTES: Final = 5
DIGEST_BITS: Final = {1: 256, 2: 384, 3: 512}  # ECDSA with SHA-2
BASE32_BLOCK: Final = 8


def parse(text: str) -> Seal:
    """Raises NotASeal, Garbled."""
    if text[:4] not in PREFIXES:
        raise NotASeal("the text does not begin with RDB1, as ICAO's datastructure for barcodes does")
    flags = ord(text[4:5] or "\0") - FLAG_ZERO
    if flags not in range(4) or len(text) > MAX_SEAL_BYTES:
        raise Garbled("the barcode's flag is unknown, or it is too long")
    payload = _base32(text[5:])
    return _read(unpack(payload) if flags & PACKED else payload, signed=bool(flags & SIGNED))


def unpack(packed: bytes) -> bytes:
    """Raises Garbled when it is not packed by zlib, whole and alone, or would grow beyond a seal's size."""
    opener = zlib.decompressobj()
    try:
        data = opener.decompress(packed, MAX_SEAL_BYTES)
    except zlib.error:
        raise Garbled("the packed barcode cannot be opened") from None
    # A few bytes may claim to be gigabytes: whoever is not finished within the limit is refused.
    if not opener.eof or opener.unused_data:
        raise Garbled("the packed barcode is cut off, too large, or has something behind it")
    return data


def header(country: str, digest_bits: int = 0, sha1_end: bytes = b"", signed_on: date | None = None) -> bytes:
    """``digest_bits`` 0 and no date: an unsigned one."""
    short = c40.encode(country.ljust(3, "<"))
    if signed_on is None:
        return short
    algorithm = next(number for number, bits in DIGEST_BITS.items() if bits == digest_bits)
    return short + bytes([algorithm]) + sha1_end + dates.encode_masked_date(signed_on.isoformat())


def message(header: bytes, messages: Iterable[tuple[int, bytes]]) -> bytes:
    """What is signed."""
    return header + write_object(MESSAGES, b"".join(write_object(tag, value) for tag, value in messages))


def seal(signed: bytes, signature: bytes = b"", certificate: bytes = b"", *, packed: bool = False) -> str:
    """The text that goes into the barcode."""
    payload = signed
    payload += write_object(CERTIFICATE, certificate) if certificate else b""
    payload += write_object(SIGNATURE, signature) if signature else b""
    flags = (SIGNED if signature else 0) | (PACKED if packed else 0)
    body = zlib.compress(payload, 9) if packed else payload
    return PREFIXES[0] + chr(FLAG_ZERO + flags) + base64.b32encode(body).decode().rstrip("=")


def _base32(text: str) -> bytes:
    try:
        data = base64.b32decode(text + "=" * (-len(text) % BASE32_BLOCK))
    except (binascii.Error, ValueError):
        raise Garbled("the barcode is no base32 text") from None
    if base64.b32encode(data).decode().rstrip("=") != text:
        raise Garbled("the barcode's base32 text is not in its only form")
    return data


def _read(payload: bytes, *, signed: bool) -> Seal:
    begin = SIGNED_HEADER_BYTES if signed else COUNTRY_BYTES
    if len(payload) < begin:
        raise Garbled("the barcode's header is cut off")
    country = c40.decode(payload[:COUNTRY_BYTES]).rstrip()
    group, certificate, signature = _parts(read_objects(payload, begin), signed=signed)
    messages = read_objects(group.value)
    content = read_content(messages, IDB_MESSAGES)
    algorithm, end, day = payload[2:3], payload[3:8], payload[8:12]
    return Seal(
        kind=Kind.IDB,
        type=_type(messages),
        country=country,
        fields=content.fields,
        signed=_signed_readings(payload, group, certificate),
        signature=signature.value if signature else b"",
        reference=SignerReference(min(issuers(country), default=""), sha1_end=end if signed else b""),
        signed_on=_day(day) if signed else None,
        digest_bits=_digest_bits(algorithm[0]) if signed else 0,
        certificate=certificate.value if certificate else None,
        zone=content.zone,
        attached_to=_attached(messages, content),
        document_codes=codes_of_zone(content.zone),
    )


def _parts(objects: tuple[SealObject, ...], *, signed: bool) -> tuple[SealObject, SealObject | None, SealObject | None]:
    """Messages, certificate, signature, in this order and nothing else."""
    found = {one.tag: one for one in objects}
    order = [tag for tag in (MESSAGES, CERTIFICATE, SIGNATURE) if tag in found]
    if list(found) != order or MESSAGES not in found or signed != (SIGNATURE in found):
        raise Garbled("the barcode's parts are not messages, certificate and signature")
    return found[MESSAGES], found.get(CERTIFICATE), found.get(SIGNATURE)


def _signed_readings(payload: bytes, group: SealObject, certificate: SealObject | None) -> tuple[bytes, ...]:
    """Header and messages; where the certificate stands in the barcode, some may sign it along."""
    readings = [payload[: group.end]]
    if certificate is not None:
        readings.append(payload[: certificate.end])
    return tuple(readings)


def _type(messages: tuple[SealObject, ...]) -> str:
    """The first message that names a document; national ones by their number."""
    for one in messages:
        feature = IDB_MESSAGES.get(one.tag)
        if feature is not None and one.tag < NATIONAL_FROM and feature.coding in ("visa", "emergency", "bytes"):
            return feature.name.replace("_", "-")
    national = next((one.value for one in messages if IDB_MESSAGES.get(one.tag, None) == IDB_MESSAGES[0x86]), b"")
    return f"national-{national[0]}" if len(national) == 1 else "unknown"


def _attached(messages: tuple[SealObject, ...], content: Content) -> str:
    return content.value("passport_number" if messages[0].tag == 0x01 else "document_number") if messages else ""


def _digest_bits(algorithm: int) -> int:
    if algorithm not in DIGEST_BITS:
        raise Garbled("the barcode's signature algorithm is unknown")
    return DIGEST_BITS[algorithm]


def _day(masked: bytes) -> date:
    if masked[0]:
        raise Garbled("the day of the signature is not a whole date")
    return dates.decode_date(masked[1:])
