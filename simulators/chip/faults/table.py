"""How may a chip misbehave? By name: broken ones, hostile ones, and one that is taken away."""

from enum import StrEnum
from typing import Final

from icao import tlv
from icao.lds.data_groups import mrz_lines
from icao.mrz.zone import MrzError
from simulators.chip.card import Chip
from simulators.chip.control import Laid
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.faults import files, messages, opening, proofs, unable


class Fault(StrEnum):
    """Each class says what it does (simulators/chip/faults/)."""

    # broken, or taken away
    NO_CHIP = "no-chip"
    ERROR_6F00 = "error-6f00"
    SILENT = "silent"
    LIFTS = "lifts"
    DENIES_ACCESS = "denies-access"
    COUNTS_TRIES = "counts-tries"
    REFUSES_PACE = "refuses-pace"
    # PACE (A17)
    REFLECTS = "reflects"
    REFLECTS_KEY = "reflects-key"
    OFF_CURVE = "off-curve"
    OFF_CURVE_KEY = "off-curve-key"
    INFINITY = "infinity"
    ZERO_POINT = "zero-point"
    SHORT_POINT = "short-point"
    LONG_POINT = "long-point"
    SMALL_SUBGROUP = "small-subgroup"
    ONE = "one"
    ODD_NONCE = "odd-nonce"
    NO_NONCE = "no-nonce"
    LONG_NONCE = "long-nonce"
    WRONG_TOKEN = "wrong-token"  # noqa: S105  (no password)
    REFLECTS_TOKEN = "reflects-token"  # noqa: S105  (no password)
    SHORT_TOKEN = "short-token"  # noqa: S105  (no password)
    # files (A20, A21)
    ENDLESS_FILE = "endless-file"
    HUGE_LENGTH = "huge-length"
    ONE_BYTE_READS = "one-byte-reads"
    OVERFLOWS = "overflows"
    WRONG_LE = "wrong-le"
    MALFORMED_TLV = "malformed-tlv"
    SWAPS_FILES = "swaps-files"
    UNWRAPPED = "unwrapped"
    WRAPS_OFFSETS = "wraps-offsets"
    STUMBLES = "stumbles"
    CHANGES_FILES = "changes-files"
    # secure messaging (A15, A16, A19, A20)
    ENDLESS_PIECES = "endless-pieces"
    NO_MAC = "no-mac"
    ALTERS = "alters"
    OTHER_STATUS = "other-status"
    REPLAYS = "replays"
    WRONG_COUNTER = "wrong-counter"
    STANDING_COUNTER = "standing-counter"
    UNPROTECTED = "unprotected"
    DESYNCS = "desyncs"
    REFUSES_LENGTHS = "refuses-lengths"
    # proofs (A01, A16, A18, A19)
    RECORDED_SIGNATURE = "recorded-signature"
    ECHOES_NONCE = "echoes-nonce"
    EMPTY_SIGNATURE = "empty-signature"
    ZERO_SIGNATURE = "zero-signature"
    CLEAR_PROOF = "clear-proof"
    STAYS_IN_SESSION = "stays-in-session"
    DROPS_PROOFS = "drops-proofs"
    NO_TERMINAL = "no-terminal"


# Chips that are read to their end: what is wrong with them shows in a check.
LEGIBLE: Final = frozenset(
    {
        Fault.WRAPS_OFFSETS, Fault.STUMBLES, Fault.CHANGES_FILES, Fault.RECORDED_SIGNATURE, Fault.ECHOES_NONCE,
        Fault.EMPTY_SIGNATURE, Fault.ZERO_SIGNATURE, Fault.CLEAR_PROOF, Fault.STAYS_IN_SESSION, Fault.DROPS_PROOFS,
        Fault.NO_TERMINAL, Fault.UNWRAPPED,
    }
)  # fmt: skip
# Only chips that offer PACE can do these.
OF_PACE: Final = frozenset(
    {
        Fault.REFUSES_PACE, Fault.REFLECTS, Fault.REFLECTS_KEY, Fault.OFF_CURVE, Fault.OFF_CURVE_KEY, Fault.INFINITY,
        Fault.ZERO_POINT, Fault.SHORT_POINT, Fault.LONG_POINT, Fault.SMALL_SUBGROUP, Fault.ONE, Fault.ODD_NONCE,
        Fault.NO_NONCE, Fault.LONG_NONCE, Fault.WRONG_TOKEN, Fault.REFLECTS_TOKEN, Fault.SHORT_TOKEN,
    }
)  # fmt: skip


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
    Fault.COUNTS_TRIES: unable.GuardedChip,
    Fault.REFUSES_PACE: unable.WithoutPaceChip,
    Fault.REFLECTS: opening.ReflectingChip,
    Fault.REFLECTS_KEY: opening.ReflectingKeyChip,
    Fault.OFF_CURVE: opening.OffCurveChip,
    Fault.OFF_CURVE_KEY: opening.OffCurveKeyChip,
    Fault.INFINITY: opening.InfinityChip,
    Fault.ZERO_POINT: opening.ZeroPointChip,
    Fault.SHORT_POINT: opening.ShortPointChip,
    Fault.LONG_POINT: opening.LongPointChip,
    Fault.SMALL_SUBGROUP: opening.SmallSubgroupChip,
    Fault.ONE: opening.OneChip,
    Fault.ODD_NONCE: opening.OddNonceChip,
    Fault.NO_NONCE: opening.NoNonceChip,
    Fault.LONG_NONCE: opening.LongNonceChip,
    Fault.WRONG_TOKEN: opening.WrongTokenChip,
    Fault.REFLECTS_TOKEN: opening.ReflectingTokenChip,
    Fault.SHORT_TOKEN: opening.ShortTokenChip,
    Fault.ENDLESS_FILE: files.EndlessChip,
    Fault.HUGE_LENGTH: files.HugeChip,
    Fault.ONE_BYTE_READS: files.OneByteChip,
    Fault.OVERFLOWS: files.OverflowingChip,
    Fault.WRONG_LE: files.WrongLeChip,
    Fault.MALFORMED_TLV: files.MalformedChip,
    Fault.SWAPS_FILES: files.SwappedChip,
    Fault.UNWRAPPED: files.UnwrappedChip,
    Fault.WRAPS_OFFSETS: files.WrappingChip,
    Fault.STUMBLES: files.StumblingChip,
    Fault.CHANGES_FILES: files.ChangingChip,
    Fault.ENDLESS_PIECES: messages.PiecesChip,
    Fault.NO_MAC: messages.NoMacChip,
    Fault.ALTERS: messages.AlteringChip,
    Fault.OTHER_STATUS: messages.OtherStatusChip,
    Fault.REPLAYS: messages.ReplayingChip,
    Fault.WRONG_COUNTER: messages.CountingChip,
    Fault.STANDING_COUNTER: messages.StandingChip,
    Fault.UNPROTECTED: messages.UnprotectedChip,
    Fault.DESYNCS: messages.DesynchronisingChip,
    Fault.REFUSES_LENGTHS: messages.RefusingChip,
    Fault.RECORDED_SIGNATURE: proofs.RecordedChip,
    Fault.ECHOES_NONCE: proofs.EchoChip,
    Fault.EMPTY_SIGNATURE: proofs.EmptyChip,
    Fault.ZERO_SIGNATURE: proofs.ZeroChip,
    Fault.CLEAR_PROOF: proofs.ClearProofChip,
    Fault.STAYS_IN_SESSION: proofs.StayingChip,
    Fault.DROPS_PROOFS: proofs.UnwillingChip,
    Fault.NO_TERMINAL: proofs.NoTerminalChip,
}
