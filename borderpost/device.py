"""``borderpost device``: give a device its identity. Its keys are made in its own folder and never leave it."""

import argparse
import json
from pathlib import Path

from borderpost.device_identity import enrol_here, enrol_many_here, known
from borderpost.errors import Fault

MANY_MAX = 20_000


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("device", help="identities of devices")
    verbs = parser.add_subparsers(dest="device_verb", required=True, metavar="VERB")
    enrol = verbs.add_parser("enrol", help="make a device's keys and enrol it with a gateway")
    enrol.add_argument("--gateway", type=Path, required=True, metavar="DIR", help="the gateway's state folder")
    place = enrol.add_mutually_exclusive_group(required=True)
    place.add_argument("--edge", type=Path, metavar="DIR", help="the device's state folder")
    place.add_argument("--edges", type=Path, metavar="DIR", help="with --many: a folder for each device")
    enrol.add_argument("--post", required=True, help="name of the post where the device stands")
    enrol.add_argument("--device", help="name of the device")
    enrol.add_argument("--many", type=int, metavar="N", help="for simulations: N devices at once")
    enrol.add_argument(
        "--prefix", default="lane-", help="with --many: what their names begin with (lane-1, lane-2 ...)"
    )
    enrol.add_argument("--json", action="store_true", help="answer as JSON")
    enrol.set_defaults(run=_enrol)


def _enrol(args: argparse.Namespace) -> int:
    """May be repeated: a device that is enrolled keeps its identity."""
    if args.edges is not None:
        return _enrol_many(args)
    if args.device is None or args.many is not None:
        raise Fault("usage", "device enrol --edge takes --device and one device.", "Or use --edges with --many.")
    folder: Path = args.edge / "identity"
    present = known(folder)
    if present is not None and (present.get("device"), present.get("post")) != (args.device, args.post):
        message = f"This folder belongs to device {present.get('device')} of post {present.get('post')}."
        raise Fault("other-device", message, "Choose another --edge.")
    if present is None:
        enrol_here(args.gateway, folder, args.post, args.device)
    told = {"device": args.device, "post": args.post, "identity": str(folder), "new": present is None}
    print(json.dumps(told) if args.json else f"Device {args.device} of post {args.post}: identity in {folder}.")
    return 0


def _enrol_many(args: argparse.Namespace) -> int:
    if args.device is not None or not 1 <= (args.many or 0) <= MANY_MAX:
        raise Fault("usage", f"--edges takes --many from 1 to {MANY_MAX}, and no --device.", "Give --many N.")
    names = enrol_many_here(args.gateway, args.edges, args.post, args.prefix, args.many)
    told = {"devices": names, "post": args.post, "edges": str(args.edges)}
    print(json.dumps(told) if args.json else f"{len(names)} devices of post {args.post}: identities in {args.edges}.")
    return 0
