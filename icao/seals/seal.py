"""What is a seal, whichever way it is written? What it says, who is said to have signed it, and what was signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha1
from typing import Final

from icao.pki.certificates import Certificate
from icao.tlv import Garbled

MAX_SEAL_BYTES: Final = 16 * 1024  # the largest barcode holds 3 KB; JSON of two codes and a certificate 8 KB
COMMON_NAME: Final = "2.5.4.3="  # as icao.pki.names writes it


class Kind(StrEnum):
    VDS = "vds"  # Doc 9303-13, BSI TR-03137
    IDB = "idb"  # ICAO TR Datastructure for Barcode
    VDS_NC = "vds-nc"  # ICAO TR VDS-NC: for non-constrained environments


class NotASeal(Garbled):
    """These bytes do not even begin like a seal."""


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """One statement of a seal, as an inspector reads it. ``known`` is False where only the bytes are shown, in hex."""

    name: str
    value: str | int | bool
    known: bool = True

    def __repr__(self) -> str:  # Values hold names and numbers.
        return f"Field({self.name})"


@dataclass(frozen=True, slots=True)
class SignerReference:
    """How a seal names its signer's certificate: by name and serial (VDS), or by the end of its SHA-1 (IDB)."""

    country: str  # two letters
    name: str = ""
    serials: tuple[int, ...] = ()
    sha1_end: bytes = b""

    def names(self, certificate: Certificate) -> bool:
        """Whether the certificate is one that may be meant; only a signature proves that it is."""
        if certificate.authority or certificate.country != self.country:
            return False
        if self.sha1_end:
            return sha1(certificate.der, usedforsecurity=False).digest().endswith(self.sha1_end)
        return certificate.serial in self.serials and common_name(certificate) == self.name.casefold()

    def __str__(self) -> str:
        if self.sha1_end:
            return f"{self.country} {self.sha1_end.hex()}"
        name = self.country + self.name.upper()
        return f"{name} {self.serials[0]:X}" if self.serials else name


@dataclass(frozen=True, slots=True, repr=False)
class Seal:
    """A seal, read. ``signature`` is r and s one behind the other, empty when nobody signed.

    ``signed`` holds what the signature may cover: more than one reading where implementations differ. ``digest_bits``
    0: as the length of the signature says (Doc 9303-13, 2.4). ``zone`` is a machine readable zone, as much of it as
    the seal keeps; ``attached_to`` the number of the document that the sealed paper belongs to. ``document_codes`` are
    those that a signer's certificate may name for this type (Doc 9303-12, 7.1.1.6); none when no table knows them.
    """

    kind: Kind
    type: str
    country: str  # as the zone writes it, without fillers
    fields: tuple[Field, ...]
    signed: tuple[bytes, ...]
    signature: bytes
    reference: SignerReference
    issued_on: date | None = None
    signed_on: date | None = None
    digest_bits: int = 0
    certificate: bytes | None = None
    zone: tuple[str, ...] = ()
    attached_to: str = ""
    document_codes: frozenset[str] = frozenset()

    def __repr__(self) -> str:  # No name or number in a log.
        return f"Seal({self.kind}, {self.type}, {self.country})"


def common_name(certificate: Certificate) -> str:
    """The CN of its subject, as it is compared; empty when there is none."""
    parts = certificate.subject.split("\n")
    return next((part.removeprefix(COMMON_NAME) for part in parts if part.startswith(COMMON_NAME)), "")


def codes_of_zone(zone: Sequence[str]) -> frozenset[str]:
    """What a signer of a document with this zone may be for: its code, or the letter that begins it.

    >>> sorted(codes_of_zone(["VCUTOERIKSSON", ""]))
    ['V', 'VC']
    """
    code = zone[0][:2].rstrip("<") if zone else ""
    return frozenset((code, code[:1])) if code else frozenset()
