"""``borderpost gateway backup | restore | retention``: what an operator does so that a region outlives its disks."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors
from borderpost.verbs import region_verb


def add_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = region_verb(verbs, "backup", "write the store into one file while the gateway runs", _backup)
    backup.add_argument("file", type=Path, metavar="FILE", help="the backup to write")
    backup.add_argument("--with-keys", action="store_true", help="the keys too, sealed with a passphrase")
    restore = region_verb(verbs, "restore", "put the store of a backup in place of what is there", _restore)
    restore.add_argument("file", type=Path, metavar="FILE", help="a backup")
    restore.add_argument("--force", action="store_true", help="put aside the store that is there")
    for parser in (backup, restore):
        parser.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="its first line opens the keys: 16 characters or more"
        )
    retention = region_verb(verbs, "retention", "take away what may not be kept any longer", _retention)
    retention.add_argument(
        "--erase", nargs=2, metavar=("DEVICE", "CROSSING"), help="forget who that was, before its date and for ever"
    )


def _backup(args: argparse.Namespace) -> int:
    from gateway.care.backup import backup
    from gateway.state import StateFolder

    if args.with_keys != (args.passphrase_file is not None):
        raise Fault("usage", "--with-keys and --passphrase-file go together.", "Give both, or neither.")
    with gateway_errors():
        made = backup(StateFolder(args.state), args.file, datetime.now(UTC), _passphrase(args.passphrase_file))
    if args.json:
        told = {"file": str(made.file), "events": made.events, "bytes": made.size_bytes, "keys": args.with_keys}
        print(json.dumps(told))
    else:
        apart = "without keys: keep a copy of the folder secrets/ elsewhere"
        keys = "with its keys, sealed" if args.with_keys else apart
        print(f"{made.events} events in {made.file} ({made.size_bytes} bytes), {keys}.")
    return 0


def _restore(args: argparse.Namespace) -> int:
    from gateway.care.restore import restore
    from gateway.store.dump import stores_aside

    if not args.file.exists():
        raise Fault("unreadable", f"There is no file {args.file}.", "Name the backup that is to be restored.")
    secret = _passphrase(args.passphrase_file)
    with gateway_errors():
        done = restore(args.state, args.file, datetime.now(UTC), secret=secret, force=args.force)
    if args.json:
        told = {"events": done.events, "made": done.made, "bodies_removed": done.erased.bodies_removed}
        print(json.dumps({"state": str(args.state), **told, "control": done.control or None}))
    else:
        print(f"{done.events} events of {done.made} are in {args.state}; start the gateway, and devices send the rest.")
        for aside in stores_aside(args.state)[-1:]:  # what is due or erased goes from the store, and not from there
            print(f"The store that was here is {aside}: delete it once everything is well.")
        if done.control:
            print(
                f"The control keys in this backup were ended since, and {done.control} was made in their place: devices"
            )
            print("obey nothing and take no list until they are renewed (device renew at each, or within 20 days).")
    return 0


def _retention(args: argparse.Namespace) -> int:
    from gateway.care.upkeep import RETENTION, keep_once
    from gateway.state import StateFolder

    now = datetime.now(UTC)
    with gateway_errors():
        folder = StateFolder(args.state)
        if args.erase is not None:
            _write_down_erasure(folder.state, args.erase[0], args.erase[1], int(now.timestamp() * 1000))
        done = keep_once(folder, now)
        if done.swept is None:
            raise done.failed[RETENTION]
    swept = done.swept
    for sentence in done.sentences():
        print(sentence, file=sys.stderr)
    if args.json:
        print(json.dumps({**asdict(swept), "failed": list(done.failed)}))
    else:
        print(f"{swept.bodies_removed} sealed bodies and {swept.rows_removed} rows are gone; due before {swept.until}.")
        if args.erase is not None and not swept.bodies_removed:
            print("Nothing sealed of this crossing is stored: see that device and crossing are the right ones.")
    return 1 if done.failed else 0


def _write_down_erasure(state: Path, device: str, crossing: str, at_ms: int) -> None:
    from gateway.care.ledger import Entry, write_down

    try:
        subject = str(UUID(crossing))
    except ValueError as error:
        raise Fault("usage", f"{crossing!r} is no crossing.", "Give the UUID that its events carry.") from error
    write_down(state, Entry("erased", device, subject, at_ms))


def _passphrase(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes().partition(b"\n")[0].strip()
    except OSError as error:
        raise Fault("unreadable", f"{path} cannot be read: {error.strerror}.", "Choose another file.") from error
