"""What does the product say of a case? Read over a simulated chip in this process, as ``document read`` reads it."""

import atexit
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from edge.inspection.expert import examine
from edge.inspection.inspect import Inspection, inspect
from edge.inspection.live import Wish
from edge.inspection.patience import InspectionLimits
from edge.inspection.portrait import Decoder, examine_dg2
from edge.inspection.trust.importing import import_files
from hardware.drivers.chip import ChipLine
from icao.checks import Check, Mode, Result, overall
from icao.chip.access import AccessPolicy
from icao.chip.apdu import Silent
from icao.chip.passwords import of_can, of_zone
from icao.chip.reading import Manner
from icao.mrz.zone import parse
from simulators.chip.card import Chip, Lifted
from simulators.chip.control import Laid
from simulators.chip.faults import make_chip
from simulators.issuing.catalogue.entry import Case, DocumentCase, Entry

NOW = datetime.now(UTC)  # `document read` knows no other day, and everything here is made relative to it
TODAY = NOW.date()
LIMITS = InspectionLimits(present_s=0.1, read_s=10.0, notice_s=0.05, return_s=0.1)


class InProcess:
    """A reader on which this chip lies."""

    def __init__(self, chip: Chip | None) -> None:
        self._chip = chip

    def wait_present(self, limit_s: float) -> bool:
        return self._chip is not None

    def present(self) -> bool:
        return self._chip is not None

    @contextmanager
    def connect(self) -> Iterator[ChipLine]:
        if self._chip is None:
            raise Silent("No chip lies on the reader.")
        self._chip.reset()
        yield ChipLine(self._transceive)

    def close(self) -> None: ...

    def _transceive(self, command: bytes) -> bytes:
        answer = b""
        if self._chip is not None:
            try:
                answer = self._chip.answer(command)
            except Lifted:
                self._chip = None
        if not answer:
            raise Silent("The chip does not answer.")
        return answer


def wish_of(case: DocumentCase) -> Wish:
    """How it is to be read."""
    password = of_can(case.can) if case.can else of_zone(parse(case.passport.mrz_lines, TODAY))
    manner = Manner(access=AccessPolicy(allow_bac=case.allow_bac), terminal=case.terminal)
    return Wish((password,), case.wanted, manner)


def read(case: DocumentCase) -> tuple[Check, ...]:
    """Every check of a reading; none when there is no chip at all."""
    made = case.passport
    chip = make_chip(Laid(made.files, made.mrz_lines, made.chip_fault, made.secrets))
    printed = None if case.can else parse(made.mrz_lines, TODAY)
    trust = case.trusted.as_set()
    found = examine(wish_of(case), printed, InProcess(chip), trust, TODAY, lambda share: None, LIMITS)
    if not found or not case.portrait or not found.live:
        return found.checks if found else ()
    return (*found.checks, examine_dg2(found.live.contents.files["DG2"], decoder())[0])


def inspected(case: DocumentCase) -> Inspection:
    """As a lane judges it, by the printed zone and the gate's own wishes."""
    made = case.passport
    chip = make_chip(Laid(made.files, made.mrz_lines, made.chip_fault, made.secrets))
    printed, trust = parse(made.mrz_lines, TODAY), case.trusted.as_set()
    return inspect(printed, InProcess(chip), trust, TODAY, lambda share: None, threading.Event(), LIMITS)


@cache
def decoder() -> Decoder:
    """One process for all pictures of a run."""
    made = Decoder()
    atexit.register(made.close)
    return made


def store(case: Case, folder: Path) -> Path:
    """The trust store of the post that inspects it."""
    (folder / "sources").mkdir()
    files = [folder / "sources" / name for name in case.trusted.files()]
    for file, content in zip(files, case.trusted.files().values(), strict=True):
        file.write_bytes(content)
    import_files(folder / "trust", files, [], NOW, lambda name, done, of: None)
    return folder / "trust"


def as_check(one: dict[str, str]) -> Check:
    return Check(one["id"], Result(one["result"]), Mode(one["mode"]), one["detail"], code=one["code"])


def mandatory(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.mode is Mode.MANDATORY)


def said(checks: tuple[Check, ...]) -> dict[str, tuple[Result, str]]:
    return {check.id: (check.result, check.code) for check in checks}


def is_right(entry: Entry, checks: tuple[Check, ...]) -> None:
    """Exactly the verdict that is right: what decides, and nothing else that is not successful."""
    wrong = said(mandatory(checks))
    wrong = {id: answer for id, answer in wrong.items() if answer[0] is not Result.SUCCESSFUL}
    if wrong != dict(entry.right.decides) or overall(checks) is not entry.right.result:
        raise AssertionError(f"{entry.name}: {overall(checks)}, {_plain(wrong)}; right: {_plain(entry.right.decides)}")
    noted = {id: answer for id, answer in said(checks).items() if id in entry.right.notes}
    if noted != dict(entry.right.notes):
        raise AssertionError(f"{entry.name}: {_plain(noted)}; right: {_plain(entry.right.notes)}")


def _plain(answers: Mapping[str, tuple[Result, str]]) -> dict[str, str]:
    return {id: f"{result} {code}" for id, (result, code) in answers.items()}
