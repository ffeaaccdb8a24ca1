"""What does the gate do in every state on every event? ``borderpost gate table`` asks the machine itself."""

import argparse
import json


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    gate = subparsers.add_parser("gate", help="look into the gate's state machine")
    verbs = gate.add_subparsers(dest="gate_verb", required=True, metavar="VERB")
    parser = verbs.add_parser("table", help="print every state with every event as Markdown (docs/gate.md)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead, with ignored events too")
    parser.set_defaults(run=table)


def table(arguments: argparse.Namespace) -> int:
    from edge.gate.table import markdown, rows

    if not arguments.json:
        print(markdown(), end="")
        return 0
    pairs = [
        {"state": row.state, "event": row.event, "following": row.following, "orders": row.orders} for row in rows()
    ]
    print(json.dumps({"pairs": pairs}))
    return 0
