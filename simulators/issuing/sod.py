"""How does a state sign what stands on a chip? EF.SOD: the groups' hashes in a CMS signature. (Doc 9303-10, 4.6.2)"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from icao.tlv import write
from simulators.issuing.state import Signer

SECURITY_OBJECT: Final = "2.23.136.1.1.1"
SALT_BYTES: Final = 32


class DataGroupHash(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012  (asn1crypto's way)


class DataGroupHashes(core.SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = DataGroupHash


class LdsSecurityObject(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [  # noqa: RUF012  (asn1crypto's way)
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
    ]


def sod(groups: Mapping[int, bytes], signer: Signer, signed_at: datetime) -> bytes:
    """The file: tag 77 around a CMS SignedData over the groups' hashes, with the signer's certificate in it."""
    content = LdsSecurityObject(
        {
            "version": 0,
            "hash_algorithm": {"algorithm": "sha256"},
            "hashes": [{"number": number, "value": sha256(groups[number]).digest()} for number in sorted(groups)],
        }
    ).dump()
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [SECURITY_OBJECT]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": signed_at})]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
        ]
    )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": SECURITY_OBJECT, "content": core.ParsableOctetString(content)},
            "certificates": [x509.Certificate.load(signer.der)],
            "signer_infos": [_signer_info(signer, attributes)],
        }
    )
    return write(0x77, cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _signer_info(signer: Signer, attributes: cms.CMSAttributes) -> cms.SignerInfo:
    certificate = x509.Certificate.load(signer.der)
    signature, algorithm = _sign(signer, attributes.dump())
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


def _sign(signer: Signer, data: bytes) -> tuple[bytes, algos.SignedDigestAlgorithm]:
    key = signer.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256())), algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    return (_sign_pss if signer.pss else _sign_pkcs1)(key, data)


def _sign_pkcs1(key: rsa.RSAPrivateKey, data: bytes) -> tuple[bytes, algos.SignedDigestAlgorithm]:
    signature = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return signature, algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})


def _sign_pss(key: rsa.RSAPrivateKey, data: bytes) -> tuple[bytes, algos.SignedDigestAlgorithm]:
    signature = key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), SALT_BYTES), hashes.SHA256())
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": SALT_BYTES,
    }
    return signature, algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
