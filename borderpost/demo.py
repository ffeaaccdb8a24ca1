"""``borderpost demo``: everything on this machine, until Ctrl-C."""

import argparse
import asyncio
from pathlib import Path

from borderpost.errors import Fault

GATEWAY_PORT, DISPLAY_PORT = 8080, 8081


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("demo", help="a border post on this machine, with travellers who keep coming")
    parser.add_argument("--state", type=Path, default=Path(".state/demo"), metavar="DIR", help="default: .state/demo")
    parser.add_argument("--gateway-port", type=int, default=GATEWAY_PORT, metavar="N")
    parser.add_argument("--display-port", type=int, default=DISPLAY_PORT, metavar="N")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="people and doors run X times faster")
    parser.add_argument("--seed", type=int, metavar="S", help="the same travellers again")
    parser.add_argument("--direct-chip", action="store_true", help="read the chip over a socket even where PC/SC is")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from borderpost.doctor import taken
    from simulators.lane.demo import run_demo
    from simulators.lane.post import BrokerFailed, CannotStart, Settings

    for port, option in ((arguments.gateway_port, "--gateway-port"), (arguments.display_port, "--display-port")):
        if taken(port):
            cure = f"End the program that holds it, or choose another: ./run demo {option} N"
            raise Fault("port-taken", f"Port {port} is taken.", cure, exit_code=4)
    settings = Settings(
        arguments.state, arguments.speed, arguments.gateway_port, arguments.display_port, arguments.direct_chip
    )
    try:
        return asyncio.run(run_demo(settings, arguments.seed, _say))
    except (CannotStart, BrokerFailed) as error:
        raise Fault("cannot-start", str(error), "`./run doctor` says what is missing.", exit_code=4) from error


def _say(sentence: str) -> None:
    print(sentence, flush=True)
