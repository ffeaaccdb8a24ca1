"""``borderpost gateway alarms``: what the gateway itself has to say of devices, and that somebody has dealt with it."""

import argparse
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from borderpost.gateway import gateway_errors, moment
from messages.printable import printable

SHOWN: Final = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    words = "it was dealt with: it is on no page until it happens again"
    parser.add_argument("--settle", nargs=2, metavar=("DEVICE", "CODE"), help=words)


def run(args: argparse.Namespace) -> int:
    """Exit code 1: one is open."""
    return _list(args) if args.settle is None else _settle(args, *args.settle)


def _list(args: argparse.Namespace) -> int:
    from gateway.queries import Queries
    from gateway.state import StateFolder

    with gateway_errors(), closing(StateFolder(args.state).open_store()) as connection:
        queries = Queries(connection)
        shown, (opened, total) = queries.all_alarms(SHOWN), queries.alarms_counted()
    if args.json:
        print(json.dumps({"alarms": shown, "open": opened, "total": total}))
    else:
        print("\n".join(map(line, shown)) or "There is none.")
        if len(shown) < total:
            print(f"{len(shown)} of {total} are shown; {opened} are open.")
    return 1 if opened else 0


def _settle(args: argparse.Namespace, device: str, code: str) -> int:
    from gateway.errors import GatewayError
    from gateway.intake.alarms import settle
    from gateway.state import StateFolder

    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    with gateway_errors(), closing(StateFolder(args.state).open_store()) as connection:
        settled = settle(connection, device, code, now_ms)
        if not settled:
            message = f"{printable(device) or 'An unproven sender'} has no open alarm {printable(code)}."
            raise GatewayError("unknown-alarm", message, "`gateway alarms` lists them.")
    if args.json:
        print(json.dumps({"device": device, "code": code, "settled": settled}))
    else:
        print(f"Settled: {settled}. It comes back when it happens again.")
    return 0


def line(alarm: dict[str, Any]) -> str:
    where = f", boot {alarm['boot']}" if alarm["boot"] else ""
    where += f", number {alarm['seq']}" if alarm["seq"] else ""
    first, last = moment(alarm["since_ms"]), moment(alarm["last_ms"])
    when = f"since {first}, last {last}" if first != last else first
    settled = "" if alarm["settled_ms"] is None else f"; settled {moment(alarm['settled_ms'])}"
    # An unproven sender's name is whatever its topic says.
    return printable(f"{alarm['code']}: {alarm['device'] or 'an unproven sender'}{where}; {when}{settled}")
