"""How does a region go on from a backup? Everything is proven first; then the store is replaced, and begins an epoch.

Devices see the new epoch in the next acknowledgement and send again what they still keep, so that what came after the
backup is not lost; what was erased or revoked since is so again before anybody can ask (H12).
"""

import io
import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Final

from gateway.care import passphrase
from gateway.care.backup import FORMAT, INDEX, KEYS, MAC, digest_of, mac
from gateway.care.certificates_since import play_certificates
from gateway.care.epoch import begin_epoch
from gateway.care.in_use import alone
from gateway.care.keys_since import play_keys
from gateway.care.ledger import LEDGER_NAME, entries, merge
from gateway.care.retention import Swept, erased_in, sweep
from gateway.config import load
from gateway.downlink.lists import leave_room
from gateway.errors import GatewayError
from gateway.identity import keyfiles
from gateway.identity.authority import load_issuer
from gateway.identity.register import Register
from gateway.identity.revocation import write_lists
from gateway.identity.rotation import end_again
from gateway.state import CONFIG_NAME, WORKER, StateFolder
from gateway.store.connection import Connection
from gateway.store.dump import POSTGRES, SQLITE, load_postgres, prove_sqlite, replace_sqlite
from gateway.store.sqlite import connect

SMALL_MAX_BYTES: Final = 1_000_000  # of everything but the store
STAGING: Final = ".restoring"
OPEN_FILE: Final = re.compile(r"(broker__)?[a-z0-9-]+\.(crt|pub)")
KEY_FILE: Final = re.compile(r"((secrets|broker)__)?[a-z0-9.-]+")  # no way out of the folder (G14)
ANOTHER: Final = "Choose another backup."


@dataclass(frozen=True, slots=True)
class Index:
    """``backup.json``, as far as it is needed here."""

    region: str
    made: str
    events: int
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Restored:
    """``control``: a control key that had to be made, which no device knows before it is renewed; mostly empty."""

    made: str
    events: int
    erased: Swept
    control: str


def restore(state: Path, source: Path, now: datetime, *, secret: bytes | None, force: bool) -> Restored:
    """Raises GatewayError and leaves the store as it was, unless the backup is whole, this region's, and may be put
    here. ``secret`` opens the keys that came along; without it the folder must have its own."""
    keyfiles.closed_folder(state)
    with alone(state), _staging(state) as staging:
        index = _unpack(source, staging)
        _unpack_keys(staging, secret)
        _prove(state, staging, index)
        folder = StateFolder(state, load(_config(state, staging)))
        _expect_fitting(folder, index, force=force)
        _put_files(state, staging)
        merge(state, staging / LEDGER_NAME)
        control = end_again(folder)
        load_issuer(state, "clients-ca")  # Without it the revocations could not be told: fail while the store stands.
        erased = _put_store(folder, staging, now)
    return Restored(index.made, index.events, erased, control)


# --- prove ---
def _unpack(source: Path, staging: Path) -> Index:
    try:
        with tarfile.open(source, mode="r:") as archive:
            index = _index(_content(archive, INDEX))
            for name in (MAC, *index.digests):
                _copy(archive, name, staging / name)
            (staging / INDEX).write_bytes(_content(archive, INDEX))
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError) as error:
        raise GatewayError("not-a-backup", f"{source} is no backup of a gateway.", "Choose another file.") from error
    for name, digest in index.digests.items():
        if digest_of(staging / name) != digest:
            raise GatewayError("bad-backup", f"{name} in this backup is damaged.", ANOTHER)
    return index


def _index(content: bytes) -> Index:
    told = json.loads(content)
    if told["format"] != FORMAT:
        raise GatewayError("unknown-backup", "This backup is of another version.", "Use the release that made it.")
    digests = {str(name): str(file["sha256"]) for name, file in told["files"].items()}
    known = (CONFIG_NAME, LEDGER_NAME, KEYS, SQLITE, POSTGRES)
    if not all(name in known or OPEN_FILE.fullmatch(name) for name in digests):
        raise ValueError("a name that no backup holds")
    return Index(str(told["region"]), str(told["made"]), int(told["events"]), digests)


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.size <= SMALL_MAX_BYTES else None
    if file is None:
        raise ValueError("no plain file, or too large")
    return file.read()


def _copy(archive: tarfile.TarFile, name: str, target: Path) -> None:
    """The content alone: no owner, mode, link or device of the archive's choice."""
    source = archive.extractfile(archive.getmember(name))
    if source is None:
        raise ValueError("no plain file")
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, SMALL_MAX_BYTES)


