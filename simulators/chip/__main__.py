"""The chip process: ``python -m simulators.chip --control SOCKET (--vpcd HOST:PORT | --listen HOST:PORT)``.

It answers at once unless ``--apdu-ms`` and ``--bytes-per-ms`` give it a real chip's tempo.
"""

import argparse
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from simulators.chip.card import Chip
from simulators.chip.control import Laid, listen
from simulators.chip.faults import make_chip
from simulators.chip.rooms import Rooms
from simulators.chip.table import Table
from simulators.chip.tempo import Tempo, TimedChip
from simulators.chip.wires import Address, ListenWire, VpcdWire, Wire


def address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT.")
    return host, int(port)


def amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on.")
    return value


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulators.chip", description="An eMRTD chip on a reader that isn't there.")
    parser.add_argument(
        "--control", required=True, type=Path, help="Unix socket on which documents are laid and lifted"
    )
    wire = parser.add_mutually_exclusive_group(required=True)
    wire.add_argument("--vpcd", type=address, metavar="HOST:PORT", help="be a card of vpcd at this address")
    wire.add_argument("--listen", type=address, metavar="HOST:PORT", help="answer readers that connect here")
    parser.add_argument(
        "--apdu-ms", type=amount, default=0.0, metavar="MS", help="time for each answer (a real one: 15)"
    )
    parser.add_argument(
        "--bytes-per-ms",
        type=amount,
        default=0.0,
        metavar="N",
        help="bytes that cross in 1 ms; 0: at once (a real one: 53)",
    )
    return parser


def main() -> int:
    options = build_parser().parse_args()
    with contextlib.ExitStack() as stack:
        rooms = Rooms()
        stack.callback(rooms.close)
        _end_on_sigterm(rooms, stack)
        wire = _wire(options, rooms)
        stack.callback(wire.close)
        # Last: whoever waits for the control socket finds a process that has everything it needs.
        stack.callback(lambda: options.control.unlink(missing_ok=True))
        control = listen(options.control)
        stack.callback(control.close)
        Table(control, wire, rooms, _maker(Tempo(options.apdu_ms, options.bytes_per_ms))).serve()
    return 0


def _maker(tempo: Tempo) -> Callable[[Laid], Chip | None]:
    def make(laid: Laid) -> Chip | None:
        chip = make_chip(laid)
        return chip if chip is None or tempo == Tempo() else TimedChip(chip, tempo)

    return make


def _wire(options: argparse.Namespace, rooms: Rooms) -> Wire:
    if options.vpcd:
        return VpcdWire(options.vpcd, rooms)
    return ListenWire(socket.create_server(options.listen), rooms)


def _end_on_sigterm(rooms: Rooms, stack: contextlib.ExitStack) -> None:
    """The signal wakes the loop like any guest, so that it can interrupt nothing in the middle."""
    woken, bell = socket.socketpair()
    bell.setblocking(False)
    stack.callback(bell.close)
    signal.set_wakeup_fd(bell.fileno())
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    rooms.admit(woken, lambda _: sys.exit(0))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C on the whole group is an ordinary end
        sys.exit(main())
