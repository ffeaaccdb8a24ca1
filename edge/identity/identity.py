"""Who is this device? What enrolment left in its identity folder: its own keys, and whom it trusts."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # TOML values, until they are parsed here

from edge.closed import is_closed
from edge.config import ConfigError
from messages.errors import Refused
from messages.keys import ControlRecord, DeviceKey, GatewayRecord, RegionPublic
from messages.topics import Channel, Topic


@dataclass(frozen=True, slots=True)
class Identity:
    topic: Topic
    device_key: DeviceKey
    region: RegionPublic
    gateways: dict[str, GatewayRecord]
    controls: dict[str, ControlRecord]
    ca: Path
    cert: Path
    key: Path
    at: str  # HOST:PORT where it renews; empty: it was not told


def read_identity(folder: Path) -> Identity:
    """Raises ConfigError with a sentence when the device is not enrolled or a file of it is damaged."""
    try:
        known = tomllib.loads((folder / "identity.toml").read_text())
        files = known.get("files", {})
        region_kid = known["region_kid"]
        return Identity(
            topic=Topic(known["region"], known["post"], known["device"], Channel.EVT),
            device_key=DeviceKey(known.get("kid", known["device"]), _secret(folder / files.get("signing", "sign.key"))),
            region=RegionPublic(region_kid, _keys(known, "regions", region_kid, folder / "region.pub")[region_kid]),
            gateways=_gateways(known, folder),
            controls=_controls(known),
            ca=folder / files.get("ca", "ca.crt"),
            cert=folder / files.get("certificate", "device.crt"),
            key=_closed(folder / files.get("key", "device.key")),
            at=str(known.get("at", "")),
        )
    except FileNotFoundError as error:
        message = f"This device is not enrolled: {Path(error.filename).name} is missing in {folder}."
        raise ConfigError(message, "Ask the region for a claim, and say: borderpost device enrol") from error
    except (KeyError, TypeError, ValueError, AttributeError, Refused) as error:
        raise ConfigError(f"The identity in {folder} is damaged.", "Enrol the device again, with a claim.") from error


def _gateways(known: Mapping[str, Any], folder: Path) -> dict[str, GatewayRecord]:
    keys = _keys(known, "gateways", known["gateway_kid"], folder / "gateway.pub")
    return {kid: GatewayRecord(kid, public) for kid, public in keys.items()}


def _controls(known: Mapping[str, Any]) -> dict[str, ControlRecord]:
    """None in an identity from before there were any: no command is obeyed until the device is renewed."""
    return {kid: ControlRecord(kid, bytes.fromhex(public)) for kid, public in known.get("controls", {}).items()}


def _keys(known: Mapping[str, Any], table: str, kid: str, older: Path) -> dict[str, bytes]:
    """A table of kids; an identity from before there were tables has one key, in a file of its own."""
    if table in known:
        return {name: bytes.fromhex(public) for name, public in known[table].items()}
    return {kid: _key(older)}


def _secret(path: Path) -> bytes:
    return _key(_closed(path))


def _closed(path: Path) -> Path:
    """Raises ConfigError when others can read it."""
    if not is_closed(path):
        message = f"The key file {path.name} in {path.parent} can be read or changed by others."
        cure = "Find out who read it, close it (chmod 600), and renew the device with --new-key."
        raise ConfigError(message, cure)
    return path


def _key(path: Path) -> bytes:
    return bytes.fromhex(path.read_text().strip())
