"""``borderpost gateway key`` and ``worker``: new keys for the region, and one more worker."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from borderpost.gateway import gateway_errors
from borderpost.verbs import region_verb


def add_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    key = verbs.add_parser("key", help="the region's keys")
    words = key.add_subparsers(dest="key_verb", required=True, metavar="VERB")
    rotate = region_verb(words, "rotate", "a new key; the old ones stay, for what was sealed to them", _rotate)
    rotate.add_argument("purpose", choices=("region", "control"), help="what devices seal to, or what signs commands")
    end = region_verb(
        words, "end", "believe a control key that was seen no more; rotate, and renew devices, first", _end
    )
    end.add_argument("kid", metavar="KID", help="control-1, control-2 ...")
    worker = verbs.add_parser("worker", help="the region's workers")
    words = worker.add_subparsers(dest="worker_verb", required=True, metavar="VERB")
    add = region_verb(words, "add", "keys and certificate for one more worker", _add)
    add.add_argument("name", metavar="NAME", help="gateway-2, gateway-3 ...")
    add.add_argument("--into", type=Path, metavar="DIR", help="write a folder for another host")


def _rotate(args: argparse.Namespace) -> int:
    from gateway.identity.rotation import rotate
    from gateway.state import StateFolder

    with gateway_errors():
        folder = StateFolder(args.state)
        kid = rotate(folder, args.purpose)
    if args.json:
        print(json.dumps({"purpose": args.purpose, "kid": kid}))
        return 0
    print(f"{kid} is there. Devices learn of it when they are renewed.")
    if args.purpose == "control":
        print(
            "It signs from 30 days on: until then the one before it does, and that one stays believed. If it was seen,"
        )
        print("renew each device (device command DEVICE renew), then end it: borderpost gateway key end KID")
    print(f"Workers on other hosts need it before that: copy {folder.secret(f'{kid}.key')} into their secrets/ first.")
    return 0


def _end(args: argparse.Namespace) -> int:
    from gateway.identity.rotation import end
    from gateway.state import StateFolder

    with gateway_errors():
        folder = StateFolder(args.state)
        signs = end(folder, args.kid, datetime.now(UTC))
    if args.json:
        print(json.dumps({"kid": args.kid, "signs": signs}))
        return 0
    print(
        f"{args.kid} signs nothing more, {signs} does. A device believes {args.kid} until it is renewed: publish lists"
    )
    print("and rules anew (gateway list publish), then renew each device (device command DEVICE renew).")
    print(f"A device that was not renewed since {signs} was made obeys nothing, and takes no list, until it is.")
    if folder.config.store:
        print("On every other host with a worker: this command once more, with the folder there.")
    return 0


def _add(args: argparse.Namespace) -> int:
    from gateway.identity.rotation import add_worker
    from gateway.state import StateFolder

    with gateway_errors():
        folder = StateFolder(args.state)
        new = add_worker(folder, args.name, datetime.now(UTC), args.into)
    if args.json:
        print(json.dumps({"worker": args.name, "new": new, "into": None if args.into is None else str(args.into)}))
    else:
        print(f"Worker {args.name} has its keys. Devices believe it once they are renewed: add it before you need it.")
    return 0
