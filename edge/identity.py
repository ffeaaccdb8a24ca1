"""Who is this device? What enrolment left in its identity folder: its own keys, and whom it trusts."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from edge.config import ConfigError
from messages.errors import Refused
from messages.keys import DeviceKey, GatewayRecord, RegionPublic
from messages.topics import Channel, Topic


@dataclass(frozen=True, slots=True)
class Identity:
    topic: Topic
    device_key: DeviceKey
    region: RegionPublic
    gateways: dict[str, GatewayRecord]
    ca: Path
    cert: Path
    key: Path


def read_identity(folder: Path) -> Identity:
    """Raises ConfigError with a sentence when the device is not enrolled or a file of it is damaged."""
    try:
        known = tomllib.loads((folder / "identity.toml").read_text())
        return Identity(
            topic=Topic(known["region"], known["post"], known["device"], Channel.EVT),
            device_key=DeviceKey(known["device"], _key(folder / "sign.key")),
            region=RegionPublic(known["region_kid"], _key(folder / "region.pub")),
            gateways={known["gateway_kid"]: GatewayRecord(known["gateway_kid"], _key(folder / "gateway.pub"))},
            ca=folder / "ca.crt",
            cert=folder / "device.crt",
            key=folder / "device.key",
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"This device is not enrolled: {Path(error.filename).name} is missing in {folder}."
        ) from error
    except (KeyError, TypeError, ValueError, Refused) as error:
        raise ConfigError(f"The identity in {folder} is damaged: enrol the device again.") from error


def _key(path: Path) -> bytes:
    return bytes.fromhex(path.read_text().strip())
