"""How is a passport's chip read? A straight line: open, read what identifies it, let it prove itself, read the rest.

(Doc 9303-10, 3.6; Doc 9303-11, 4 to 7) ``read_chip`` waits only in ``transceive`` and trusts nothing that comes back:
every size, count and status is bounded before it is used. What it says of the chip counts only once passive
authentication has bound the files (``icao.chip.genuineness``).
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from icao.checks import Check
from icao.chip import chip_mapping
from icao.chip.access import REFUSE_FALL, AccessPolicy, Door
from icao.chip.apdu import Silent, Transceive
from icao.chip.bac import AccessDenied
from icao.chip.blocks import BLOCKS_BYTES, Blocks, blocks_for
from icao.chip.conversation import Conversation
from icao.chip.file_reading import FileReader
from icao.chip.gauge import Gauge
from icao.chip.kept import Kept
from icao.chip.master_files import read_open_file
from icao.chip.passwords import Password, of_zone
from icao.chip.proving import Proving
from icao.chip.terminal_authentication import Terminal
from icao.lds.atr_info import AtrInfo, Capabilities, parse_atr_info
from icao.lds.com import parse_com
from icao.lds.files import (
    EF_ATR_INFO,
    EF_CARD_ACCESS,
    EF_CARD_SECURITY,
    EF_COM,
    EF_DG1,
    EF_DG14,
    EF_DG15,
    EF_SOD,
    EXTENDED_ACCESS_GROUPS,
    ElementaryFile,
    data_group,
)
from icao.lds.sod import parse_sod
from icao.mrz.zone import Mrz
from icao.tlv import Garbled

__all__ = ["AccessDenied", "ChipContents", "Garbled", "Kept", "Manner", "Silent", "read_chip"]

WANTED: Final = (1, 2)
IDENTITY: Final = (EF_DG1, EF_SOD)
PROOFS: Final = (14, 15)  # with these the chip proves that it is no copy


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chip is read. ``entered`` hears each phase (access, files, ca, aa), ``came`` each file as it is there."""

    access: AccessPolicy = REFUSE_FALL
    prove: bool = True
    open_files: Sequence[ElementaryFile] = ()  # of the master file, for experts: EF.DIR, EF.ATR/INFO
    terminal: Terminal | None = None  # with it DG3 and DG4 are read, where the chip allows
    blocks_bytes: Sequence[int] = BLOCKS_BYTES
    capabilities: Capabilities | None = None  # from the ATR, where the reader passes one on
    reader_bytes: int | None = None  # the longest answer that the reader carries
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    entered: Callable[[str], None] = lambda phase: None
    came: Callable[[str, bytes], None] = lambda name, content: None


@dataclass(frozen=True, slots=True, repr=False)
class ChipContents:
    """Files by name (CardAccess, COM, SOD, DG1, ...); one that the chip does not have, or keeps to itself, is left out.

    ``proofs`` are what the chip did to prove itself, not bound to anything yet. ``proof_commands`` of ``commands``
    were for that.
    """

    files: Mapping[str, bytes]
    access: Check
    commands: int
    wire_bytes: int
    protocol: str = ""
    proofs: tuple[Check, ...] = ()
    proof_commands: int = 0
    sought: frozenset[int] = frozenset()  # the groups that were looked for, there or not

    def __repr__(self) -> str:  # No name or portrait in a log.
        return f"ChipContents({', '.join(self.files)})"


def read_chip(
    transceive: Transceive,
    keys: Mrz | Sequence[Password],
    wanted: Sequence[int] | None = None,
    progress: Callable[[float], None] = lambda share: None,
    *,
    kept: Kept | None = None,
    manner: Manner = Manner(),
) -> ChipContents:
    """Open the chip, read the wanted data groups, EF.COM and EF.SOD, and let it prove itself where it can.

    ``wanted`` None: DG1, DG2, and DG14 and DG15 where EF.SOD lists them. ``kept`` is what an earlier session has read,
    and is kept up to date for the next one. ``progress`` hears shares of 1, rising. Raises AccessDenied (no key fits,
    or the policy forbids the way in), Garbled, Silent.
    """
    passwords = [of_zone(keys)] if isinstance(keys, Mrz) else list(keys)
    return _Reading(transceive, passwords, progress, Kept() if kept is None else kept, manner).read(wanted)


