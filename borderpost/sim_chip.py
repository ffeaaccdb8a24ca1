"""What lies on a reader that isn't there? ``borderpost sim chip FOLDER`` lays a document of ``sim issue`` on it.

Until Ctrl-C. Whoever connects reads a simulated chip with simulated keys; nobody from outside can connect.
"""

import argparse
import ipaddress
import json
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from borderpost.errors import Fault

if TYPE_CHECKING:
    from simulators.chip.card import Chip
    from simulators.chip.rooms import Rooms
    from simulators.chip.wires import Wire

Address = tuple[str, int]


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("chip", help="lay an issued document on a simulated reader, until Ctrl-C")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a document's folder, as `sim issue` writes it")
    wire = parser.add_mutually_exclusive_group(required=True)
    wire.add_argument("--listen", metavar="HOST:PORT", help="answer readers (socket://HOST:PORT) at this loopback port")
    wire.add_argument("--vpcd", metavar="HOST:PORT", help="be the card of a vpcd that listens at this loopback port")
    parser.add_argument("--real", action="store_true", help="as slow as a real chip")
    parser.add_argument("--json", action="store_true", help="say where it lies as one JSON object, on standard output")
    parser.set_defaults(run=lay)


def lay(arguments: argparse.Namespace) -> int:
    """0 after Ctrl-C, or when it was told to end."""
    address = _address(arguments.listen or arguments.vpcd)
    chip = _chip(arguments.folder, real=arguments.real)
    try:
        with suppress(KeyboardInterrupt):
            _serve(chip, address, vpcd=bool(arguments.vpcd), as_json=arguments.json)
    except OSError as error:
        message = f"{address[0]}:{address[1]} cannot be used: {error.strerror or error}."
        raise Fault("no-port", message, "Choose another port, or start pcscd first.") from error
    return 0


def _serve(chip: "Chip | None", address: Address, *, vpcd: bool, as_json: bool) -> None:
    from simulators.chip.rooms import Rooms

    rooms = Rooms()
    try:
        wire = _wire(address, rooms, vpcd=vpcd)
        if chip is not None:
            wire.lay(chip)
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, _end)
        _say(address, vpcd=vpcd, as_json=as_json)
        while True:
            rooms.turn(wire.mend())
    finally:
        rooms.close()


def _say(address: Address, *, vpcd: bool, as_json: bool) -> None:
    """Now it lies there: whoever started us may read."""
    url = f"{address[0]}:{address[1]}" if vpcd else f"socket://{address[0]}:{address[1]}"
    if as_json:
        print(json.dumps({"vpcd" if vpcd else "reader": url, "simulated": True}), flush=True)
        return
    where = f"the card of vpcd at {url}" if vpcd else url
    print(f"A SIMULATED chip lies on {where}. Ctrl-C lifts it.", file=sys.stderr, flush=True)


def _wire(address: Address, rooms: "Rooms", *, vpcd: bool) -> "Wire":
    from simulators.chip.wires import ListenWire, VpcdWire

    return VpcdWire(address, rooms) if vpcd else ListenWire(socket.create_server(address), rooms)


def _chip(folder: Path, *, real: bool) -> "Chip | None":
    from simulators.chip.faults import make_chip
    from simulators.chip.tempo import REAL, TimedChip
    from simulators.issuing.folder import NoDocument, read_passport

    try:
        chip = make_chip(read_passport(folder))
    except NoDocument as error:
        message = f"{folder} is no document: {error}."
        raise Fault("not-a-document", message, "Make one: borderpost sim issue --into DIR.") from error
    except ValueError as error:
        raise Fault("not-a-document", f"No chip can be made of {folder}: {error}", "Issue it again.") from error
    return TimedChip(chip, REAL) if chip is not None and real else chip


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    try:
        loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
        number = int(port)
    except ValueError:
        raise Fault("bad-address", f"{text!r} is not HOST:PORT.", "For example 127.0.0.1:7001.") from None
    if not loopback or not 0 < number < 1 << 16:
        message = f"{text} is not a port of this machine alone."
        raise Fault("bad-address", message, "Simulated chips answer on loopback only: 127.0.0.1:7001.")
    return host, number


def _end(number: int, frame: object) -> None:
    raise KeyboardInterrupt
