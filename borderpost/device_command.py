"""``borderpost device command``: tell a device something, and wait for what it answers."""

import argparse
import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors
from borderpost.verbs import region_verb

if TYPE_CHECKING:
    from gateway.downlink.orders import Standing

EXPIRES_S: Final = 10.0
ANSWER_S: Final = 5.0  # an answer may come after the deadline up to which the device may act
LOOK_EVERY_S: Final = 0.1
COMMANDS: Final = ("open", "hold", "out-of-service", "send-log", "new-list", "renew")


def add_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "tell a device something, and wait for its answer"
    parser = region_verb(verbs, "command", text, _command)
    parser.add_argument("device", metavar="DEVICE")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("--expires", type=float, default=EXPIRES_S, metavar="S", help="seconds after which it is void")


def _command(args: argparse.Namespace) -> int:
    """Exit code 0: done; 1: any other answer; 3: none in time."""
    from gateway.downlink.orders import EXPIRES_MAX_S

    if not 0 < args.expires <= EXPIRES_MAX_S:
        raise Fault("usage", f"--expires must be more than 0 and at most {EXPIRES_MAX_S:.0f}.", "Choose another.")
    with gateway_errors():
        answered = _ordered(args.state, args.device, args.command, args.expires)
    done = answered.state == "answered"
    if not done:
        cause = "no-answer" if answered.state == "sent" else "not-heard"
    told = {
        "device": args.device,
        "command": args.command,
        "counter": answered.counter or None,
        "result": answered.result if done else None,
        "cause": answered.cause if done else cause,
        "body": answered.body.decode(errors="replace"),
    }
    print(json.dumps(told) if args.json else _sentence(told))
    return (0 if answered.result == "done" else 1) if done else 3


def _ordered(state: Path, device: str, command: str, expires_s: float) -> "Standing":
    from gateway.downlink import orders
    from gateway.identity.register import Register
    from gateway.state import StateFolder

    folder = StateFolder(state)
    with closing(folder.open_store()) as connection:
        record = Register(connection).device(device)
        if record is None or record.revoked:
            raise Fault("unknown-device", f"No device {device} is enrolled here.", "See: borderpost device show")
        row = orders.ask(connection, device, command, expires_s, int(time.time() * 1000))
        until_s = time.monotonic() + expires_s + ANSWER_S
        while True:
            found = orders.standing(connection, row)
            if found.state in ("answered", "expired") or time.monotonic() > until_s:
                return found
            if found.state == "asked" and time.monotonic() > until_s - ANSWER_S:
                orders.withdraw(connection, row)  # too late to be sent, whatever a gateway's clock says
                continue
            time.sleep(LOOK_EVERY_S)


def _sentence(told: dict[str, object]) -> str:
    device, command = told["device"], told["command"]
    match told["result"], told["cause"]:
        case None, "no-answer":
            return f"{device} was told, and did not answer in time."
        case None, _:
            return (
                f"{device} was not heard in time, so it was told nothing. Is a gateway running, and the device online?"
            )
        case "done", "still-closed":
            return f"{device}: the hold is undone, and the lane is still closed: {told['body']}."
        case result, cause:
            return "\n".join(filter(None, (f"{device}: {command} {result} {cause}".strip(), str(told["body"]))))
