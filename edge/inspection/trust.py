"""Whom does this post believe? A folder of CSCA certificates, one DER file each, as somebody decided to trust them.

A certificate that cannot be read, or is odd, never keeps the others from being used: it is named in ``oddities``, and
only what can be read becomes an anchor. An empty store trusts nobody, and then every issuer is unknown.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icao.pki.certificates import Anchor, parse_certificate
from icao.tlv import Garbled

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
MAX_CERTIFICATES: Final = 4096  # the world has some 600


class TrustError(Exception):
    """The store cannot be used at all; one sentence with its cure."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file of the store that an officer for the store should look at."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class TrustStore:
    anchors: tuple[Anchor, ...]
    oddities: tuple[Oddity, ...] = ()

    @staticmethod
    def open(folder: Path) -> "TrustStore":
        """Every ``.der`` file of the folder. Raises TrustError."""
        if not folder.is_dir():
            raise TrustError(f"There is no trust store at {folder}. Put the CSCA certificates (.der) there.")
        files = sorted(folder.glob("*.der"))
        if len(files) > MAX_CERTIFICATES:
            raise TrustError(f"{folder} holds {len(files)} certificates; {MAX_CERTIFICATES} are the most. Remove some.")
        anchors: list[Anchor] = []
        oddities: list[Oddity] = []
        for file in files:
            try:
                anchor = _read(file)
            except (Garbled, OSError) as error:
                oddities.append(Oddity(file.name, str(error)))
                continue
            anchors.append(anchor)
            if why := _odd(anchor):
                oddities.append(Oddity(file.name, why))
        return TrustStore(tuple(anchors), tuple(oddities))


def _read(file: Path) -> Anchor:
    if file.stat().st_size > MAX_CERTIFICATE_BYTES:
        raise Garbled(f"the file is larger than {MAX_CERTIFICATE_BYTES} bytes")
    return parse_certificate(file.read_bytes())


def _odd(anchor: Anchor) -> str:
    """What an anchor should have and this one has not. It is kept: real states issue such (Doc 9303-12 or not)."""
    if anchor.authority is not True:
        return "the certificate does not say that it is a certification authority's"
    if not anchor.country:
        return "the certificate names no country"
    if anchor.key_id is None:
        return "the certificate has no subject key identifier"
    return ""
