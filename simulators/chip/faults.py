"""How may a chip misbehave? By name: broken ones, hostile ones, and one that is taken away."""

from enum import StrEnum
from typing import Final

from icao import tlv
from icao.lds.data_groups import mrz_lines
from icao.mrz.zone import MrzError
from simulators.chip import hostile_chips as hostile
from simulators.chip import unable_chips as unable
from simulators.chip.card import Chip
from simulators.chip.control import Laid
from simulators.chip.emrtd import EmrtdChip


class Fault(StrEnum):
    NO_CHIP = "no-chip"  # nothing answers at all: a broken antenna
    ERROR_6F00 = "error-6f00"  # answers everything with "no precise diagnosis"
    SILENT = "silent"  # stops answering after access was granted
    LIFTS = "lifts"  # the traveller takes it away in the middle of reading
    DENIES_ACCESS = "denies-access"  # the right key, and yet 6300
    REFUSES_PACE = "refuses-pace"  # offers PACE and does not do it (A03)
    ENDLESS_FILE = "endless-file"  # DG2 never ends (A20)
    HUGE_LENGTH = "huge-length"  # DG2 claims 2 GB (A21)
    ONE_BYTE_READS = "one-byte-reads"  # each answer brings one byte (A20)
    ENDLESS_PIECES = "endless-pieces"  # each answer has one more piece, 61xx for ever (A20)
    WRONG_LE = "wrong-le"  # 6Cxx for ever (A20)
    MALFORMED_TLV = "malformed-tlv"  # DG1's length has nine bytes (A21)
    NO_MAC = "no-mac"  # answers under secure messaging without their MAC (A15)
    REPLAYS = "replays"  # the same protected answer again and again (A15)
    WRONG_COUNTER = "wrong-counter"  # its counter runs ahead (A15)
    UNPROTECTED = "unprotected"  # 9000 and data in clear under secure messaging (A16)
    DESYNCS = "desyncs"  # 6988 in clear, each time it was opened (A19)
    REFLECTS = "reflects"  # throws our own keys back at us in PACE (A17)
    OFF_CURVE = "off-curve"  # its key in PACE is no point of the curve (A17)


def make_chip(laid: Laid) -> Chip | None:
    """The chip for what was laid down; None when nothing answers. Raises ValueError with a sentence."""
    try:
        fault = Fault(laid.fault) if laid.fault else None
    except ValueError:
        raise ValueError(f"There is no chip fault {laid.fault!r}. Choose one of {', '.join(Fault)}.") from None
    if fault is Fault.NO_CHIP:
        return None
    try:
        return (CHIPS[fault] if fault else EmrtdChip)(laid.files, _own_zone(laid), secrets=laid.secrets)
    except MrzError as error:
        raise ValueError(f"No chip opens with these lines: {error}") from error


def _own_zone(laid: Laid) -> tuple[str, ...]:
    """The personaliser made the chip's keys from the zone he wrote into DG1, whatever stands on the page today."""
    try:
        return mrz_lines(laid.files["DG1"])
    except (KeyError, tlv.Garbled):
        return laid.mrz


CHIPS: Final[dict[Fault, type[EmrtdChip]]] = {
    Fault.ERROR_6F00: unable.BrokenChip,
    Fault.SILENT: unable.SilentChip,
    Fault.LIFTS: unable.LiftedChip,
    Fault.DENIES_ACCESS: unable.DenyingChip,
    Fault.REFUSES_PACE: unable.WithoutPaceChip,
    Fault.ENDLESS_FILE: hostile.EndlessChip,
    Fault.HUGE_LENGTH: hostile.HugeChip,
    Fault.ONE_BYTE_READS: hostile.OneByteChip,
    Fault.ENDLESS_PIECES: hostile.PiecesChip,
    Fault.WRONG_LE: hostile.WrongLeChip,
    Fault.MALFORMED_TLV: hostile.MalformedChip,
    Fault.NO_MAC: hostile.NoMacChip,
    Fault.REPLAYS: hostile.ReplayingChip,
    Fault.WRONG_COUNTER: hostile.CountingChip,
    Fault.UNPROTECTED: hostile.UnprotectedChip,
    Fault.DESYNCS: hostile.DesynchronisingChip,
    Fault.REFLECTS: hostile.ReflectingChip,
    Fault.OFF_CURVE: hostile.OffCurveChip,
}
