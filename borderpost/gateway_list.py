"""``borderpost gateway list``: publish a list or the rules for every device of the region, and show what there is."""

import argparse
import json
import time
from contextlib import closing
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Final

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors
from borderpost.verbs import region_verb

VALID_H: Final = 24.0
KEYS: Final = ("name", "number", "issued_ms", "valid_s", "size")


def add_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("list", help="lists and rules for the devices of the region")
    words = parser.add_subparsers(dest="list_verb", required=True, metavar="VERB")
    publish = region_verb(
        words, "publish", "give a file the next number, sign it, and send it to every device", _publish
    )
    publish.add_argument("name", metavar="NAME", help="documents, persons or rules")
    publish.add_argument("file", type=Path, metavar="FILE")
    publish.add_argument(
        "--valid-h",
        type=float,
        default=VALID_H,
        metavar="H",
        help=f"hours until it is stale ({VALID_H:.0f}): publish it anew before",
    )
    publish.add_argument("--shrink", action="store_true", help="yes, it has much fewer entries than the one before")
    region_verb(words, "show", "what is published", _show)


def _publish(args: argparse.Namespace) -> int:
    from gateway.downlink import lists
    from gateway.state import StateFolder

    try:
        content = args.file.read_bytes()
    except OSError as error:
        raise Fault("unreadable", f"{args.file} cannot be read: {error.strerror}.", "Choose another file.") from error
    _expect_usable(args.name, args.file.name, content)
    valid_s = int(args.valid_h * 3600) if isfinite(args.valid_h) else 0
    now_ms = int(time.time() * 1000)
    with gateway_errors():
        folder = StateFolder(args.state)
        with closing(folder.open_store()) as connection:
            made = lists.publish(
                connection, folder.config.region, folder.control_key(), args.name, content,
                valid_s=valid_s, now_ms=now_ms, shrink=args.shrink,
            )  # fmt: skip
    deltas = {str(base): size_bytes for base, size_bytes in made.deltas.items()}
    if args.json:
        told = {"name": made.name, "number": made.number, "size": made.size_bytes, "deltas": deltas}
        print(json.dumps({**told, "issued_ms": now_ms, "valid_s": valid_s}))
    else:
        print(f"{made.name} is number {made.number} now ({made.size_bytes} bytes); devices get it as they are heard.")
        print(f"Valid until {_until(now_ms, valid_s)}: publish it again before, also when nothing in it has changed.")
    return 0


def _expect_usable(name: str, file: str, content: bytes) -> None:
    """What no lane could read would be refused by each of them: so it is read here as they do."""
    from edge.decision.lists import KINDS, ListError, parse_list
    from edge.decision.rules import RulesError, parse_rules

    try:
        if name == "rules":
            parse_rules(content.decode())
        elif name in KINDS:
            parse_list(content, file, name, key=b"")
    except ListError as error:
        cure = "What a file of a list looks like: docs/contract.md, 10."
        raise Fault("bad-list", f"{error.wrong}.", cure) from error
    except RulesError as error:
        cure = "A file with every setting: edge/decision/default_rules.toml."
        raise Fault("bad-list", str(error), cure) from error
    except UnicodeDecodeError as error:
        raise Fault("bad-list", f"{file} is not UTF-8 text.", "Save it as UTF-8.") from error


def _show(args: argparse.Namespace) -> int:
    from gateway.downlink import lists
    from gateway.state import StateFolder

    with gateway_errors(), closing(StateFolder(args.state).open_store()) as connection:
        shown = lists.shown(connection)
    if args.json:
        print(json.dumps({"lists": shown}))
    else:
        print("\n".join(_line(each) for each in shown) or "Nothing is published.")
    return 0


def _line(shown: dict[str, object]) -> str:
    name, number, issued_ms, valid_s, size = (shown[key] for key in KEYS)
    return f"{name} number {number}: {size} bytes, valid until {_until(int(str(issued_ms)), int(str(valid_s)))}"


def _until(issued_ms: int, valid_s: int) -> str:
    return datetime.fromtimestamp(issued_ms / 1000 + valid_s, UTC).isoformat(timespec="minutes")
