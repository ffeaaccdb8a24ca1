"""Did this key sign the seal? r and s stand side by side, each as long as the curve. (Doc 9303-13, 2.4)

The digest goes by the size of the curve where the seal does not name one. Other lengths than the curve's are refused:
with them one signature could be written in many ways.
"""

from typing import Final

from icao.checks import Result
from icao.pki import signatures
from icao.pki.keys import EcKey, NotSupported, Weak, read_key
from icao.seals.seal import Seal
from icao.tlv import Garbled

# ECDSA with SHA-2 over r and s side by side, as an AlgorithmIdentifier. (BSI TR-03111, 5.2.1)
ALGORITHMS: Final = {
    224: bytes.fromhex("300C060A04007F00070101040102"),
    256: bytes.fromhex("300C060A04007F00070101040103"),
    384: bytes.fromhex("300C060A04007F00070101040104"),
    512: bytes.fromhex("300C060A04007F00070101040105"),
}
NO_CURVE: Final = signatures.Verdict(
    Result.NOT_SUPPORTED, "The signer's key is none for the signature of a seal.", "unknown-curve"
)
LENGTH: Final = signatures.Verdict(
    Result.FAILED, "The signature has another length than the signer's key.", "signature-wrong"
)


def verify(seal: Seal, public_key: bytes) -> signatures.Verdict:
    """Raises nothing. ``public_key`` is a SubjectPublicKeyInfo."""
    try:
        key = read_key(public_key)
    except (Garbled, NotSupported, Weak):
        return NO_CURVE
    if not isinstance(key, EcKey):
        return NO_CURVE
    if len(seal.signature) != 2 * key.curve.size_bytes:
        return LENGTH
    algorithm = ALGORITHMS[seal.digest_bits or digest_bits(key.curve.size_bytes)]
    verdicts = [signatures.verify(public_key, algorithm, None, seal.signature, signed) for signed in seal.signed]
    return next((verdict for verdict in verdicts if verdict.result is not Result.FAILED), verdicts[0])


def digest_bits(curve_bytes: int) -> int:
    """
    >>> [digest_bits(size) for size in (24, 28, 32, 40, 48, 64, 66)]
    [224, 224, 256, 384, 384, 512, 512]
    """
    return next(bits for bits in ALGORITHMS if 8 * curve_bytes <= bits or bits == max(ALGORITHMS))