def _unpack_keys(staging: Path, secret: bytes | None) -> None:
    if secret is None:
        return
    if not (staging / KEYS).exists():
        raise GatewayError("no-keys", "This backup holds no keys.", "Put the folder secrets/ back by hand.")
    content = passphrase.unseal((staging / KEYS).read_bytes(), secret)
    keys = keyfiles.closed_folder(staging / "keys")
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for name in archive.getnames():
            if KEY_FILE.fullmatch(name):
                keyfiles.write(keys / name, _content(archive, name), secret=True)


def _prove(state: Path, staging: Path, index: Index) -> None:
    """By the store's key: a device that somebody wrote into the backup's register is not taken in."""
    paths = [
        path for path in (state / "secrets" / "store.key", staging / "keys" / "secrets__store.key") if path.exists()
    ]
    if not paths:
        cure = "Give --passphrase-file, if it holds them, or put the folder secrets/ back first."
        raise GatewayError("no-keys", "There are no keys here that open this backup.", cure)
    proof = mac(keyfiles.read_key(paths[0]), (staging / INDEX).read_bytes())
    if not compare_digest(proof.encode(), (staging / MAC).read_bytes()):
        raise GatewayError("not-ours", "This backup was not made with the keys of this gateway.", ANOTHER)
    if SQLITE in index.digests:
        prove_sqlite(staging / SQLITE)


def _config(state: Path, staging: Path) -> Path:
    """The folder's own, else the backup's; it stands among the keys when a password is in it."""
    places = [place / CONFIG_NAME for place in (state, staging, staging / "keys")]
    return next((path for path in places if path.exists()), places[0])


def _expect_fitting(folder: StateFolder, index: Index, *, force: bool) -> None:
    region, url = folder.config.region, folder.config.store
    if folder.config.worker != WORKER:  # Its folder knows nothing of what was revoked and erased since.
        message = f"This folder is that of the worker {folder.config.worker} alone, not the region's."
        raise GatewayError("a-workers", message, "Restore in the folder that enrols devices and makes backups.")
    if region != index.region:
        raise GatewayError("other-region", f"This backup is of region {index.region}, not {region}.", ANOTHER)
    if (POSTGRES if url else SQLITE) not in index.digests:
        message = "This backup is of another kind of store than the one in gateway.toml."
        raise GatewayError("other-store", message, "Set the store that the backup was made of.")
    if not force and (url or folder.store_path().exists()):
        message = f"There is a store in {url.rpartition('@')[2] or folder.state} already."
        raise GatewayError("store-there", message, "Say --force, and it is put aside (a PostgreSQL's is replaced).")


# --- put ---
def _put_files(state: Path, staging: Path) -> None:
    """What is there stays: a certificate may be newer than the backup's."""
    names = (CONFIG_NAME, "*.crt", "*.pub", "keys/*")
    for path in [path for name in names for path in staging.glob(name)]:
        target = state / path.name.replace("__", "/")
        if not target.exists():
            keyfiles.closed_folder(target.parent)
            keyfiles.write(target, path.read_bytes(), secret=path.parent != staging or path.name == CONFIG_NAME)


def _put_store(folder: StateFolder, staging: Path, now: datetime) -> Swept:
    if folder.config.store:
        load_postgres(folder.config.store, staging / POSTGRES)
        with closing(folder.open_store()) as connection:
            return _begin_anew(connection, folder, now)
    with closing(connect(staging / SQLITE)) as connection:
        erased = _begin_anew(connection, folder, now)
    replace_sqlite(folder.store_path(), staging / SQLITE)
    return erased


def _begin_anew(connection: Connection, folder: StateFolder, now: datetime) -> Swept:
    """The epoch last: without one nobody takes anything in, nor certifies a device, wherever this is cut short."""
    connection.migrate()
    _revoke_again(connection, folder, now)
    erased = sweep(connection, erased_in(folder.state), now, folder.config.keep_days)
    with connection.transaction():
        leave_room(connection)
        connection.execute("DELETE FROM claims")  # one that was used since must not serve again
        begin_epoch(connection, now, folder.state)
    return erased


def _revoke_again(connection: Connection, folder: StateFolder, now: datetime) -> None:
    """In the register, and for the broker: its lists are as old as the folder, or as the backup."""
    register = Register(connection)
    with connection.transaction():
        play_keys(folder.state, register, folder.config.region, int(now.timestamp() * 1000))
        play_certificates(folder.state, register, now)
        for entry in entries(folder.state, "revoked"):
            register.revoke_within(entry.device)
            register.revoke_certificates(entry.device, entry.subject, entry.at_ms)
    write_lists(keyfiles.closed_folder(folder.state / "broker"), load_issuer(folder.state, "clients-ca"), register, now)


@contextmanager
def _staging(state: Path) -> Iterator[Path]:
    staging = state / STAGING
    shutil.rmtree(staging, ignore_errors=True)  # of a restore that was cut short
    try:
        yield keyfiles.closed_folder(staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
