"""How is the chip on a reader read, and proved genuine, while its traveller waits? One conversation, perhaps resumed.

For a thread: it blocks. Passive authentication runs beside the reading. A document that is lifted leaves what was read
of it behind, and goes on from there when it is put back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from edge.inspection.beside import PassiveBeside
from edge.inspection.patience import Patience, Talk
from edge.inspection.phases import Phases, timed
from edge.inspection.unfinished import Unfinished
from hardware.drivers.chip import ChipLine, ChipReader
from icao.checks import Check, Mode, Result
from icao.chip.apdu import Silent
from icao.chip.bac import AccessDenied
from icao.chip.kept import Kept
from icao.chip.passwords import Password
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.lds.atr_info import atr_capabilities
from icao.pki.trust import Trust
from icao.tlv import Garbled

MAX_CONNECTIONS: Final = 4  # the first, and after each time that the document slipped off the reader
# A27: a genuine chip answers a short command within 100 ms; a relay over a network adds its way there and back.
SLOW_ANSWER_S: Final = 0.15


USUAL: Final = Manner()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be read, and how. ``wanted`` None: what the gate needs (``read_chip``)."""

    passwords: tuple[Password, ...]
    wanted: Sequence[int] | None = None
    manner: Manner = USUAL


@dataclass(frozen=True, slots=True, repr=False)
class Live:
    """``passive`` is what passive authentication says of ``contents``; ``timings_ms`` by phase, pa and total."""

    contents: ChipContents
    passive: tuple[Check, ...]
    latency: Check
    timings_ms: Mapping[str, float] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Lifted:
    """The document was taken away, and did not come back while we waited."""


def read_live(
    wish: Wish,
    chip: ChipReader,
    trust: Trust,
    today: date,
    progress: Callable[[float], None],
    patience: Patience,
    unfinished: Unfinished,
) -> Live | Lifted | Check:
    """One of three things happened: it was read; it was lifted; a check says what was in the way. Raises ReaderLost."""
    kept = unfinished.take(wish.passwords)
    with PassiveBeside(trust, today) as beside:
        for _ in range(MAX_CONNECTIONS):
            talk = patience.talk()
            try:
                return _read(wish, chip, beside, progress, talk, kept)
            except AccessDenied as error:
                return Check("access", Result.FAILED, detail=f"The chip does not open: {error}.", code=error.code)
            except Garbled as error:
                return _unread(Result.FAILED, f"The chip cannot be read: {error}.", "garbled")
            except Silent as error:
                if _is_dead(chip, talk, patience):
                    return _unread(Result.ABORTED, f"The chip fell silent: {error}", "silent")
                if not patience.wait_present(chip, patience.limits.return_s):
                    unfinished.keep(wish.passwords, kept)
                    return Lifted()
    return _unread(Result.ABORTED, "The chip fell silent again and again.", "silent")


def _is_dead(chip: ChipReader, talk: Talk, patience: Patience) -> bool:
    """It lies there and says nothing. One that fell silent at once was lifted, and may be back before anybody looks."""
    return not patience.stop.is_set() and not patience.gone(chip) and not (talk.sudden or patience.stop.is_set())


def _read(
    wish: Wish,
    chip: ChipReader,
    beside: PassiveBeside,
    progress: Callable[[float], None],
    talk: Talk,
    kept: Kept,
) -> Live:
    phases = Phases()
    with chip.connect() as line:
        manner = _manner(wish.manner, line, phases, beside)
        contents = read_chip(talk.through(line), wish.passwords, wish.wanted, progress, kept=kept, manner=manner)
    phases.enter("files")
    passive = beside.checks(contents.files, contents.sought)
    timings_ms = {**phases.timings_ms(), "pa": beside.took_ms}
    access, *proofs = timed((contents.access, *contents.proofs), timings_ms)
    return Live(replace(contents, access=access, proofs=tuple(proofs)), passive, _latency(talk), timings_ms)


def _manner(manner: Manner, line: ChipLine, phases: Phases, beside: PassiveBeside) -> Manner:
    return replace(
        manner,
        capabilities=atr_capabilities(line.atr),
        reader_bytes=line.longest_bytes,
        entered=phases.enter,
        came=beside.came,
    )


def _latency(talk: Talk) -> Check:
    """A27: evidence for an officer, and never a verdict by itself."""
    if talk.quickest_s <= SLOW_ANSWER_S:
        return Check("chip.latency", Result.SUCCESSFUL, Mode.EVALUATORY)
    detail = f"The chip never answered in less than {talk.quickest_s * 1000:.0f} ms: it may be far away."
    return Check("chip.latency", Result.FAILED, Mode.EVALUATORY, detail, code="slow-answers")


def _unread(result: Result, detail: str, code: str) -> Check:
    return Check("chip.read", result, detail=detail, code=code)
