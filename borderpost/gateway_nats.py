"""``borderpost gateway nats``: what the nodes of a NATS cluster need from the region."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from borderpost.errors import Fault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="where the nodes' folders go")
    parser.add_argument(
        "--node",
        action="append",
        required=True,
        metavar="NAME[=HOST,...]",
        help="a node, and the host names or addresses under which others reach it; repeat it",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="deploy/cluster/nats-server.conf")


def run(args: argparse.Namespace) -> int:
    from borderpost.gateway import gateway_errors
    from gateway.links.nats_files import write_nodes
    from gateway.state import StateFolder

    nodes = dict(_node(text) for text in args.node)
    with gateway_errors():
        changed = write_nodes(StateFolder(args.state), args.into, nodes, args.config, datetime.now(UTC))
    if args.json:
        print(json.dumps({"into": str(args.into), "nodes": sorted(nodes), "changed": changed}))
    elif changed:
        print(f"Written: {', '.join(changed)}. A running node reads users.conf again at: nats-server --signal reload")
    else:
        print("All was there.")
    return 0


def _node(text: str) -> tuple[str, list[str]]:
    name, _, hosts = text.partition("=")
    if not name:
        raise Fault("usage", f"{text!r} names no node.", "Write it as NAME or NAME=HOST,HOST.")
    return name, [host for host in hosts.split(",") if host]
