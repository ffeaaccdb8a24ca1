"""``borderpost gateway broker``: the files of a mosquitto, from the region's state: settings, and who may do what.

To be run again behind each change, best by the gateway itself: as [broker] reload in gateway.toml.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors

CONNECTIONS_LIMIT = 200
CONNECTIONS_MAX = 1_000_000
ELSEWHERE = "Choose a folder that everybody may pass, such as /etc/mosquitto/borderpost."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="the broker's folder")
    most = f"connections at one time (default: what stands there already, else {CONNECTIONS_LIMIT})"
    parser.add_argument("--most", type=int, metavar="N", help=most)
    parser.add_argument("--then", default="", metavar="COMMAND", help='run this, e.g. "systemctl reload mosquitto"')


def run(args: argparse.Namespace) -> int:
    from gateway.identity.own import expect_own_certificates
    from gateway.identity.revocation import tell_broker
    from gateway.state import StateFolder
    from simulators.network.broker_files import DAEMON_USER, Certificates, connections_limit, daemon_user, write_files

    then, into = _words(args.then), args.into.absolute()  # mosquitto starts in a folder of its own
    if args.most is not None and not 1 <= args.most <= CONNECTIONS_MAX:
        raise Fault("usage", f"--most is a number from 1 to {CONNECTIONS_MAX}.", "Choose another.")
    with gateway_errors():
        folder = StateFolder(args.state)
        expect_own_certificates(folder.state)
        _expect_outside(into)
        own = folder.state / "broker"
        tls = Certificates(
            own / "broker.crt",
            own / "broker.key",
            folder.state / "clients-ca.crt",
            own / "clients.crl",
            own / "revoked",
        )
        config, workers = folder.config, tuple(folder.workers())
        try:
            most = args.most or connections_limit(into) or CONNECTIONS_LIMIT
            written = write_files(into, config.broker_port, tls, config.region, workers, most, config.broker_host)
        except OSError as error:
            message = f"The broker's files cannot be written: {error.strerror} ({error.filename})."
            raise Fault("unwritable", message, "Run borderpost gateway init again, or look at the folder.") from error
        if daemon_user(into) not in (None, DAEMON_USER):
            # Not refused: then a revoked device would not be turned out.
            print(f"{DAEMON_USER} cannot reach {into}, so the broker stays root. {ELSEWHERE}", file=sys.stderr)
        tell_broker(then, "The files are written")
    told = {"config": str(written), "workers": list(workers), "revoked": list(tls.names()), "told": bool(args.then)}
    print(json.dumps(told) if args.json else f"mosquitto -c {written}")
    return 0


def _expect_outside(into: Path) -> None:
    """Its own certificates would be given away to mosquitto, and the files of another region replaced."""
    real = into.resolve()
    for folder in (real, *real.parents):
        if (folder / "gateway.toml").exists():
            raise Fault("other-folder", f"{into} lies in the folder of a region, {folder}.", ELSEWHERE)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Fault("usage", "--then is no command: a quotation mark is not closed.", "Close it.") from error
