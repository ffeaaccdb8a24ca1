"""``borderpost gateway move``: from a file into PostgreSQL."""

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="URL", help="an empty PostgreSQL database (postgresql://...)")


def run(args: argparse.Namespace) -> int:
    from borderpost.gateway import gateway_errors
    from gateway.care.moving import move
    from gateway.state import StateFolder

    with gateway_errors():
        events = move(StateFolder(args.state), args.store)
    if args.json:
        print(json.dumps({"state": str(args.state), "events": events}))
    else:
        print(f"{events} events are in PostgreSQL now, and gateway.toml names it. The file stays until you delete it.")
    return 0
