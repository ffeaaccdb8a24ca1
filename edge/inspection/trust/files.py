"""What is this file? Told by its bytes, whatever it is called: certificates, lists, or a directory full of both."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from icao.der import GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, UTC_TIME, Fields, definite, oid, only
from icao.pki.cms import SIGNED_DATA
from icao.pki.crl import MAX_OBJECTS
from icao.pki.deviation_list import DEVIATION_LIST
from icao.pki.ldif import MAX_LDIF_BYTES, Item, looks_like_ldif, read_ldif
from icao.pki.ldif import Kind as LdifKind
from icao.pki.master_list import MASTER_LIST
from icao.tlv import Garbled

MAX_FILE_BYTES: Final = MAX_LDIF_BYTES
MAX_PEM_BLOCKS: Final = 4096

# A block ends at the next five dashes, and nothing is looked at twice: a megabyte of beginnings takes no minutes.
PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s([^-]*+(?:-(?!----)[^-]*+)*+)-----END \1-----")


class Kind(StrEnum):
    CERTIFICATE = "certificate"  # by hand: whoever imports it says that he trusts it
    LISTED = "listed certificate"  # out of a directory, for which nobody vouches
    CRL = "revocation list"
    MASTER_LIST = "master list"
    DEVIATION_LIST = "deviation list"


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """One object of a file; ``line`` where it stands in LDIF, 0 elsewhere."""

    kind: Kind
    content: bytes
    version: int | None = None
    line: int = 0


PEM_LABELS: Final = {
    b"CERTIFICATE": Kind.CERTIFICATE,
    b"X509 CERTIFICATE": Kind.CERTIFICATE,
    b"X509 CRL": Kind.CRL,
    b"CMS": None,  # look inside
    b"PKCS7": None,
}
OF_LDIF: Final = {
    LdifKind.SIGNER: Kind.LISTED,
    LdifKind.AUTHORITY: Kind.LISTED,
    LdifKind.REVOCATION_LIST: Kind.CRL,
    LdifKind.MASTER_LIST: Kind.MASTER_LIST,
}


def pieces(data: bytes) -> list[Piece]:
    """All that the file holds, at least one. Raises Garbled: the file is nothing that a trust store could use."""
    if not data.strip():
        raise Garbled("the file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise Garbled(f"the file is larger than {MAX_FILE_BYTES} bytes")
    if data.startswith(b"PK\x03\x04"):
        raise Garbled("the file is a ZIP archive, which must be unpacked first")
    if looks_like_ldif(data):
        return list(map(_of_ldif, read_ldif(data))) or _nothing("the LDIF holds no certificates and no lists")
    if b"-----BEGIN " in data[:65536]:
        return list(_pem(data)) or _nothing("the PEM holds no certificates or lists")
    return [Piece(kind_of(data), data)]


def kind_of(encoded: bytes) -> Kind:
    """By the first fields of what claims to be DER or BER. Raises Garbled."""
    try:
        fields = Fields(only(definite(encoded, MAX_OBJECTS), SEQUENCE).value)  # a revocation list has the most
        first = fields.next(SEQUENCE, OBJECT_IDENTIFIER)
        if first.tag == OBJECT_IDENTIFIER:
            return _kind_of_message(oid(first), fields)
        return Kind.CRL if _is_dated(Fields(first.value)) else Kind.CERTIFICATE
    except Garbled:
        raise Garbled("the file is no certificate, no list of any kind that is known, and no LDIF") from None


def _kind_of_message(content_type: str, fields: Fields) -> Kind:
    if content_type != SIGNED_DATA:
        raise Garbled("no signed data")
    signed = Fields(only(fields.next(0xA0).value, SEQUENCE).value)
    signed.next(INTEGER)
    signed.next(SET)
    match oid(signed.inside(SEQUENCE).next(OBJECT_IDENTIFIER)):
        case str(found) if found == MASTER_LIST:
            return Kind.MASTER_LIST
        case str(found) if found == DEVIATION_LIST:
            return Kind.DEVIATION_LIST
    raise Garbled("other content")


def _is_dated(fields: Fields) -> bool:
    """Behind its issuer a revocation list says when it was issued, and a certificate from when to when it is valid."""
    if fields.optional(0xA0) is not None:
        return False
    fields.optional(INTEGER)
    fields.next(SEQUENCE)
    fields.next(SEQUENCE)
    return fields.next().tag in (UTC_TIME, GENERALIZED_TIME)


def _pem(data: bytes) -> Iterator[Piece]:
    """Block by block; what the label says is believed, so that an odd certificate is still one."""
    for number, found in enumerate(PEM.finditer(data)):
        if number == MAX_PEM_BLOCKS:
            raise Garbled(f"more than {MAX_PEM_BLOCKS} blocks of PEM")
        if found[1] not in PEM_LABELS:
            continue
        try:
            content = b64decode(b"".join(found[2].split()), validate=True)
        except (binascii.Error, ValueError):
            raise Garbled("the PEM is not in base64") from None
        yield Piece(PEM_LABELS[found[1]] or kind_of(content), content)


def _of_ldif(item: Item) -> Piece:
    return Piece(OF_LDIF[item.kind], item.content, item.version, item.line)


def _nothing(why: str) -> list[Piece]:
    raise Garbled(why)
