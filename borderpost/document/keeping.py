"""Where does what was read of a chip stay, when somebody asks for it? In files that their owner alone may read."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from borderpost.errors import Fault

if TYPE_CHECKING:
    from icao.checks import Check

ONLY_OWNER: Final = 0o600


def keep(files: Mapping[str, bytes], folder: Path | None) -> None:
    """Each file as NAME.bin in the folder. Raises Fault."""
    if folder is not None:
        _writing(lambda: folder.mkdir(parents=True, exist_ok=True))
        for name, content in files.items():
            _write(folder / f"{name}.bin", content)


def portrait(dg2: bytes | None, path: Path | None) -> "tuple[Check, ...]":
    """The face of DG2 as a PNG, and whether it is one that may be decoded; nothing where nobody asks. Raises Fault."""
    if path is None or dg2 is None:
        return ()
    from edge.inspection.portrait import Decoder, examine_dg2

    with Decoder() as decoder:
        check, picture = examine_dg2(dg2, decoder)
    if picture is not None:
        _write(path, picture.png())
    return (check,)


def _write(path: Path, content: bytes) -> None:
    """Never through a link: whoever laid it would choose where personal data go."""

    def write() -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, ONLY_OWNER)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

    _writing(write)


def _writing(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError as error:
        message = f"What was read cannot be written: {error.strerror}."
        raise Fault("not-written", message, "Name a place that you may write to.") from error
