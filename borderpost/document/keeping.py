"""Where does what was read of a chip stay, when somebody asks for it? In files that their owner alone may read."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from borderpost.errors import Fault

ONLY_OWNER: Final = 0o600


def keep(files: Mapping[str, bytes], folder: Path | None, portrait: Path | None) -> None:
    """Each file as NAME.bin in the folder; the portrait of DG2 as a PNG. Raises Fault."""
    if folder is not None:
        _writing(lambda: folder.mkdir(parents=True, exist_ok=True))
        for name, content in files.items():
            _write(folder / f"{name}.bin", content)
    if portrait is not None and "DG2" in files:
        _write(portrait, _png(files["DG2"]))


def _png(dg2: bytes) -> bytes:
    from edge.cage.picture import PortraitRefused
    from edge.inspection.portrait import PortraitAborted, decode
    from icao.lds.data_groups import portrait
    from icao.tlv import Garbled

    try:
        return decode(portrait(dg2)).png()
    except Garbled as error:
        raise Fault("no-portrait", f"DG2 cannot be read: {error}.") from error
    except (PortraitRefused, PortraitAborted) as error:
        raise Fault("no-portrait", f"The portrait cannot be decoded ({error.reason}).") from error


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
