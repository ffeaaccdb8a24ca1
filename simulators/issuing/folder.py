"""How does a document lie in a folder? Its files, its printed zone, and what its chip keeps to itself.

NAME.bin for each file of the chip, mrz.txt, can.txt where it has one, and secrets.json: simulated keys, of nobody.
"""

import json
from pathlib import Path
from typing import Final

from simulators.chip.control import Laid
from simulators.chip.secrets import ChipSecrets
from simulators.issuing.passports import Passport

FILE_LIMIT_BYTES: Final = 4 * 1024 * 1024
FILES_LIMIT: Final = 64
NOTE: Final = "Simulated keys of a document that does not exist. A real chip never gives these away."


class NoDocument(Exception):
    """The folder holds no document; the message says what is missing or wrong."""


def write_passport(folder: Path, passport: Passport) -> None:
    """Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in passport.files.items():
        (folder / f"{name}.bin").write_bytes(content)
    (folder / "mrz.txt").write_text("\n".join(passport.mrz_lines) + "\n")
    if passport.secrets.can:
        (folder / "can.txt").write_text(passport.secrets.can + "\n")
    kept = {"note": NOTE, "chip_fault": passport.chip_fault, "secrets": passport.secrets.as_json()}
    (folder / "secrets.json").write_text(json.dumps(kept, indent=1) + "\n")


def read_passport(folder: Path) -> Laid:
    """What ``write_passport`` wrote, or whoever added or changed a file since. Raises NoDocument."""
    try:
        lines = tuple((folder / "mrz.txt").read_text("ascii").split())
        kept = json.loads((folder / "secrets.json").read_text()) if (folder / "secrets.json").exists() else {}
        found = sorted(folder.glob("*.bin"))
        if not found or len(found) > FILES_LIMIT or any(file.stat().st_size > FILE_LIMIT_BYTES for file in found):
            raise NoDocument(f"{folder} holds no files of a chip (NAME.bin), or too many, or too large ones")
        files = {file.stem: file.read_bytes() for file in found}
        return Laid(files, lines, kept.get("chip_fault"), ChipSecrets.from_json(kept.get("secrets", {})))
    except OSError as error:
        raise NoDocument(f"{Path(error.filename or folder).name} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise NoDocument("mrz.txt or secrets.json is not as `borderpost sim issue` writes it") from error
