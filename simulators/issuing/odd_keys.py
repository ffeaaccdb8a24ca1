"""Which keys do states have that OpenSSL does not take? Curves spelled out in full, and curves that it lacks.

Doc 9303-12 wants the parameters of a curve spelled out, and a third of the CSCAs of the world do it. Such certificates
are made from one that OpenSSL made for the same names and dates: the key is put in, and it is signed anew.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from asn1crypto import algos, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from icao.pki import ecdsa, points
from icao.pki.curves import Curve
from icao.pki.multiplication import multiply
from icao.tlv import read_all, read_one, write

SEQUENCE, INTEGER, BITS, OCTETS = 0x30, 0x02, 0x03, 0x04


@dataclass(frozen=True, repr=False)
class OddKey:
    """A private key on any curve of our table, OpenSSL or not."""

    curve: Curve
    private: int = field(default_factory=lambda: secrets.randbelow(1 << 160) + 1)

    @cached_property
    def point(self) -> bytes:
        return points.encode(self.curve, multiply(self.curve, self.private, self.curve.generator))

    def sign(self, data: bytes, digest: str) -> bytes:
        """An ECDSA-Sig-Value."""
        hashed = hashlib.new(digest, data).digest()
        return utils.encode_dss_signature(*ecdsa.sign(self.curve, self.private, hashed, secrets.token_bytes))


@dataclass(frozen=True, slots=True, repr=False)
class OddSigner:
    """A signer whose certificate OpenSSL does not read."""

    der: bytes
    key: OddKey | ec.EllipticCurvePrivateKey
    pss: bool = False


def point_of(key: OddKey | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(key, OddKey):
        return key.point
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def named_key(curve: Curve, point: bytes) -> bytes:
    """A SubjectPublicKeyInfo that names its curve."""
    return _key_info(core.ObjectIdentifier(curve.oid).dump(), point)


def explicit_key(
    curve: Curve,
    point: bytes,
    *,
    generator: bytes | None = None,
    cofactor: int | None = 1,
    seed: bytes = b"",
    b: int | None = None,
) -> bytes:
    """A SubjectPublicKeyInfo that spells its curve out; another generator, cofactor or ``b`` makes it another one."""
    octets = [number.to_bytes(curve.size_bytes, "big") for number in (curve.a, curve.b if b is None else b)]
    parameters = (
        core.Integer(1).dump()
        + write(SEQUENCE, core.ObjectIdentifier("1.2.840.10045.1.1").dump() + core.Integer(curve.p).dump())
        + write(
            SEQUENCE, b"".join(write(OCTETS, each) for each in octets) + (write(BITS, b"\0" + seed) if seed else b"")
        )
        + write(OCTETS, generator or points.encode(curve, curve.generator))
        + core.Integer(curve.n).dump()
        + (b"" if cofactor is None else core.Integer(cofactor).dump())
    )
    return _key_info(write(SEQUENCE, parameters), point)


def _key_info(parameters: bytes, point: bytes) -> bytes:
    algorithm = write(SEQUENCE, core.ObjectIdentifier("1.2.840.10045.2.1").dump() + parameters)
    return write(SEQUENCE, algorithm + write(BITS, b"\0" + point))


def signed_anew(
    certificate: bytes,
    issuer: OddKey | ec.EllipticCurvePrivateKey,
    public_key: bytes | None = None,
    digest: str = "sha256",
) -> bytes:
    """The same certificate with another key in it, if one is given, and the signature of ``issuer``."""
    fields = read_all(read_all(read_one(certificate, SEQUENCE))[0].value)
    algorithm = algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"}).dump()
    parts = [write(each.tag, each.value) for each in fields]
    parts[2] = algorithm  # version, serial, algorithm, issuer, validity, subject, key, extensions
    parts[6] = public_key or parts[6]
    signed = write(SEQUENCE, b"".join(parts))
    if isinstance(issuer, OddKey):
        signature = issuer.sign(signed, digest)
    else:
        signature = issuer.sign(signed, ec.ECDSA(getattr(hashes, digest.upper())()))
    return write(SEQUENCE, signed + algorithm + write(BITS, b"\0" + signature))
