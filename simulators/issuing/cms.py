"""How does a state sign a list? A CMS SignedData around its bytes, with signed attributes. (RFC 5652)"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from simulators.issuing.state import Signer

SALT_BYTES: Final = 32


def signed_data(
    content_type: str, content: bytes, signer: Signer, signed_at: datetime | None, embedded: Sequence[bytes] = ()
) -> bytes:
    """ContentInfo in DER: the signer's certificate rides along, and those ``embedded`` behind it."""
    attributes = _attributes(content_type, content, signed_at)
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [x509.Certificate.load(each) for each in (signer.der, *embedded)],
            "signer_infos": [_signer_info(signer, attributes)],
        }
    )
    encoded: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return encoded


def _attributes(content_type: str, content: bytes, signed_at: datetime | None) -> cms.CMSAttributes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    made = [{"type": "content_type", "values": [content_type]}]
    if signed_at is not None:
        made.append({"type": "signing_time", "values": [cms.Time({"utc_time": signed_at})]})
    return cms.CMSAttributes([*made, {"type": "message_digest", "values": [digest.finalize()]}])


def _signer_info(signer: Signer, attributes: cms.CMSAttributes) -> cms.SignerInfo:
    certificate = x509.Certificate.load(signer.der)
    algorithm, signature = _sign(signer, attributes.dump())
    sid = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": sid}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
    )


def _sign(signer: Signer, data: bytes) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    key, digest = signer.key, hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}), key.sign(data, ec.ECDSA(digest))
    if not signer.pss:
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}), key.sign(data, padding.PKCS1v15(), digest)
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": SALT_BYTES,
    }
    signature = key.sign(data, padding.PSS(padding.MGF1(digest), SALT_BYTES), digest)
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters}), signature
