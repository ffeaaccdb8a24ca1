"""Is this signed, and by whom? COSE_Sign1 (RFC 9052, 4.2) in the one form this contract knows.

Identity is what stands in the protected header under the signature; nothing is read from the unprotected one,
which must be empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from messages.cbor import Plain, byte_string, decode, encode
from messages.errors import Quarantine, Refused
from messages.keys import EDDSA, ControlKey, ControlRecord, DeviceKey, GatewayKey, GatewayRecord, KeyRecord, verified
from messages.topics import Channel, Topic

TAG: Final = b"\xd2"  # COSE_Sign1: tag 18
ALG, CONTENT_TYPE, KID = 1, 3, 4  # RFC 9052, 3.1
SIGNATURE_BYTES: Final = 64
SIGNATURE_1: Final = b"\x84\x6aSignature1"  # Sig_structure (RFC 9052, 4.4): a list of four, whose first is this text
Signer = DeviceKey | GatewayKey | ControlKey
Record = TypeVar("Record", KeyRecord, GatewayRecord, ControlRecord)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A COSE_Sign1 taken apart but not yet believed."""

    kid: str
    header: dict[int | str, Plain]
    protected: bytes
    payload: bytes
    signature: bytes


def sign(payload: bytes, key: Signer, header: dict[int | str, Plain], aad: bytes) -> bytes:
    """``header`` holds the content type and whatever else is to stand under the signature."""
    protected = encode({ALG: EDDSA, KID: key.kid.encode("ascii"), **header})
    signature = key.sign(_to_be_signed(protected, aad, payload))
    return TAG + encode([protected, {}, payload, signature])


def take_apart(data: bytes, limit_bytes: int) -> Envelope:
    """Length, shape, exact types: in that order, before any key is looked up."""
    if len(data) > limit_bytes:
        raise Refused(Quarantine.TOO_LARGE, f"over {limit_bytes} bytes")
    if not data.startswith(TAG):  # A MAC0 keyed with our public key (D19) ends here too: another tag.
        raise Refused(Quarantine.NOT_A_FRAME, "not a COSE_Sign1")
    match decode(data[len(TAG) :]):
        case [bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as signature]:
            return _envelope(protected, unprotected, payload, signature)
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "not the four parts of a COSE_Sign1")


def _envelope(protected: bytes, unprotected: object, payload: bytes, signature: bytes) -> Envelope:
    header = decode(protected)
    if unprotected or len(signature) != SIGNATURE_BYTES:  # An algorithm moved outside the signature (D20), a header
        raise Refused(Quarantine.NOT_A_FRAME, "unprotected header or signature length")  # slipped in (D23): no.
    if not isinstance(header, dict):
        raise Refused(Quarantine.NOT_A_FRAME, "protected header")
    match header:
        case {1: int(), 3: str(), 4: bytes() as kid}:
            return Envelope(kid.decode("ascii", "replace"), header, protected, payload, signature)
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "protected header")


def expect_header(envelope: Envelope, content_type: str, labels: set[int | str]) -> None:
    """The content type carries the version; a label nobody knows (``crit`` among them) is refused (D21)."""
    found = envelope.header[CONTENT_TYPE]
    if found != content_type:
        known = isinstance(found, str) and found.partition(";")[0] == content_type.partition(";")[0]
        raise Refused(Quarantine.UNKNOWN_VERSION if known else Quarantine.NOT_A_FRAME, "content type")
    if set(envelope.header) != {ALG, CONTENT_TYPE, KID} | labels:
        raise Refused(Quarantine.NOT_A_FRAME, "labels of the protected header")


def find_record(envelope: Envelope, keys: Mapping[str, Record]) -> Record:
    record = keys.get(envelope.kid)
    if record is None:
        raise Refused(Quarantine.UNKNOWN_KEY)
    if record.revoked:  # D30
        raise Refused(Quarantine.REVOKED_KEY)
    return record


def expect_topic(record: KeyRecord, topic: Topic, channel: Channel) -> None:
    """One identity in every place: key, topic, and where this device was enrolled (D01, D17)."""
    if topic != Topic(record.region, record.post, record.device, channel):
        raise Refused(Quarantine.WRONG_TOPIC, "the key belongs to another topic")


def expect_signature(envelope: Envelope, record: KeyRecord | GatewayRecord | ControlRecord, aad: bytes) -> None:
    """The algorithm is the key record's; a message that names another one is not believed."""
    message = _to_be_signed(envelope.protected, aad, envelope.payload)
    if envelope.header[ALG] != record.alg or not verified(record.public, message, envelope.signature):
        raise Refused(Quarantine.BAD_SIGNATURE)


def _to_be_signed(protected: bytes, aad: bytes, payload: bytes) -> bytes:
    return b"".join((SIGNATURE_1, byte_string(protected), byte_string(aad), byte_string(payload)))
