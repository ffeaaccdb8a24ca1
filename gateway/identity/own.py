"""Is this folder what it says? Its certificates come from its own CAs, and those were made for the region it names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from gateway.errors import GatewayError

SERVERS_CA, CLIENTS_CA = "servers-ca", "clients-ca"
OF_SERVERS: Final = ("broker/broker.crt", "enrolment.crt")
OF_CLIENTS: Final = ("gateway-*.crt",)


def expect_region(state: Path, region: str, settings: Path) -> None:
    """A folder with another name in its settings would send claims, topics and pages of a region that is not here."""
    made_for = _made_for(state / f"{SERVERS_CA}.crt")
    if made_for not in ("", region):
        message = f"{settings} says region {region}, and its keys and certificates are those of region {made_for}."
        cure = f'Write region = "{made_for}" there; another region takes a folder of its own.'
        raise GatewayError("other-region", message, cure)


def expect_own_certificates(state: Path) -> None:
    """What another CA gave was put there by somebody: devices would not know this broker, or it not its workers."""
    foreign = ", ".join(_foreign(state))
    if foreign:
        message = f"In {state} there is what does not come from the region's own CA: {foreign}."
        cure = "If its CA was lost or replaced, restore that from the backup; else delete what is named here and say "
        raise GatewayError("foreign-certificate", message, f"{cure}borderpost gateway init again: it makes it anew.")


def _foreign(state: Path) -> Iterator[str]:
    for ca, names in ((SERVERS_CA, OF_SERVERS), (CLIENTS_CA, OF_CLIENTS)):
        issuer = _read(state / f"{ca}.crt")
        for path in (path for name in names for path in sorted(state.glob(name))):
            if issuer is None or not _came_from(_read(path), issuer):
                yield str(path.relative_to(state))


def _came_from(certificate: x509.Certificate | None, issuer: x509.Certificate) -> bool:
    try:
        if certificate is not None:
            certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return certificate is not None


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _made_for(ca: Path) -> str:
    """The region whose CA this is; empty: nobody's yet."""
    certificate = _read(ca)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if certificate is not None else []
    return str(names[0].value).removesuffix(f" {SERVERS_CA}") if names else ""
