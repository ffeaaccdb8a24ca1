"""What do a device and its region say when it joins? Two requests, one answer; JSON over a proven TLS connection.

Bytes stand in base64, keys are raw (32 bytes). Nothing here is secret but the claim, which is good once.
"""

import re
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from messages.keys import SEED_BYTES, device_of
from messages.topics import is_name

BODY_MAX_BYTES: Final = 16_384
NONCE_BYTES: Final = 24
ENDS_MAX_S: Final = 253_402_300_799  # the last second that a date can show
ENROL_PATH: Final = "/v1/enrol"
RENEW_PATH: Final = "/v1/renew"
NONCE_PATH: Final = "/v1/nonce"
CA_PATH: Final = "/v1/ca"
PLAIN: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{0,200}")
NONCE: Final = re.compile(rf"[0-9a-f]{{{2 * NONCE_BYTES}}}")
ENROL_LABEL: Final = b"borderpost-enrol-1\n"
RENEW_LABEL: Final = b"borderpost-renew-1\n"


Message = TypeVar("Message", bound=msgspec.Struct)


class BadRequest(ValueError):
    """One sentence that says what is wrong with the form of a request or an answer."""


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``proof``: the signing key's own signature over ``enrol_text``: nobody enrols a key that he does not hold.

    The last two are of a device whose key was changed, and left out by any other: an older gateway knows neither.
    ``kid`` is the name that the key bears already, and ``before`` a signature by the key that it follows.
    """

    claim: str
    device: str
    post: str
    csr: bytes
    public: bytes
    proof: bytes
    kid: str = ""
    before: bytes = b""


class RenewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``signature`` by the key that the region knows; ``public`` and ``proof`` when a new signing key follows it."""

    device: str
    kid: str
    nonce: bytes
    csr: bytes
    signature: bytes
    public: bytes | None = None
    proof: bytes | None = None


class Nonce(msgspec.Struct, frozen=True):
    """``nonce`` in hexadecimal digits: what a renewal must sign to be one of the last minute."""

    nonce: str


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What a device takes home. The keys it believes are these and no others (docs/contract.md, 13.1)."""

    certificate_pem: bytes
    servers_ca_pem: bytes
    region: str
    post: str
    kid: str  # of the device's signing key
    region_kid: str  # the region's key to seal to from now on
    region_public: bytes
    gateways: dict[str, bytes]
    controls: dict[str, bytes]
    at: str  # HOST:PORT where the device renews; empty: nowhere
    not_after_s: int

    @property
    def gateway_kid(self) -> str:
        return next(iter(self.gateways))

    @property
    def gateway_public(self) -> bytes:
        return self.gateways[self.gateway_kid]

    @property
    def not_after(self) -> datetime:
        return datetime.fromtimestamp(self.not_after_s, UTC)


Request = TypeVar("Request", EnrolRequest, RenewRequest)


def enrol_text(device: str, post: str, csr: bytes, public: bytes, kid: str = "") -> bytes:
    """What the proof signs: the label keeps it from ever being a frame's or a status's signature."""
    return ENROL_LABEL + msgspec.json.encode([device, post, csr, public, *([kid] if kid else [])])


def renew_text(request: RenewRequest) -> bytes:
    return RENEW_LABEL + msgspec.json.encode(
        [request.device, request.kid, request.nonce, request.csr, request.public or b""]
    )


def read_enrol(body: bytes) -> EnrolRequest:
    return _checked(_decode(body, EnrolRequest))


def read_renew(body: bytes) -> RenewRequest:
    return _checked(_decode(body, RenewRequest))


def read_nonce(body: bytes) -> bytes:
    text = _decode(body, Nonce).nonce
    if not NONCE.fullmatch(text):
        raise BadRequest("The answer holds no nonce (docs/contract.md, 13.6).")
    return bytes.fromhex(text)


def read_enrolled(body: bytes) -> Enrolled:
    enrolled = _decode(body, Enrolled)
    publics = [enrolled.region_public, *enrolled.gateways.values(), *enrolled.controls.values()]
    names = [enrolled.region, enrolled.post, enrolled.region_kid, *enrolled.gateways, *enrolled.controls]
    # What is written into identity.toml: a quoting mark in it would let the other end write its own lines there.
    plain = all(map(is_name, names)) and device_of(enrolled.kid) and PLAIN.fullmatch(enrolled.at)
    if not plain or not enrolled.gateways or any(len(public) != SEED_BYTES for public in publics):
        raise BadRequest("The answer names a key that is none.")
    if not 0 <= enrolled.not_after_s <= ENDS_MAX_S:
        raise BadRequest("The answer names a date that is none.")
    return enrolled


def write(message: EnrolRequest | RenewRequest | Enrolled) -> bytes:
    return msgspec.json.encode(message)


def _decode(body: bytes, kind: type[Message]) -> Message:
    if len(body) > BODY_MAX_BYTES:
        raise BadRequest(f"A body has at most {BODY_MAX_BYTES} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadRequest("The body is not what this address takes (docs/contract.md, 13.6).") from None


def _checked(request: Request) -> Request:
    """A text that goes into a certificate or a sentence is a name of the contract; a key has its length."""
    if not is_name(request.device) or (request.public is not None and len(request.public) != SEED_BYTES):
        raise BadRequest("A name or a key in the request is none.")
    if isinstance(request, EnrolRequest) and not is_name(request.post):
        raise BadRequest("A name or a key in the request is none.")
    named = request.kid or isinstance(request, RenewRequest)
    # Nobody looks for a key, or writes of one, whose name a stranger made up: it may hold anything, and be long.
    if named and device_of(request.kid) != request.device:
        raise BadRequest("The key that asks is none of this device.")
    return request
