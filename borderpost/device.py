"""``borderpost device``: give a device its identity. Its keys are made in its own folder and never leave it."""

import argparse
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from gateway.authority import Enrolled


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("device", help="identities of devices")
    verbs = parser.add_subparsers(dest="device_verb", required=True, metavar="VERB")
    enrol = verbs.add_parser("enrol", help="make a device's keys and enrol it with a gateway")
    enrol.add_argument("--gateway", type=Path, required=True, metavar="DIR", help="the gateway's state folder")
    enrol.add_argument("--edge", type=Path, required=True, metavar="DIR", help="the device's state folder")
    enrol.add_argument("--post", required=True, help="name of the post where the device stands")
    enrol.add_argument("--device", required=True, help="name of the device")
    enrol.add_argument("--json", action="store_true", help="answer as JSON")
    enrol.set_defaults(run=_enrol)


def _enrol(args: argparse.Namespace) -> int:
    """May be repeated: a device that is enrolled keeps its identity."""
    folder: Path = args.edge / "identity"
    present = _present(folder)
    if present is not None and (present.get("device"), present.get("post")) != (args.device, args.post):
        message = f"This folder belongs to device {present.get('device')} of post {present.get('post')}."
        raise Fault("other-device", message, "Choose another --edge.")
    if present is None:
        _make(args.gateway, folder, args.post, args.device)
    told = {"device": args.device, "post": args.post, "identity": str(folder), "new": present is None}
    print(json.dumps(told) if args.json else f"Device {args.device} of post {args.post}: identity in {folder}.")
    return 0


def _present(folder: Path) -> dict[str, object] | None:
    """identity.toml is written last: when it is there, all of it is."""
    path = folder / "identity.toml"
    return tomllib.loads(path.read_text()) if path.exists() else None


def _make(gateway: Path, folder: Path, post: str, device: str) -> None:
    from gateway import certificates, keyfiles
    from gateway.authority import Authority
    from messages.keys import DeviceKey

    with gateway_errors():
        authority = Authority(gateway)
        keyfiles.closed_folder(folder.parent)
        keyfiles.closed_folder(folder)
        key = _tls_key(folder / "device.key")
        if not (folder / "sign.key").exists():
            keyfiles.write_key(folder / "sign.key", DeviceKey.generate("device").seed, secret=True)
        signer = DeviceKey("device", keyfiles.read_key(folder / "sign.key"))
        request = certificates.request_pem(device, key)
        _keep(folder, post, device, authority.enrol(request, signer.public, post, device, datetime.now(UTC)))


def _tls_key(path: Path) -> "EllipticCurvePrivateKey":
    """The key of an enrolment that was cut short is used again, so that it fits what the gateway may know already."""
    from gateway import certificates, keyfiles

    if not path.exists():
        keyfiles.write(path, certificates.key_pem(certificates.new_key()), secret=True)
    return certificates.load_key(path.read_bytes())


def _keep(folder: Path, post: str, device: str, enrolled: "Enrolled") -> None:
    from gateway import keyfiles

    keyfiles.write(folder / "device.crt", enrolled.certificate_pem, secret=False)
    keyfiles.write(folder / "ca.crt", enrolled.servers_ca_pem, secret=False)
    keyfiles.write_key(folder / "region.pub", enrolled.region_public, secret=False)
    keyfiles.write_key(folder / "gateway.pub", enrolled.gateway_public, secret=False)
    lines = {
        "region": enrolled.region,
        "post": post,
        "device": device,
        "region_kid": enrolled.region_kid,
        "gateway_kid": enrolled.gateway_kid,
        "certificate_ends": enrolled.not_after.isoformat(),
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    keyfiles.write(folder / "identity.toml", text.encode(), secret=False)
