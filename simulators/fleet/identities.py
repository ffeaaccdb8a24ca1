"""Who is this device? Its folder says it, as ``borderpost device enrol`` leaves it (docs/contract.md, 1)."""

import ssl
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # TOML

from messages.keys import DeviceKey, GatewayRecord, RegionPublic
from messages.topics import Channel, Topic
from simulators.fleet.books import Identity
from simulators.fleet.mqtt import device_tls


@dataclass(frozen=True, slots=True, repr=False)
class Papers:
    identity: Identity
    tls: ssl.SSLContext


def read_papers(edge: Path) -> Papers:
    """``edge`` is a device's state folder."""
    folder = edge / "identity"
    told: dict[str, Any] = tomllib.loads((folder / "identity.toml").read_text())
    files = told["files"]
    topic = Topic(told["region"], told["post"], told["device"], Channel.EVT)
    key = DeviceKey(told["kid"], bytes.fromhex((folder / files["signing"]).read_text()))
    region = RegionPublic(told["region_kid"], bytes.fromhex(told["regions"][told["region_kid"]]))
    gateways = {kid: GatewayRecord(kid, bytes.fromhex(public)) for kid, public in told["gateways"].items()}
    tls = device_tls(folder / files["ca"], folder / files["certificate"], folder / files["key"])
    return Papers(Identity(topic, key, region, gateways), tls)
