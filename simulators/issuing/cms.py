"""How does a state sign documents and lists? A CMS SignedData in any of the forms that are met. (RFC 5652)

``Form`` names what states do differently, and below that what only forgers and broken machines do.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from icao.tlv import read_all, read_one, write
from simulators.issuing.odd_keys import OddKey

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | OddKey

# BSI TR-03111, 5.2.1: r and s side by side.
ECDSA_PLAIN: Final = {
    "sha1": "0.4.0.127.0.7.1.1.4.1.1", "sha224": "0.4.0.127.0.7.1.1.4.1.2", "sha256": "0.4.0.127.0.7.1.1.4.1.3",
    "sha384": "0.4.0.127.0.7.1.1.4.1.4", "sha512": "0.4.0.127.0.7.1.1.4.1.5",
}  # fmt: skip


class Signing(Protocol):
    """Who signs: a certificate and the key to it. ``pss`` is for RSA keys."""

    @property
    def der(self) -> bytes: ...
    @property
    def key(self) -> SigningKey: ...
    @property
    def pss(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Forged:
    """A signature as a forger writes it: an AlgorithmIdentifier's fields, and what he makes of the signed bytes."""

    algorithm: Mapping[str, Any]  # Any: asn1crypto's way
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Form:
    """How it is signed; the plain way where nothing is said."""

    digest: str = "sha256"
    salt_bytes: int | None = None  # of PSS; None: as long as the digest
    mask_digest: str = ""  # of PSS; empty: the same digest
    digest_elsewhere: bool = False  # "rsaEncryption", or PSS without its parameters
    plain_ecdsa: bool = False
    by_key_id: bool = False
    ber: bool = False
    without_certificate: bool = False
    beside: tuple[bytes, ...] = ()  # certificates behind the signer's
    # What no state does on purpose:
    attributes: bool = True
    stated_type: str = ""
    stated_digest: bytes = b""
    doubled_digest: bool = False
    serial: int | None = None  # another than the signer's
    signers: int = 1
    forged: Forged | None = None


PLAIN: Final = Form()


def signed_data(
    content_type: str,
    content: bytes,
    signer: Signing,
    signed_at: datetime | None,
    embedded: Sequence[bytes] = (),
    form: Form = PLAIN,
) -> bytes:
    """ContentInfo: the signer's certificate rides along, and those ``embedded`` behind it."""
    attributes = _attributes(content_type, content, signed_at, form)
    info = _signer_info(signer, attributes, content, form)
    signed: dict[str, Any] = {  # Any: asn1crypto's way
        "version": "v3",
        "digest_algorithms": [{"algorithm": form.digest}],
        "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
        "signer_infos": [info] * form.signers,
    }
    certificates = [*([] if form.without_certificate else [signer.der]), *embedded, *form.beside]
    if certificates:
        signed["certificates"] = [x509.Certificate.load(each) for each in certificates]
    encoded: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    return in_ber(encoded) if form.ber else encoded


def _attributes(content_type: str, content: bytes, signed_at: datetime | None, form: Form) -> cms.CMSAttributes:
    digest = form.stated_digest or hashlib.new(form.digest, content).digest()
    made: list[dict[str, Any]] = [
        {"type": "content_type", "values": [form.stated_type or content_type]}
    ]  # Any: as above
    if signed_at is not None:
        made.append({"type": "signing_time", "values": [cms.Time({"utc_time": signed_at})]})
    made += [{"type": "message_digest", "values": [digest]}] * (2 if form.doubled_digest else 1)
    return cms.CMSAttributes(made)


def _signer_info(signer: Signing, attributes: cms.CMSAttributes, content: bytes, form: Form) -> cms.SignerInfo:
    certificate = x509.Certificate.load(signer.der)
    algorithm, signature = _sign(signer, attributes.dump() if form.attributes else content, form)
    serial = certificate.serial_number if form.serial is None else form.serial
    sid = (
        {"subject_key_identifier": certificate.key_identifier}
        if form.by_key_id
        else {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": serial}}
    )
    fields = {
        "version": "v3" if form.by_key_id else "v1",
        "sid": cms.SignerIdentifier(sid),
        "digest_algorithm": {"algorithm": form.digest},
        "signature_algorithm": algorithm,
        "signature": signature,
    }
    return cms.SignerInfo(fields | ({"signed_attrs": attributes} if form.attributes else {}))


def _sign(signer: Signing, data: bytes, form: Form) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    key = signer.key
    if form.forged is not None:
        return algos.SignedDigestAlgorithm(dict(form.forged.algorithm)), form.forged.sign(data)
    if isinstance(key, OddKey):
        return algos.SignedDigestAlgorithm({"algorithm": f"{form.digest}_ecdsa"}), key.sign(data, form.digest)
    digest: hashes.HashAlgorithm = getattr(hashes, form.digest.upper())()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ecdsa(key.sign(data, ec.ECDSA(digest)), key.curve.key_size, form)
    if signer.pss:
        return _pss_algorithm(form, digest), key.sign(data, _pss(form, digest), digest)
    name = "rsassa_pkcs1v15" if form.digest_elsewhere else f"{form.digest}_rsa"
    return algos.SignedDigestAlgorithm({"algorithm": name}), key.sign(data, padding.PKCS1v15(), digest)


def _ecdsa(signature: bytes, bits: int, form: Form) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    if not form.plain_ecdsa:
        return algos.SignedDigestAlgorithm({"algorithm": f"{form.digest}_ecdsa"}), signature
    size = (bits + 7) // 8
    pair = (number.to_bytes(size, "big") for number in utils.decode_dss_signature(signature))
    return algos.SignedDigestAlgorithm({"algorithm": ECDSA_PLAIN[form.digest]}), b"".join(pair)


def _pss(form: Form, digest: hashes.HashAlgorithm) -> padding.PSS:
    mask: hashes.HashAlgorithm = getattr(hashes, form.mask_digest.upper())() if form.mask_digest else digest
    return padding.PSS(padding.MGF1(mask), digest.digest_size if form.salt_bytes is None else form.salt_bytes)


def _pss_algorithm(form: Form, digest: hashes.HashAlgorithm) -> algos.SignedDigestAlgorithm:
    if form.digest_elsewhere:
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss"})
    mask = {"algorithm": form.mask_digest or form.digest}
    parameters = {
        "hash_algorithm": {"algorithm": form.digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": mask},
        "salt_length": digest.digest_size if form.salt_bytes is None else form.salt_bytes,
    }
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


def in_ber(message: bytes) -> bytes:
    """With indefinite lengths around the signed parts and the content in pieces, as New Zealand writes it."""
    kind, explicit = read_all(read_one(message, 0x30))
    fields = read_all(read_one(explicit.value, 0x30))
    encapsulated_kind, encapsulated = read_all(fields[2].value)
    octets = read_one(encapsulated.value, 0x04)
    pieces = _indefinite(0x24, *(write(0x04, octets[place : place + 100]) for place in range(0, len(octets), 100)))
    content = _indefinite(0x30, write(0x06, encapsulated_kind.value), _indefinite(0xA0, pieces))
    around = [write(field.tag, field.value) for field in fields[:2]]
    behind = [_indefinite(field.tag, field.value) for field in fields[3:]]
    return _indefinite(0x30, write(0x06, kind.value), _indefinite(0xA0, _indefinite(0x30, *around, content, *behind)))


def _indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"
