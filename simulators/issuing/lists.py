"""Which lists do states hand round? CSCA certificates that one state vouches for, and documents that came out wrong.

(Doc 9303-12, 9: CSCA Master List; Doc 9303-12, 10: Deviation List)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import core, x509

from icao.tlv import write
from simulators.issuing.cms import signed_data
from simulators.issuing.state import Signer

MASTER_LIST: Final = "2.23.136.1.1.2"
DEVIATION_LIST: Final = "2.23.136.1.1.7"

# Doc 9303-12, appendix on deviation lists: what came out wrong.
DS_SIGNATURE_WRONG: Final = "2.23.136.1.1.7.1.1"
AA_KEY_COMPROMISED: Final = "2.23.136.1.1.7.1.4"
GROUP_HASH_WRONG: Final = "2.23.136.1.1.7.2.2"
SOD_SIGNATURE_WRONG: Final = "2.23.136.1.1.7.2.3"
CHECK_DIGIT_WRONG: Final = "2.23.136.1.1.7.3.2"

SEQUENCE, SET, INTEGER, PRINTABLE, TIME = 0x30, 0x31, 0x02, 0x13, 0x18


def master_list(
    certificates: Iterable[bytes], signer: Signer, signed_at: datetime | None, embedded: Sequence[bytes] = ()
) -> bytes:
    """CscaMasterList ::= SEQUENCE { version 0, SET OF Certificate }, signed. ``embedded``: CSCAs beside the signer."""
    content = write(INTEGER, b"\0") + write(SET, b"".join(sorted(certificates)))
    return signed_data(MASTER_LIST, write(SEQUENCE, content), signer, signed_at, embedded)


@dataclass(frozen=True, slots=True)
class Deviation:
    """Which documents are meant (every condition that is given must hold), and what is wrong with them."""

    kind: str
    signer: bytes | None = None  # the certificate of the document signer
    issued: tuple[datetime, datetime] | None = None
    document_type: str = ""
    numbers: tuple[str, ...] = ()
    description: str = ""


def deviation_list(deviations: Iterable[Deviation], signer: Signer, signed_at: datetime | None) -> bytes:
    """DeviationList ::= SEQUENCE { version 0, SET OF Deviation }, signed."""
    content = write(INTEGER, b"\0") + write(SET, b"".join(sorted(map(_deviation, deviations))))
    return signed_data(DEVIATION_LIST, write(SEQUENCE, content), signer, signed_at)


def _deviation(one: Deviation) -> bytes:
    said = write(PRINTABLE, one.description.encode("ascii")) if one.description else b""
    description = write(SEQUENCE, said + core.ObjectIdentifier(one.kind).dump())
    return write(SEQUENCE, write(SEQUENCE, _documents(one)) + write(SET, description))


def _documents(one: Deviation) -> bytes:
    """DeviationDocuments: all four fields are optional and implicitly tagged, [0], the choice [1] to [3], [4], [5]."""
    made = write(0x80, one.document_type.encode("ascii")) if one.document_type else b""
    if one.signer is not None:
        parsed = x509.Certificate.load(one.signer)
        made += write(0xA1, parsed.issuer.dump() + core.Integer(parsed.serial_number).dump())
    if one.issued is not None:
        made += write(0xA4, b"".join(write(TIME, f"{day:%Y%m%d%H%M%SZ}".encode()) for day in one.issued))
    if one.numbers:
        made += write(0xA5, b"".join(write(PRINTABLE, number.encode("ascii")) for number in sorted(one.numbers)))
    return made
