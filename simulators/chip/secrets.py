"""What does a chip keep to itself? The keys with which it proves that it is no copy, and what opens it.

A forger who copies a chip gets its files, never these. On the control socket they travel as JSON, beside the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, repr=False)
class ChipSecrets:
    """Private keys as PKCS #8 DER; explicit domain parameters where a standardised curve has no name in OpenSSL.

    ``chip_authentication`` and ``mapping`` (PACE-CAM) by key id; None stands for a key without one.
    """

    can: str = ""
    bac: bool = True  # False: nothing but PACE opens it
    active_authentication: bytes = b""
    aa_trailer: bytes = b"\xbc"  # of an RSA signature; it names the hash
    aa_der: bool = False  # an ECDSA signature in DER, as some states' chips give it
    chip_authentication: Mapping[int | None, bytes] = field(default_factory=dict)
    chip_mapping: Mapping[int | None, bytes] = field(default_factory=dict)
    trust_points: tuple[bytes, ...] = ()  # CV certificates of the CVCA, for terminal authentication

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        return {
            "can": self.can,
            "bac": self.bac,
            "active_authentication": self.active_authentication.hex(),
            "aa_trailer": self.aa_trailer.hex(),
            "aa_der": self.aa_der,
            "chip_authentication": _keyed(self.chip_authentication),
            "chip_mapping": _keyed(self.chip_mapping),
            "trust_points": [each.hex() for each in self.trust_points],
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "ChipSecrets":
        """Raises ValueError, TypeError or AttributeError for what ``as_json`` did not write."""
        return ChipSecrets(
            can=str(value.get("can", "")),
            bac=bool(value.get("bac", True)),
            active_authentication=bytes.fromhex(value.get("active_authentication", "")),
            aa_trailer=bytes.fromhex(value.get("aa_trailer", "bc")),
            aa_der=bool(value.get("aa_der", False)),
            chip_authentication=_unkeyed(value.get("chip_authentication", {})),
            chip_mapping=_unkeyed(value.get("chip_mapping", {})),
            trust_points=tuple(bytes.fromhex(each) for each in value.get("trust_points", ())),
        )


def _keyed(keys: Mapping[int | None, bytes]) -> dict[str, str]:
    return {"" if key_id is None else str(key_id): key.hex() for key_id, key in keys.items()}


def _unkeyed(keys: Mapping[str, str]) -> dict[int | None, bytes]:
    return {int(key_id) if key_id else None: bytes.fromhex(key) for key_id, key in keys.items()}


NO_SECRETS: Final = ChipSecrets()
