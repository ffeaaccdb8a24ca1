"""``borderpost device``: give a device its identity, renew it, and end it. Its keys never leave its own folder."""

import argparse
import json
from pathlib import Path

from borderpost import device_command, device_region
from borderpost.device_identity import (
    enrol_by_claim,
    enrol_here,
    enrol_many_here,
    intact,
    known,
    renew_at_gateway,
    renew_here,
)
from borderpost.errors import Fault
from borderpost.verbs import verb

MANY_MAX = 20_000


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("device", help="identities of devices")
    verbs = parser.add_subparsers(dest="device_verb", required=True, metavar="VERB")
    enrol = verb(verbs, "enrol", "make a device's keys and enrol it with a gateway", _enrol)
    _add_gateway(enrol, required=True)
    place = enrol.add_mutually_exclusive_group(required=True)
    place.add_argument("--edge", type=Path, metavar="DIR", help="the device's state folder")
    place.add_argument("--edges", type=Path, metavar="DIR", help="with --many: a folder for each device")
    enrol.add_argument("--claim", metavar="CODE", help="with --at: what `device claim` gave")
    enrol.add_argument("--post", required=True, help="name of the post where the device stands")
    enrol.add_argument("--device", help="name of the device")
    enrol.add_argument("--many", type=int, metavar="N", help="for simulations: N devices at once")
    enrol.add_argument(
        "--prefix", default="lane-", help="with --many: what their names begin with (lane-1, lane-2 ...)"
    )
    renew = verb(verbs, "renew", "give an enrolled device a new certificate", _renew)
    _add_gateway(renew, required=False)
    renew.add_argument("--edge", type=Path, required=True, metavar="DIR", help="the device's state folder")
    renew.add_argument("--new-key", action="store_true", help="a new signing key, too")
    device_region.add_verbs(verbs)
    device_command.add_verb(verbs)


def _add_gateway(parser: argparse.ArgumentParser, *, required: bool) -> None:
    gateway = parser.add_mutually_exclusive_group(required=required)
    gateway.add_argument("--gateway", type=Path, metavar="DIR", help="the gateway's state folder on this machine")
    gateway.add_argument("--at", metavar="HOST:PORT", help="the gateway's enrolment address")


def _enrol(args: argparse.Namespace) -> int:
    """May be repeated: a device that is enrolled keeps its identity."""
    if args.edges is not None:
        return _enrol_many(args)
    if args.device is None or args.many is not None:
        raise Fault("usage", "device enrol --edge takes --device and one device.", "Or use --edges with --many.")
    if (args.at is None) != (args.claim is None):
        raise Fault("usage", "--at and --claim belong together.", "Get a code with: borderpost device claim")
    folder: Path = args.edge / "identity"
    present = known(folder) if args.claim is None else intact(folder)
    if present is not None and (present.get("device"), present.get("post")) != (args.device, args.post):
        message = f"This folder belongs to device {present.get('device')} of post {present.get('post')}."
        raise Fault("other-device", message, "Choose another --edge.")
    # With a claim an enrolled device may come again: its certificate ended too long ago, or its folder was damaged.
    if args.at is not None:
        enrol_by_claim(args.at, args.claim, folder, args.post, args.device)
    elif present is None:
        enrol_here(args.gateway, folder, args.post, args.device)
    told = {"device": args.device, "post": args.post, "identity": str(folder), "new": present is None}
    print(json.dumps(told) if args.json else f"Device {args.device} of post {args.post}: identity in {folder}.")
    return 0


def _enrol_many(args: argparse.Namespace) -> int:
    if args.gateway is None or args.device is not None or not 1 <= (args.many or 0) <= MANY_MAX:
        raise Fault("usage", f"--edges takes --gateway and --many from 1 to {MANY_MAX}, no --device.", "Give --many N.")
    names = enrol_many_here(args.gateway, args.edges, args.post, args.prefix, args.many)
    told = {"devices": names, "post": args.post, "edges": str(args.edges)}
    print(json.dumps(told) if args.json else f"{len(names)} devices of post {args.post}: identities in {args.edges}.")
    return 0


def _renew(args: argparse.Namespace) -> int:
    """Without an address it asks where the device was told to ask."""
    folder: Path = args.edge / "identity"
    if args.gateway is not None:
        renew_here(args.gateway, folder, new_key=args.new_key)
    else:
        renew_at_gateway(args.at, folder, new_key=args.new_key)
    now = known(folder) or {}
    told = {name: now.get(name) for name in ("device", "kid", "region_kid", "certificate_ends")}
    print(json.dumps(told) if args.json else f"Device {told['device']}: certificate until {told['certificate_ends']}.")
    return 0
