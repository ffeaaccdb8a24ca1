"""How keys lie on the disk: secrets readable by their owner alone from the first moment, every file whole or absent."""

import os
from pathlib import Path

from gateway.errors import GatewayError

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
OTHERS = 0o077


def write(path: Path, content: bytes, *, secret: bool) -> None:
    """Write beside, sync, rename: a power cut leaves the old file or the new one, and no stranger ever reads a half."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    mode = SECRET_MODE if secret else PUBLIC_MODE
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def write_key(path: Path, key: bytes, *, secret: bool) -> None:
    """A raw key of 32 bytes as one line of hexadecimal digits: a technician can compare it by eye."""
    write(path, key.hex().encode() + b"\n", secret=secret)


def read_key(path: Path) -> bytes:
    """Raises GatewayError when the file is missing or is no key; the sentence names the file and never its content."""
    try:
        return bytes.fromhex(read_secret(path).decode("ascii").strip())
    except ValueError:
        raise _unreadable(path) from None


def read_public(path: Path) -> bytes:
    """As ``read_key``, of a key that everybody may see."""
    try:
        return bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        raise _unreadable(path) from None


def read_secret(path: Path) -> bytes:
    """Raises GatewayError also when others could read it or put another in its place: it is no secret then."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except OSError:
        raise _unreadable(path) from None
    if status.st_mode & OTHERS or status.st_uid not in (os.geteuid(), 0):
        cure = f"Find out who read it; then: chmod 600 {path}, and let it belong to the gateway's user."
        raise GatewayError("open-key", f"The key file {path} can be read or changed by others.", cure)
    return content


def _unreadable(path: Path) -> GatewayError:
    cure = "Restore it from the backup; a new one could not open what is stored."
    return GatewayError("bad-key", f"The key file {path} cannot be read.", cure)


def closed_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        message = f"{path} can be no folder: in its place, or on the way to it, there is a file."
        raise GatewayError("unusable-path", message, "Name another folder.") from None
    return path
