"""``borderpost gateway quarantine``: what was set aside and why, the newest first, a page at a time."""

import argparse
import json
from contextlib import closing
from typing import Any, Final

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors, moment
from messages.printable import printable

LIMIT: Final = 1_000
LIMIT_MAX: Final = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"so many at most ({LIMIT})")
    parser.add_argument("--after", type=int, metavar="ROW", help="those that come after this row, which are older")


def run(args: argparse.Namespace) -> int:
    """Exit code 1: something is set aside, on whichever page."""
    from gateway.queries import Queries
    from gateway.state import StateFolder

    if not 1 <= args.limit <= LIMIT_MAX:
        raise Fault("usage", f"--limit must be 1 to {LIMIT_MAX}.", "Choose another.")
    with gateway_errors(), closing(StateFolder(args.state).open_store()) as connection:
        queries = Queries(connection)
        rows, total = queries.quarantine(args.limit + 1, args.after), queries.quarantined()
        not_kept = queries.not_kept()
    shown, more = rows[: args.limit], len(rows) > args.limit
    following = shown[-1]["row"] if more else None
    if args.json:
        print(json.dumps({"quarantine": shown, "total": total, "next": following, "not_kept": not_kept}))
    else:
        print(
            "\n".join(map(line, shown)) or ("Nothing is set aside." if not total else "Nothing comes after this row.")
        )
        if len(shown) < total:
            print(f"{len(shown)} of {total} are shown" + (f"; the next: --after {following}" if more else "") + ".")
        if not_kept:
            print(f"{not_kept} more came from unproven senders that have filled their share, and were only counted.")
    return 1 if total else 0


def line(row: dict[str, Any]) -> str:
    """The row first: ``--after`` takes it."""
    received = moment(row["received_ms"])
    why = f"{row['reason']} ({row['detail']})" if row["detail"] else row["reason"]
    sender = row["sender"] or "an unproven sender"
    told = f"row {row['row']}  {received}  {why}: {sender} on {row['topic']}{_place(row)}, {row['size_bytes']} bytes"
    # The topic is whatever somebody made it: a terminal must not be told anything by it.
    return printable(told)


def _place(row: dict[str, Any]) -> str:
    """Which boot and numbers of it; only a frame that was signed names them."""
    if not row["boot"]:
        return ""
    first, last = row["first"], row["last"]
    numbers = f"number {first}" if first == last else f"numbers {first} to {last}"
    return f", boot {row['boot']}, {numbers}"
