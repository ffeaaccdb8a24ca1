"""What does a visible digital seal say? Header, features, signature, in bytes. (Doc 9303-13, 2; BSI TR-03137-1, 3)

``header`` and ``seal`` are the signer's side of the same wire.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.mrz.codes import certificate_countries
from icao.seals import c40, dates
from icao.seals.features import UNKNOWN, VDS_PROFILES, read_content
from icao.seals.objects import read_objects, write_object
from icao.seals.seal import MAX_SEAL_BYTES, Kind, NotASeal, Seal, SignerReference, codes_of_zone
from icao.tlv import Garbled

MAGIC: Final = 0xDC
VERSION_3, VERSION_4 = 0x02, 0x03  # the byte counts from zero
SIGNATURE: Final = 0xFF
SIGNER_CHARACTERS: Final = 4  # two of the country, two of the signer
FIXED_REFERENCE: Final = 5  # characters of version 3
LENGTH_CHARACTERS: Final = 2
MAX_REFERENCE: Final = 40  # characters; a serial number has 20 bytes (RFC 5280, 4.1.2.2)
TAIL_BYTES: Final = 2 * dates.DATE_BYTES + 2  # what the header ends with


@dataclass(frozen=True, slots=True)
class Header:
    """``references`` are the readings of the certificate reference, in hexadecimal digits, the likely one first."""

    country: str
    signer: str
    references: tuple[str, ...]
    issued_on: date
    signed_on: date
    definition: int
    category: int
    end: int


def parse(data: bytes) -> Seal:
    """Raises NotASeal, Garbled."""
    if not data or data[0] != MAGIC:
        raise NotASeal("the bytes do not begin with DC, as a visible digital seal does")
    if len(data) > MAX_SEAL_BYTES:
        raise Garbled("the bytes are more than a barcode can hold")
    header = _header(data)
    *objects, last = read_objects(data, header.end) or (None,)
    if last is None or last.tag != SIGNATURE:
        raise Garbled("the seal does not end in a signature")
    profile = VDS_PROFILES.get((header.definition, header.category), UNKNOWN)
    content = read_content(objects, profile.features)
    return Seal(
        kind=Kind.VDS,
        type=profile.type,
        country=header.country,
        fields=content.fields,
        signed=(data[: last.start],),
        signature=last.value,
        reference=_reference(header),
        issued_on=header.issued_on,
        signed_on=header.signed_on,
        zone=content.zone,
        attached_to=content.value(profile.attached),
        document_codes=profile.codes or codes_of_zone(content.zone),
    )


def header(
    country: str, signer: str, reference: str, issued_on: date, signed_on: date, kind: tuple[int, int], version: int = 4
) -> bytes:
    """``signer`` is the country and two letters, ``reference`` the serial in hex, ``kind`` a key of VDS_PROFILES."""
    written = f"{len(reference):02X}{reference}" if version == 4 else reference.rjust(FIXED_REFERENCE, "0")
    return (
        bytes([MAGIC, version - 1])
        + c40.encode(country.ljust(3, "<"))
        + c40.encode((signer + written).upper())
        + dates.encode_date(issued_on)
        + dates.encode_date(signed_on)
        + bytes(kind)
    )


def message(header: bytes, features: Iterable[tuple[int, bytes]]) -> bytes:
    """What is signed."""
    return header + b"".join(write_object(tag, value) for tag, value in features)


def seal(signed: bytes, signature: bytes) -> bytes:
    """The bytes that go into the barcode; ``signature`` is r and s, each as long as the curve's order."""
    return signed + write_object(SIGNATURE, signature)


def _header(data: bytes) -> Header:
    if len(data) < 10 or data[1] not in (VERSION_3, VERSION_4):
        raise Garbled("the header is cut off, or of an unknown version")
    country = c40.decode(data[2:4]).rstrip()
    if data[1] == VERSION_3:
        text, end = c40.decode(data[4:10]), 10
        references: tuple[str, ...] = (text[SIGNER_CHARACTERS:],)
    else:
        text, references, end = _open_reference(data)
    tail = data[end : end + TAIL_BYTES]
    if len(tail) != TAIL_BYTES or not country.isalpha():
        raise Garbled("the header is cut off, or names no country")
    return Header(
        country=country,
        signer=text[:SIGNER_CHARACTERS],
        references=references,
        issued_on=dates.decode_date(tail[:3]),
        signed_on=dates.decode_date(tail[3:6]),
        definition=tail[6],
        category=tail[7],
        end=end + TAIL_BYTES,
    )


def _open_reference(data: bytes) -> tuple[str, tuple[str, ...], int]:
    """Version 4: two hexadecimal digits say how long the reference is; it begins with the next pair of bytes."""
    text = c40.decode(data[4:8])
    digits = text[SIGNER_CHARACTERS : SIGNER_CHARACTERS + LENGTH_CHARACTERS]
    length = _hexadecimal(digits)
    if length is None or not 0 < length <= MAX_REFERENCE:
        raise Garbled("the certificate reference has an impossible length")
    end = 8 + (length + 2) // 3 * 2
    reference = c40.decode(data[8:end])
    if len(reference) < length:
        raise Garbled("the certificate reference is cut off")
    readings = [reference[:length]]
    if len(digits + reference) == FIXED_REFERENCE:
        # German arrival attestations say version 4 and write the five characters of version 3.
        readings.append(digits + reference)
    return text, tuple(readings), end


def _reference(header: Header) -> SignerReference:
    serials = [_hexadecimal(reference.strip()) for reference in header.references]
    return SignerReference(
        country=header.signer[:2],
        name=header.signer[2:],
        serials=tuple(serial for serial in serials if serial is not None),
    )


def _hexadecimal(text: str) -> int | None:
    return int(text, 16) if text and set(text) <= set("0123456789ABCDEF") else None


def issuers(country: str) -> frozenset[str]:
    """The two-letter codes that a signer for this country may bear; a code of two letters stands for itself.

    >>> sorted(issuers("D")), sorted(issuers("UT"))
    (['DE'], ['UT'])
    """
    return certificate_countries(country) or (frozenset((country,)) if len(country) == 2 else frozenset())