class _Reading:
    """One session with one chip."""

    def __init__(
        self,
        transceive: Transceive,
        passwords: Sequence[Password],
        progress: Callable[[float], None],
        kept: Kept,
        manner: Manner,
    ) -> None:
        self._kept, self._manner = kept, manner
        self._talk = Conversation(transceive)
        self._open_files: dict[str, bytes] = {}  # by name; nobody signed them, and nothing is proved by them
        self._door = Door(self._talk, passwords, manner.access, manner.random_bytes)
        self._gauge = Gauge(kept, progress)
        self._proving = Proving(self._talk, self._door.reopen, manner.random_bytes)

    def read(self, wanted: Sequence[int] | None) -> ChipContents:
        self._manner.entered("access")
        blocks = self._blocks()
        for file in self._manner.open_files:
            if (content := read_open_file(self._talk, file)) is not None:
                self._open_files[file.name] = content
        self._door.open()
        self._manner.entered("files")
        self._reader = FileReader(self._talk, blocks, self._door.reopen)
        self._identify()
        self._file(EF_COM)
        listed = _listed(self._kept.files)
        groups = self._order(wanted, listed)
        self._gauge.expect([data_group(number) for number in groups])
        self._prove(groups)
        for number in groups:
            self._file(data_group(number))
        self._proving.settle()
        self._read_more(wanted or ())
        self._gauge.done()
        return self._contents(groups)

    def _blocks(self) -> Blocks:
        """How much at once? The ATR says where to look further."""
        if self._manner.blocks_bytes is not BLOCKS_BYTES:
            return Blocks(self._manner.blocks_bytes)
        told: AtrInfo | None = None
        if self._manner.capabilities is not None and self._manner.capabilities.lengths_in_atr_info:
            content = read_open_file(self._talk, EF_ATR_INFO)
            told = _atr_info(content)
            if content is not None:
                self._open_files[EF_ATR_INFO.name] = content
        return blocks_for(self._manner.capabilities, told, self._manner.reader_bytes)

    def _identify(self) -> None:
        """DG1 and EF.SOD, always from this chip. A25: another chip than before has nothing to do with what was kept."""
        before = {file.name: self._kept.files.pop(file.name, None) for file in IDENTITY}
        for file in IDENTITY:
            self._kept.begun.pop(file.name, None)
            self._file(file)
        if any(self._kept.files.get(name) != content for name, content in before.items()):
            self._kept.only(*before)

    def _order(self, wanted: Sequence[int] | None, listed: frozenset[int]) -> list[int]:
        """Small ones first: while the portrait comes, the others are checked."""
        chosen = set(WANTED if wanted is None else wanted) - {EF_DG1.short_id}
        if wanted is None or self._manner.prove:
            chosen |= listed & set(PROOFS)
        return sorted(chosen - set(EXTENDED_ACCESS_GROUPS), key=lambda number: (number not in PROOFS, number))

    def _prove(self, groups: Sequence[int]) -> None:
        if not self._manner.prove:
            return
        if self._door.opened is not None and self._door.opened.choice.proves_chip:
            self._proving.checks.append(chip_mapping.verdict(self._door.opened, self._door.card_security))
        if EF_DG14.short_id in groups and (dg14 := self._file(EF_DG14)) is not None:
            self._manner.entered("ca")
            self._proving.by_chip_authentication(dg14)
        if EF_DG15.short_id in groups and (dg15 := self._file(EF_DG15)) is not None:
            self._manner.entered("aa")
            self._proving.by_active_authentication(dg15, self._kept.files.get(EF_DG14.name))
        self._manner.entered("files")

    def _read_more(self, wanted: Collection[int]) -> None:
        """Fingers and irises, where we may. (TR-03110-1, 3.5)"""
        shut = [number for number in EXTENDED_ACCESS_GROUPS if number in wanted]
        terminal = self._manner.terminal
        if not shut or terminal is None:
            return
        self._manner.entered("ta")
        if self._proving.by_terminal_authentication(terminal, self._door.chip_id):
            for number in shut:
                self._file(data_group(number))

    def _file(self, file: ElementaryFile) -> bytes | None:
        """From this session, or kept from an earlier one."""
        if (content := self._kept.files.get(file.name)) is not None:
            return content
        tell = lambda content, size: self._came(file, content, size)  # noqa: E731  (shorter than a partial)
        content = self._proving.proven(lambda: self._reader.read(file, tell, self._kept.begun.get(file.name, b"")))
        self._kept.begun.pop(file.name, None)
        if content is not None:
            self._kept.files[file.name] = content
            self._manner.came(file.name, content)
        return content

    def _came(self, file: ElementaryFile, content: bytes, size: int) -> None:
        self._kept.begun[file.name] = content
        self._gauge.tell(file, len(content), size)

    def _contents(self, groups: Sequence[int]) -> ChipContents:
        of_master_file = {
            EF_CARD_ACCESS.name: self._door.card_access,
            EF_CARD_SECURITY.name: self._door.card_security,
        }
        files = {
            **self._open_files,
            **self._kept.files,
            **{name: content for name, content in of_master_file.items() if content},
        }
        return ChipContents(
            files=files,
            access=self._door.check(),
            commands=self._talk.commands,
            wire_bytes=self._talk.wire_bytes,
            protocol=self._door.protocol,
            proofs=tuple(self._proving.checks),
            proof_commands=self._proving.commands,
            sought=frozenset(groups) | {EF_DG1.short_id},
        )


def _listed(files: Mapping[str, bytes]) -> frozenset[int]:
    """The groups that the state signed; of a list that cannot be read, what EF.COM claims is at least evidence."""
    try:
        if EF_SOD.name in files:
            return frozenset(parse_sod(files[EF_SOD.name]).hashes)
    except Garbled:
        pass
    try:
        return frozenset(parse_com(files[EF_COM.name]).groups) if EF_COM.name in files else frozenset()
    except Garbled:
        return frozenset()


def _atr_info(content: bytes | None) -> AtrInfo | None:
    try:
        return parse_atr_info(content) if content else None
    except Garbled:
        return None
