"""The doors of a region: what a stranger sends to the enrolment listener, and what a stranger's gateway answers."""

import base64
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.certifier import proven_key
from messages.claim import BadClaim, Claim
from messages.enrolment import (
    BadRequest,
    Enrolled,
    EnrolRequest,
    RenewRequest,
    read_enrol,
    read_enrolled,
    read_renew,
    write,
)
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Make, Target

NAME = "gate-1"
CSR = certificates.request_pem(NAME, certificates.new_key())
ISSUER = certificates.new_issuer("utopia servers-ca", datetime(2026, 11, 24, tzinfo=UTC)).certificate
CA, CA_DER = certificates.certificate_pem(ISSUER), ISSUER.public_bytes(Encoding.DER)
CODE = Claim.of(bytes(16), CA).code
ENROL = EnrolRequest(claim=CODE, device=NAME, post="harbour", csr=CSR, public=bytes(32), proof=bytes(64))
AGAIN = EnrolRequest(
    claim=CODE,
    device=NAME,
    post="harbour",
    csr=CSR,
    public=bytes(32),
    proof=bytes(64),
    kid=f"{NAME}.2",
    before=bytes(64),
)
RENEW = RenewRequest(device=NAME, kid=NAME, nonce=bytes(24), csr=CSR, signature=bytes(64))
ENROLLED = Enrolled(
    certificate_pem=CA,
    servers_ca_pem=CA,
    region="utopia",
    post="harbour",
    kid=NAME,
    region_kid="region-1",
    region_public=bytes(32),
    gateways={"gateway-1": bytes(32)},
    controls={"control-1": bytes(32)},
    at="127.0.0.1:8444",
    not_after_s=1_800_000_000,
)


def targets() -> list[Target]:
    # PEM is base64, which garbage seldom hits: the bytes within are spoilt as well.
    der = x509.load_pem_x509_csr(CSR).public_bytes(Encoding.DER)
    return [
        Target("claim code", _spoilt(CODE.encode()), lambda data: Claim.read(data.decode("latin-1")), (BadClaim,)),
        Target("enrolment", _spoilt(write(ENROL)), read_enrol, (BadRequest,)),
        Target("enrolment of a device that returns", _spoilt(write(AGAIN)), read_enrol, (BadRequest,)),
        Target("renewal", _spoilt(write(RENEW)), read_renew, (BadRequest,)),
        Target("enrolment, the answer", _spoilt(write(ENROLLED)), read_enrolled, (BadRequest,)),
        Target("certificate request", _spoilt(CSR), lambda data: proven_key(data, NAME), (GatewayError,)),
        Target(
            "certificate request, within",
            lambda chance: pem("CERTIFICATE REQUEST", garbage([der], chance)),
            lambda data: proven_key(data, NAME),
            (GatewayError,),
        ),
        Target(
            "claim, the authority", lambda chance: pem("CERTIFICATE", garbage([CA_DER], chance)), names, (ValueError,)
        ),
    ]


def names(data: bytes) -> bytes | None:
    return Claim.read(CODE).proven(data)


def pem(name: str, content: bytes) -> bytes:
    return f"-----BEGIN {name}-----\n".encode() + base64.encodebytes(content) + f"-----END {name}-----\n".encode()


def _spoilt(seed: bytes) -> Make:
    return lambda chance: garbage([seed], chance)
