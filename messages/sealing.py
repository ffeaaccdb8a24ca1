"""Who can read this? Only the region: COSE_Encrypt (RFC 9052, 5.1) with one recipient, a fresh key for each frame.

ECDH-ES + HKDF-256 over X25519, then AES-256-GCM (RFC 9053, 6.3.1). The ephemeral key is new each time, so a nonce
can never meet the same key twice, not even after an old disk image was put back (D26).
"""

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError
from nacl.utils import random

from messages.cbor import byte_string, decode, encode
from messages.errors import Quarantine, Refused
from messages.keys import RegionKey, RegionPublic

TAG: Final = b"\xd8\x60"  # COSE_Encrypt: tag 96
A256GCM, ECDH_ES_HKDF_256 = 3, -25
IV_BYTES, POINT_BYTES, SECRET_BYTES = 12, 32, 32
BODY_PROTECTED: Final = encode({1: A256GCM})
RECIPIENT_PROTECTED: Final = encode({1: ECDH_ES_HKDF_256})
ENCRYPT: Final = b"\x83\x67Encrypt"  # Enc_structure (RFC 9052, 5.3): a list of three, whose first is this text
NOBODY: Final = [None, None, None]
KDF_CONTEXT: Final = encode([A256GCM, NOBODY, NOBODY, [256, RECIPIENT_PROTECTED]])  # COSE_KDF_Context, RFC 9053, 5.2


def seal(
    plaintext: bytes, region: RegionPublic, aad: bytes, *, ephemeral: bytes | None = None, iv: bytes | None = None
) -> bytes:
    """``ephemeral`` and ``iv`` are given by the golden test alone; never pass them elsewhere."""
    secret = ephemeral or random(SECRET_BYTES)
    iv = iv or random(IV_BYTES)
    content_key = _content_key(crypto_scalarmult(secret, region.public))
    ciphertext = AESGCM(content_key).encrypt(iv, plaintext, _enc_structure(aad))
    point = {1: 1, -1: 4, -2: crypto_scalarmult_base(secret)}  # COSE_Key: OKP, X25519, x
    recipient = [RECIPIENT_PROTECTED, {-1: point, 4: region.kid.encode("ascii")}, b""]
    return TAG + encode([BODY_PROTECTED, {5: iv}, ciphertext, [recipient]])


def unseal(data: bytes, keys: Mapping[str, RegionKey], aad: bytes) -> bytes:
    """The plaintext, or Refused: not-a-frame (shape), wrong-region (sealed to another key), cannot-open."""
    iv, ciphertext, kid, point = _take_apart(data)
    region = keys.get(kid.decode("ascii", "replace"))
    if region is None:
        raise Refused(Quarantine.WRONG_REGION, "sealed to another key")
    try:
        content_key = _content_key(crypto_scalarmult(region.secret, point))
        return AESGCM(content_key).decrypt(iv, ciphertext, _enc_structure(aad))
    except (InvalidTag, CryptoError):  # CryptoError: a point of small order, which has no shared secret
        raise Refused(Quarantine.CANNOT_OPEN) from None


def _take_apart(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    if not data.startswith(TAG):
        raise Refused(Quarantine.NOT_A_FRAME, "not a COSE_Encrypt")
    match decode(data[len(TAG) :]):
        case [
            bytes() as body,
            {5: bytes() as iv, **more},
            bytes() as ciphertext,
            [
                [
                    bytes() as recipient,
                    {-1: {1: 1, -1: 4, -2: bytes() as point, **rest}, 4: bytes() as kid, **others},
                    b"",
                ]
            ],
        ] if (
            (body, recipient) == (BODY_PROTECTED, RECIPIENT_PROTECTED)
            and not (more or rest or others)
            and (len(iv), len(point)) == (IV_BYTES, POINT_BYTES)
        ):
            return iv, ciphertext, kid, point
        case _:
            raise Refused(Quarantine.NOT_A_FRAME, "not the parts of a COSE_Encrypt")


def _content_key(shared: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=KDF_CONTEXT).derive(shared)


def _enc_structure(aad: bytes) -> bytes:
    return b"".join((ENCRYPT, byte_string(BODY_PROTECTED), byte_string(aad)))
