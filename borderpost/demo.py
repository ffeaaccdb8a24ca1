"""``borderpost demo``: everything on this machine, until Ctrl-C."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from borderpost.errors import Fault
from borderpost.sim_folder import expect_own

GATEWAY_PORT, DISPLAY_PORT = 8080, 8081
PORT_MAX = 65535


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("demo", help="a border post on this machine, with travellers who keep coming")
    parser.add_argument("--state", type=Path, default=Path(".state/demo"), metavar="DIR", help="default: .state/demo")
    parser.add_argument("--gateway-port", type=int, default=GATEWAY_PORT, metavar="N", help="0: any free one")
    parser.add_argument("--display-port", type=int, default=DISPLAY_PORT, metavar="N", help="0: any free one")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="people and doors run X times faster")
    parser.add_argument("--seed", type=int, metavar="S", help="the same travellers again")
    parser.add_argument("--direct-chip", action="store_true", help="read the chip over a socket even where PC/SC is")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    from borderpost.sim import expect_speed
    from simulators.lane.demo import run_demo
    from simulators.lane.post import BrokerFailed, CannotStart, Settings

    expect_speed(arguments.speed)
    _expect_ports(arguments.gateway_port, arguments.display_port)
    expect_own(arguments.state)
    settings = Settings(
        arguments.state, arguments.speed, arguments.gateway_port, arguments.display_port, arguments.direct_chip
    )
    try:
        return asyncio.run(run_demo(settings, arguments.seed, _speaker(as_json=arguments.json)))
    except (CannotStart, BrokerFailed) as error:
        raise Fault("cannot-start", str(error), "`./run doctor` says what is missing.", exit_code=4) from error


def _expect_ports(gateway: int, display: int) -> None:
    from borderpost.doctor import taken

    for port, option in ((gateway, "--gateway-port"), (display, "--display-port")):
        if not 0 <= port <= PORT_MAX:
            raise Fault("bad-port", f"{option} must lie between 0 and {PORT_MAX}.", "0 takes any free port.")
        if taken(port):
            cure = f"End the program that holds it, or choose another: ./run demo {option} N"
            raise Fault("port-taken", f"Port {port} is taken.", cure, exit_code=4)
    if gateway == display != 0:
        raise Fault("bad-port", "The two pages need two ports.", "Choose another --display-port.")


def _speaker(*, as_json: bool) -> Callable[[str], None]:
    def say(sentence: str) -> None:
        print(json.dumps({"says": sentence}) if as_json else sentence, flush=True)

    return say
