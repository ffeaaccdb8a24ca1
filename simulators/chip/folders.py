"""Which file does a command mean? The master file and the eMRTD application in it. (Doc 9303-10, 3.6, 3.10, 3.11)"""

from collections.abc import Mapping, Sequence
from typing import Final

from icao.lds.files import (
    ALL_FILES,
    EF_ATR_INFO,
    EF_CARD_ACCESS,
    EF_DIR,
    EXTENDED_ACCESS_GROUPS,
    MASTER_FILE_ID,
    MASTER_FILES,
    ElementaryFile,
    data_group,
)

OPEN_FILES: Final = frozenset(file.name for file in (EF_CARD_ACCESS, EF_DIR, EF_ATR_INFO))  # before any access protocol
EXTENDED_FILES: Final = frozenset(data_group(number).name for number in EXTENDED_ACCESS_GROUPS)  # DG3 and DG4
MASTER_NAMES: Final = (b"", MASTER_FILE_ID)  # SELECT of the master file names it, or nothing at all


class Folders:
    """Where the chip stands: in the master file after power on, in the application once that is selected."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._master, self._application = _Folder(MASTER_FILES, files), _Folder(ALL_FILES, files)
        self.enter_master()

    def enter_master(self) -> None:
        self.in_application = False
        self.file: str | None = None  # the selected one

    def enter_application(self) -> None:
        self.in_application = True
        self.file = None

    def select(self, file_id: bytes) -> str | None:
        """The file's name, from now on the selected one; None when there is no such file here."""
        self.file = self._here.by_id.get(file_id)
        return self.file

    def select_short(self, short_id: int) -> str | None:
        self.file = self._here.by_short_id.get(short_id)
        return self.file

    @property
    def _here(self) -> "_Folder":
        return self._application if self.in_application else self._master


class _Folder:
    """Those files of the table that this chip has."""

    def __init__(self, table: Sequence[ElementaryFile], files: Mapping[str, bytes]) -> None:
        here = [file for file in table if file.name in files]
        self.by_id = {file.id_bytes: file.name for file in here}
        self.by_short_id = {file.short_id: file.name for file in here}
