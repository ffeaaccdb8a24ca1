"""Where does a device keep who it is? In one folder whose ``identity.toml``, written last, says which files count.

New keys and certificates come under new names, then identity.toml is replaced: a power cut leaves the old identity or
the new one, never half of each (docs/contract.md, 1 and 13.1).
"""

import fcntl
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge.whole import SECRET_MODE, replace
from messages.enrolment import Enrolled
from messages.keys import DeviceKey

NAME: Final = "identity.toml"
PUBLIC_MODE: Final = 0o644
FOLDER_MODE: Final = 0o700
SIGNING: Final = re.compile(r"sign(\.[0-9]{1,6})?\.key")
SIGNING_MAX: Final = 4  # two, but for files that somebody put there


@dataclass(frozen=True, slots=True)
class Files:
    """The names of the files that count, within the folder."""

    certificate: str = "device.crt"
    key: str = "device.key"
    signing: str = "sign.key"
    ca: str = "ca.crt"

    def names(self) -> tuple[str, str, str, str]:
        return self.certificate, self.key, self.signing, self.ca

    def following(self, *, new_signing: bool) -> "Files":
        """``device.crt`` is followed by ``device.2.crt``, ``device.2.crt`` by ``device.3.crt``."""
        names = [_following(name) for name in (self.certificate, self.key, self.signing)]
        return Files(names[0], names[1], names[2] if new_signing else self.signing, _following(self.ca))


class IdentityFolder:
    """``durable=False`` does not wait for the disk: for a thousand pretended devices, never for one that counts."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder, self._durable = folder, durable

    def known(self) -> dict[str, object] | None:
        """What identity.toml says; None where nobody is enrolled. Raises ValueError when it is damaged."""
        path = self.folder / NAME
        return tomllib.loads(path.read_text()) if path.exists() else None

    def make(self) -> None:
        self.folder.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One renewal after the other: a technician's and the running edge's would else mix their keys and answers."""
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def tls_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key in this file, of a certificate that is still to come: one that is not there, or damaged, is made.
        What was cut short goes on with the same key."""
        with suppress(FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
            found = serialization.load_pem_private_key((self.folder / name).read_bytes(), password=None)
            if isinstance(found, ec.EllipticCurvePrivateKey):
                return found
        key = ec.generate_private_key(ec.SECP256R1())
        self.write(name, _pem(key), secret=True)
        return key

    def signing_key(self, name: str, kid: str) -> DeviceKey:
        """As ``tls_key``, but one that is damaged is a ValueError: nothing can take its place. The Ed25519 seed as one
        line of hexadecimal digits."""
        path = self.folder / name
        if not path.exists():
            self.write(name, _line(DeviceKey.generate(kid).seed), secret=True)
        return DeviceKey(kid, bytes.fromhex(path.read_text().strip()))

    def signing_names(self, first: str) -> list[str]:
        """``first`` where it is there, then what else lies here, in the order in which they were made; never none."""
        there = (path.name for path in self.folder.iterdir() if SIGNING.fullmatch(path.name))
        return sorted(there, key=lambda name: (name != first, len(name), name))[:SIGNING_MAX] or [first]

    def keep(self, enrolled: Enrolled, device: str, files: Files) -> None:
        """The certificate and whom to believe; identity.toml last. Then what nobody needs any more goes."""
        before = self._before()
        self.write(files.certificate, enrolled.certificate_pem, secret=False)
        self.write(files.ca, enrolled.servers_ca_pem, secret=False)
        self.write("region.pub", _line(enrolled.region_public), secret=False)
        self.write("gateway.pub", _line(enrolled.gateway_public), secret=False)
        self.write(NAME, _text(enrolled, device, files).encode(), secret=False)
        # A rotation that was asked for, and not answered yet, may still be granted.
        pending = files.following(new_signing=True).signing
        self._tidy({*files.names(), *before.names(), pending} - ({before.signing} - {files.signing}))

    def _before(self) -> Files:
        """A running edge may still be about to read what counted until now."""
        try:
            return files_of(self.known() or {})
        except (ValueError, TypeError):
            return Files()

    def _tidy(self, kept: set[str]) -> None:
        for path in self.folder.iterdir():
            if path.name.split(".")[0] in ("device", "sign", "ca") and path.name not in kept:
                path.unlink()

    def write(self, name: str, content: bytes, *, secret: bool) -> None:
        """Beside, synced, renamed; closed to strangers from the first moment."""
        mode = SECRET_MODE if secret else PUBLIC_MODE
        replace(self.folder / name, content, mode, durable=self._durable)


def files_of(known: Mapping[str, object]) -> Files:
    """Of an identity.toml; one from before there was a choice names none."""
    table = known.get("files", {})
    if not isinstance(table, dict) or not all(isinstance(name, str) and "/" not in name for name in table.values()):
        raise ValueError("[files] holds no names")
    return Files(**table)


def request_pem(name: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def _text(enrolled: Enrolled, device: str, files: Files) -> str:
    """Every value is a name, a date or hexadecimal digits: nothing in it needs a quoting."""
    lines = [
        f'region = "{enrolled.region}"',
        f'post = "{enrolled.post}"',
        f'device = "{device}"',
        f'kid = "{enrolled.kid}"',
        f'region_kid = "{enrolled.region_kid}"',
        f'gateway_kid = "{enrolled.gateway_kid}"',
        f'at = "{enrolled.at}"',
        f'certificate_ends = "{enrolled.not_after.isoformat()}"',
        "",
        "[files]",
        *(f'{name} = "{getattr(files, name)}"' for name in Files.__dataclass_fields__),
    ]
    tables = (
        ("regions", {enrolled.region_kid: enrolled.region_public}),
        ("gateways", enrolled.gateways),
        ("controls", enrolled.controls),
    )
    for title, keys in tables:
        lines += ["", f"[{title}]", *(f'{kid} = "{public.hex()}"' for kid, public in keys.items())]
    return "\n".join([*lines, ""])


def _following(name: str) -> str:
    stem, *number, ending = name.split(".")
    return f"{stem}.{int(number[0]) + 1 if number else 2}.{ending}"


def _line(key: bytes) -> bytes:
    return key.hex().encode() + b"\n"


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
