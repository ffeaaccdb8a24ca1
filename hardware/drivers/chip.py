"""How does a post reach the chip in a document? Over PC/SC, or over a direct socket; the URL says which."""

from hardware.drivers.chip_pcsc import PcscChip
from hardware.drivers.chip_reader import LIMITS, ChipLimits, ChipLine, ChipReader, ReaderLost
from hardware.drivers.chip_socket import SocketChip

__all__ = ["ChipLimits", "ChipLine", "ChipReader", "ReaderLost", "open_chip"]


def open_chip(url: str, limits: ChipLimits = LIMITS) -> ChipReader:
    """``pcsc:READER NAME`` or ``socket://HOST:PORT``. Opens nothing yet: a reader that is missing now may come."""
    scheme, _, rest = url.partition(":")
    if scheme == "pcsc" and rest:
        return PcscChip(rest, limits)
    host, _, port = rest.removeprefix("//").rpartition(":")
    if scheme == "socket" and host and port.isdigit():
        return SocketChip(host, int(port), limits)
    raise ValueError(f"{url!r} names no chip reader. Write pcsc:READER NAME or socket://HOST:PORT.")
