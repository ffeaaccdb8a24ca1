"""How does a state seal its papers? A seal signer below its CSCA, and one function for each kind of seal and picture.

Doc 9303-13; BSI TR-03137-1; ICAO TRs "ICAO Datastructure for Barcode" and "VDS-NC". The bytes come from ``icao.seals``,
where the reader's side stands beside them.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha1
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID, ObjectIdentifier

from icao.seals import c40, features, idb, vds, vds_nc
from icao.seals.signature import digest_bits
from icao.tlv import write
from simulators.issuing.certificates import DOCUMENT_TYPES, Issuer, Period, certify, signing_usage
from simulators.issuing.states import StateSpec

SEAL_SIGNING: Final = "2.23.136.1.1.11.1"  # extended key usages
VDS_NC_SIGNING: Final = "2.23.136.1.1.14.2"

VISA: Final = (0x5D, 0x01)  # keys of icao.seals.features.VDS_PROFILES
EMERGENCY: Final = (0x5E, 0x03)
ARRIVAL: Final = (0xFD, 0x02)
RESIDENCE: Final = (0xFB, 0x06)
ADDRESS: Final = (0xF9, 0x08)
SOCIAL: Final = (0xFC, 0x04)

HASHES: Final = {224: hashes.SHA224(), 256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
SCALE_PIXELS: Final = 5  # of one module in a picture


@dataclass(frozen=True, slots=True, repr=False)
class SealSigner:
    """``name`` are the two letters that, with the serial, a VDS names its signer by."""

    state: StateSpec
    name: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def curve_bytes(self) -> int:
        return (self.key.curve.key_size + 7) // 8

    def sign(self, message: bytes, bits: int = 0) -> bytes:
        """r and s, each as long as the curve; ``bits`` of the digest 0: as the curve has it."""
        digest = HASHES[bits or digest_bits(self.curve_bytes)]
        numbers = decode_dss_signature(self.key.sign(message, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(self.curve_bytes, "big") for number in numbers)


def make_seal_signer(
    issuer: Issuer,
    state: StateSpec,
    period: Period,
    codes: Iterable[str],
    *,
    purpose: str = SEAL_SIGNING,
    curve: ec.EllipticCurve | None = None,
    name: str = "SE",
    serial: int = 0x27,
) -> SealSigner:
    """``codes``: the document types it seals, as a zone has them; no ``purpose``: no extended key usage."""
    key = ec.generate_private_key(curve or ec.BrainpoolP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, state.country), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    extensions = [signing_usage()]
    if purpose:
        extensions.append((x509.ExtendedKeyUsage([ObjectIdentifier(purpose)]), False))
    if types := document_types(codes):
        extensions.append((x509.UnrecognizedExtension(DOCUMENT_TYPES, types), False))
    return SealSigner(state, name, certify(issuer, subject, key, period, extensions, serial), key)


def document_types(codes: Iterable[str]) -> bytes:
    """Doc 9303-12, 7.1.1.6: a version and a set of codes; nothing for no codes."""
    listed = b"".join(sorted(write(0x13, code.encode()) for code in codes))
    return write(0x30, write(0x02, b"\0") + write(0x31, listed)) if listed else b""


# --- VDS ---
def vds_seal(
    signer: SealSigner, kind: tuple[int, int], content: Iterable[tuple[int, bytes]], on: date, version: int = 4
) -> bytes:
    """Sealed and signed on one day."""
    reference = f"{signer.certificate.serial_number:X}"
    head = vds.header(signer.state.code, signer.state.country + signer.name, reference, on, on, kind, version)
    message = vds.message(head, content)
    return vds.seal(message, signer.sign(message))


def visa_features(zone: tuple[str, ...], passport_number: str, days: int, entries: int = 1) -> list[tuple[int, bytes]]:
    """``zone``: that of the visa, MRV-A or MRV-B."""
    tag, format = (1, "MRVA") if len(zone[0]) == 44 else (2, "MRVB")
    return [
        (tag, features.encode_zone(zone, format)),
        (3, bytes([entries])),
        (4, bytes([days, 0, 0])),
        (5, c40.encode(passport_number.ljust(9, "<"))),
    ]


def zone_features(zone: tuple[str, ...], number: str = "") -> list[tuple[int, bytes]]:
    """Emergency travel documents, residence permits and arrival attestations: a TD2 zone, and a number but for the
    first."""
    numbered = [(3, c40.encode(number))] if number else []
    return [(2, features.encode_zone(zone, "TD2")), *numbered]


def sticker_features(document_number: str, municipality: str, address: str) -> list[tuple[int, bytes]]:
    return [(tag, c40.encode(text)) for tag, text in enumerate((document_number, municipality, address), start=1)]


def social_features(number: str, surname: str, first_name: str) -> list[tuple[int, bytes]]:
    return [(1, c40.encode(number)), (2, surname.encode()), (3, first_name.encode())]


# --- ICAO datastructure for barcode ---
def idb_seal(
    signer: SealSigner,
    messages: Iterable[tuple[int, bytes]],
    on: date,
    *,
    packed: bool = False,
    certified: bool = False,
) -> str:
    """``certified``: with the signer's certificate in it."""
    bits = max(256, digest_bits(signer.curve_bytes))
    end = sha1(signer.der, usedforsecurity=False).digest()[-idb.SHA1_END_BYTES :]
    message = idb.message(idb.header(signer.state.code, bits, end, on), messages)
    return idb.seal(message, signer.sign(message, bits), signer.der if certified else b"", packed=packed)


def unsigned_idb(country: str, messages: Iterable[tuple[int, bytes]], *, packed: bool = False) -> str:
    return idb.seal(idb.message(idb.header(country), messages), packed=packed)


# --- VDS-NC ---
def vds_nc_seal(signer: SealSigner, type: str, message: Mapping[str, Any]) -> str:  # Any: JSON
    data = {"hdr": {"t": type, "v": 1, "is": signer.state.code}, "msg": message}
    bits = max(256, digest_bits(signer.curve_bytes))
    return vds_nc.seal(data, bits, signer.der, signer.sign(vds_nc.canonical(data), bits))


# --- pictures ---
def picture(content: bytes | str, symbology: str = "DataMatrix", scale: int = SCALE_PIXELS) -> bytes:
    """A PNG of the barcode: DataMatrix, QRCode, Aztec or PDF417."""
    import numpy
    import zxingcpp
    from PIL import Image

    code = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, symbology))
    drawn = io.BytesIO()
    Image.fromarray(numpy.asarray(code.to_image(scale=scale))).save(drawn, "PNG")
    return drawn.getvalue()
