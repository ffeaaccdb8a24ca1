"""``borderpost sim fleet``: a region's worth of devices on the real wire, and the account of what arrived."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any  # the account is JSON

from borderpost.errors import Fault
from borderpost.sim_folder import expect_own

if TYPE_CHECKING:
    from simulators.fleet.run import Plan

DEVICES_MAX = 5_000
FRAMES_MAX = 50
EVENTS_MAX = 5_000_000
FAULTS = ("gateway", "broker")  # as simulators.fleet.region has them; importing it takes half a second


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    fleet = verbs.add_parser("fleet", help="many devices, one region: does every event arrive, once, and how fast?")
    fleet.add_argument("--devices", type=int, required=True, metavar="N")
    fleet.add_argument("--rate", type=float, default=0.0, metavar="R", help="events a second and device")
    fleet.add_argument("--seconds", type=float, default=0.0, metavar="S", help="for so long")
    fleet.add_argument("--frames", type=int, default=1, metavar="K", help="events in a frame, 1 to 50")
    fleet.add_argument("--live-frames", type=int, default=0, metavar="K", help="of those with --rate, if not --frames")
    fleet.add_argument("--backlog", type=int, default=0, metavar="M", help="events that each device has in store")
    fleet.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed tells the same stories")
    fleet.add_argument("--doubled", type=float, default=0.05, metavar="P", help="share of frames that are sent twice")
    fleet.add_argument(
        "--faults",
        action="append",
        choices=FAULTS,
        default=[],
        help="kill -9 of this one at a random moment; may be repeated",
    )
    fleet.add_argument(
        "--plant-loss", type=int, default=0, metavar="F", help="frames that a device loses: does the account tell it?"
    )
    fleet.add_argument("--drain", type=float, default=60.0, metavar="S", help="wait so long for the last answers")
    fleet.add_argument("--state", type=Path, metavar="DIR", help="keep everything here (default: a temporary folder)")
    fleet.add_argument("--json", action="store_true")
    fleet.set_defaults(run=_fleet)


def _fleet(arguments: argparse.Namespace) -> int:
    """1 when anything was lost or stored twice, by a device's books or by the store."""
    account = _run(arguments)
    print(json.dumps(account) if arguments.json else _sentence(account))
    return 1 if account["lost"] or account["duplicated"] else 0


def _run(arguments: argparse.Namespace) -> "dict[str, Any]":
    import asyncio

    from simulators.fleet.run import run_fleet
    from simulators.lane.processes import CannotStart
    from simulators.network.broker import BrokerFailed

    plan = _plan(arguments)
    if arguments.state is not None:
        expect_own(arguments.state)
    state = arguments.state or Path(tempfile.mkdtemp(prefix="borderpost-"))
    try:
        return asyncio.run(run_fleet(state, plan, _progress))
    except (CannotStart, BrokerFailed) as error:
        raise Fault("cannot-start", str(error), "`borderpost doctor` says what is missing.", exit_code=4) from error
    finally:
        if arguments.state is None:
            shutil.rmtree(state, ignore_errors=True)


def _plan(arguments: argparse.Namespace) -> "Plan":
    from simulators.fleet.run import Plan

    _expect("devices", 1 <= arguments.devices <= DEVICES_MAX, f"between 1 and {DEVICES_MAX}")
    _expect("frames", 1 <= arguments.frames <= FRAMES_MAX, f"between 1 and {FRAMES_MAX}")
    _expect("live-frames", 0 <= arguments.live_frames <= FRAMES_MAX, f"between 1 and {FRAMES_MAX}")
    _expect("doubled", 0.0 <= arguments.doubled <= 1.0, "between 0 and 1")
    for name in ("rate", "seconds", "backlog", "plant_loss", "drain"):
        _expect(name.replace("_", "-"), getattr(arguments, name) >= 0, "0 or more")
    events = round(arguments.devices * (arguments.rate * arguments.seconds + arguments.backlog))
    if not 1 <= events <= EVENTS_MAX:
        message = f"A run has 1 to {EVENTS_MAX} events, and this one {events}."
        raise Fault("bad-number", message, "Give --rate and --seconds, or --backlog.")
    return Plan(
        devices=arguments.devices,
        rate=arguments.rate,
        seconds=arguments.seconds if arguments.rate else 0.0,
        frames=arguments.frames,
        live_frames=arguments.live_frames,
        backlog=arguments.backlog,
        seed=arguments.seed,
        doubled_share=arguments.doubled,
        faults=tuple(arguments.faults),
        forgotten=arguments.plant_loss,
        drain_limit_s=arguments.drain,
    )


def _expect(name: str, right: bool, range_: str) -> None:
    if not right:
        raise Fault("bad-number", f"--{name} must be {range_}.")


def _progress(standing: "dict[str, int]") -> None:
    if sys.stderr.isatty():
        print(
            f"\r{standing['made']} made, {standing['acknowledged']} acknowledged", end="", file=sys.stderr, flush=True
        )


def _sentence(account: "dict[str, Any]") -> str:
    p50, p99 = account["latency_ms"]["p50"], account["latency_ms"]["p99"]
    delay = "" if p50 is None else f" From the event to its acknowledgement: p50 {p50} ms, p99 {p99} ms."
    return (
        f"{account['devices']} devices made {account['produced']} events; {account['stored_unique']} are in the store, "
        f"{account['lost']} lost, {account['duplicated']} twice ({account['duplicates_offered']} were offered twice). "
        f"{account['events_per_s']} a second, {account['gateway_cpu_us_per_event']} us of the gateway for each.{delay}"
    )
