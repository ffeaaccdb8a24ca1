"""How does a region outlive its disk? One file with the store and what is needed to go on, made while it runs.

A backup is a plain tar archive: ``backup.json`` (what is in it, with digests), ``backup.mac`` (over that, keyed with
the store's key: nobody slips a device of his own into the register), the store, the settings, the certificates, the
ledger. Bodies are sealed in the store already; the keys that open them are left out, or sealed with a passphrase (H08).
"""

import hashlib
import hmac
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.care.ledger import LEDGER_NAME
from gateway.care.passphrase import seal
from gateway.errors import GatewayError
from gateway.state import CONFIG_NAME, StateFolder
from gateway.store.dump import dump
from gateway.store.folders import sync_folder

FORMAT: Final = "borderpost-backup-1"
INDEX, MAC, KEYS = "backup.json", "backup.mac", "keys.sealed"
MODE: Final = 0o600
CHUNK_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class BackedUp:
    file: Path
    events: int
    size_bytes: int


def backup(folder: StateFolder, target: Path, now: datetime, passphrase: bytes | None) -> BackedUp:
    """Write ``target``, whole or not at all. With a passphrase it holds the keys too, sealed with it."""
    _expect_replaceable(target)
    with _staging(target) as staging:
        events = dump(folder.config.store, folder.store_path(), staging)
        for path in _open_files(folder):  # behind the store: of all that is in that, the ledger holds the line by now
            shutil.copyfile(path, staging / _name_of(path, folder.state))
        if passphrase is not None:
            (staging / KEYS).write_bytes(seal(_packed(_key_files(folder), folder.state), passphrase))
        index = _index(folder, staging, now, events)
        (staging / MAC).write_text(mac(folder.store_key(), index))
        (staging / INDEX).write_bytes(index)
        _write(staging, target)
    return BackedUp(target, events, target.stat().st_size)


def mac(store_key: bytes, index: bytes) -> str:
    own = hashlib.blake2b(b"backup", key=store_key, digest_size=32).digest()
    return hmac.new(own, index, hashlib.sha256).hexdigest()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _index(folder: StateFolder, staging: Path, now: datetime, events: int) -> bytes:
    files = {path.name: {"bytes": path.stat().st_size, "sha256": digest_of(path)} for path in sorted(staging.iterdir())}
    told = {"format": FORMAT, "region": folder.config.region, "made": now.isoformat(timespec="seconds"),
            "events": events, "files": files}  # fmt: skip
    return json.dumps(told, indent=1).encode()


def _open_files(folder: StateFolder) -> Iterator[Path]:
    """Settings, certificates, public keys, and what no restore may undo."""
    state = folder.state
    if not folder.config.store:
        yield state / CONFIG_NAME
    yield from sorted([*state.glob("*.crt"), *state.glob("*.pub"), *state.glob(LEDGER_NAME)])
    yield from sorted((state / "broker").glob("*.crt"))


def _key_files(folder: StateFolder) -> list[Path]:
    """The settings are among them when they hold the password of a PostgreSQL."""
    state = folder.state
    settings = [state / CONFIG_NAME] if folder.config.store else []
    return [*settings, *sorted((state / "secrets").iterdir()), *sorted((state / "broker").glob("*.key"))]


def _name_of(path: Path, state: Path) -> str:
    """``broker/broker.crt`` is ``broker__broker.crt``: an archive without folders has no way out of one (G14)."""
    return str(path.relative_to(state)).replace("/", "__")


def _packed(paths: list[Path], state: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in paths:
            archive.add(path, _name_of(path, state), recursive=False)
    return packed.getvalue()


def _expect_replaceable(target: Path) -> None:
    """A slip of the finger must not cost the region its store or a key: what is no backup is not replaced by one."""
    if target.is_file() and target.stat().st_size and not _is_backup(target):
        message = f"{target} is there already, and is no backup."
        raise GatewayError("not-written", message, "Choose another name for the backup.")


def _is_backup(path: Path) -> bool:
    try:
        with tarfile.open(path, mode="r:") as archive:
            first = archive.next()
    except (tarfile.TarError, OSError):
        return False
    return first is not None and first.name == INDEX


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """Beside the target, so that there is room for it, and closed to others."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        message = f"No backup can be written to {target.parent}: {error.strerror}."
        raise GatewayError("not-written", message, "Choose a folder that is there.") from error
    try:
        yield staging
    except OSError as error:
        message = f"The backup {target} could not be written: {error.strerror}."
        raise GatewayError("not-written", message, "Free disk space, or choose another place.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(staging: Path, target: Path) -> None:
    """The index first, so that a reader knows what to expect; then sync, then the name."""
    whole = staging / "whole"
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
        names = sorted(path.name for path in staging.iterdir() if path != whole)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(names, key=lambda each: (each not in (INDEX, MAC), each)):
                archive.add(staging / name, name)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(target)
    sync_folder(target.parent)
