"""Which lists and rules does the region publish? Each with a number that only rises, signed, and how to come to it.

For each number that a device may still hold there is a manifest: a delta from there, or the whole (base 0). A list that
lost much of itself is most likely a mistake, and is not published unasked (G11).
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.store.connection import Connection
from messages.delta import make_delta
from messages.keys import ControlKey
from messages.limits import LIST_MAX_BYTES, LIST_VALID_MAX_S
from messages.manifest import manifest_of, seal_manifest

NAMES: Final = ("documents", "persons", "rules")
BASES_KEPT: Final = 3
SHRINKS_MOST: Final = 0.3  # of its entries
FLOOR: Final = "list:{}"  # among the counters; no device has such a name
ROOM: Final = 1_000  # numbers that may have been given since the backup; devices take a jump of ten thousand
RULES_FORMAT: Final = "borderpost-rules-1"


@dataclass(frozen=True, slots=True)
class Published:
    name: str
    number: int
    size_bytes: int
    deltas: Mapping[int, int]  # base: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """How a device comes to the newest list: what it is told, and the digest of the bytes that it then gets."""

    name: str
    base: int
    manifest: bytes
    digest: bytes


def publish(
    connection: Connection,
    region: str,
    key: ControlKey,
    name: str,
    content: bytes,
    *,
    valid_s: int,
    now_ms: int,
    shrink: bool = False,
) -> Published:
    """Give ``content`` the next number, sign it, and keep it for every device. Raises GatewayError with a sentence."""
    entries = _judged(name, content)
    if not 1 <= valid_s <= LIST_VALID_MAX_S:
        raise GatewayError("usage", "A list is valid for an hour up to a year.", "Choose another --valid-h.")
    with connection.transaction():
        kept = _kept(connection, name)
        if not shrink:
            _expect_no_loss(name, entries, kept[max(kept)] if kept else None)
        number = max(_floor(connection, name), *kept, 0) + 1
        deltas = {base: make_delta(old, content) for base, old in kept.items() if base > number - 1 - BASES_KEPT}
        useful = {base: delta for base, delta in deltas.items() if len(delta) < len(content)}
        ways = {0: b"", **useful}
        connection.execute("DELETE FROM manifests WHERE name = ?", (name,))
        for base, delta in ways.items():
            manifest = manifest_of(name, number, content, now_ms, valid_s, base=base, delta=delta)
            digest, sent = (manifest.delta_digest, delta) if base else (manifest.digest, content)
            connection.execute(
                "INSERT INTO manifests (name, base, number, manifest, digest, content) VALUES (?, ?, ?, ?, ?, ?)",
                (name, base, number, seal_manifest(manifest, region, key), digest, sent),
            )
        digest = manifest_of(name, number, content, now_ms, valid_s).digest
        connection.execute(
            "INSERT INTO lists (name, number, issued_ms, valid_s, digest, content) VALUES (?, ?, ?, ?, ?, ?)",
            (name, number, now_ms, valid_s, digest, content),
        )
        connection.execute("DELETE FROM lists WHERE name = ? AND number <= ?", (name, number - BASES_KEPT))
    return Published(name, number, len(content), {base: len(delta) for base, delta in useful.items()})


def leave_room(connection: Connection) -> None:
    """After a restore: devices may hold numbers that this store has forgotten, and refuse what is not above them.

    Within the caller's transaction.
    """
    for name, number in newest(connection).items():
        connection.execute(
            "INSERT INTO counters (device, counter) VALUES (?, ?)"
            " ON CONFLICT (device) DO UPDATE SET counter = excluded.counter",
            (FLOOR.format(name), number + ROOM),
        )


def newest(connection: Connection) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in connection.execute("SELECT name, max(number) FROM lists GROUP BY name")}


def shown(connection: Connection) -> list[dict[str, object]]:
    """What is published, the newest of each name."""
    query = "SELECT name, number, issued_ms, valid_s, length(content) AS size FROM lists ORDER BY name, number"
    return list(
        {
            row["name"]: {name: row[name] for name in ("name", "number", "issued_ms", "valid_s", "size")}
            for row in connection.execute(query)
        }.values()
    )


def way_from(connection: Connection, name: str, number: int) -> Way | None:
    """For a device that holds this number: by a delta if there is one, else from nothing."""
    query = "SELECT base, manifest, digest FROM manifests WHERE name = ? AND base IN (0, ?) ORDER BY base DESC LIMIT 1"
    row = connection.execute(query, (name, number)).fetchone()
    return None if row is None else Way(name, int(row["base"]), bytes(row["manifest"]), bytes(row["digest"]))


def piece(connection: Connection, way: Way, at: int, size_bytes: int) -> bytes:
    """So many bytes of what is sent, from ``at`` on; none behind its end, or when another number has come meanwhile."""
    query = "SELECT substr(content, ?, ?) FROM manifests WHERE name = ? AND base = ? AND digest = ?"
    row = connection.execute(query, (at + 1, size_bytes, way.name, way.base, way.digest)).fetchone()
    return b"" if row is None else bytes(row[0])


def _floor(connection: Connection, name: str) -> int:
    row = connection.execute("SELECT counter FROM counters WHERE device = ?", (FLOOR.format(name),)).fetchone()
    return 0 if row is None else int(row[0])


def _kept(connection: Connection, name: str) -> dict[int, bytes]:
    rows = connection.execute("SELECT number, content FROM lists WHERE name = ? ORDER BY number", (name,))
    return {int(row["number"]): bytes(row["content"]) for row in rows}


def _judged(name: str, content: bytes) -> int | None:
    """How many entries it has (None: rules). Devices judge every detail; here it must be the right kind of file."""
    if name not in NAMES:
        raise GatewayError("unknown-list", f"There is no list {name}.", f"Choose one of: {', '.join(NAMES)}.")
    if not 0 < len(content) <= LIST_MAX_BYTES:
        raise GatewayError("bad-list", f"A list has 1 to {LIST_MAX_BYTES} bytes.", "Choose another file.")
    try:
        if name == "rules":
            _expect(tomllib.loads(content.decode()).get("format") == RULES_FORMAT, name)
            return None
        table = json.loads(content)
        _expect(isinstance(table, dict) and table.get("kind") == name and isinstance(table.get("entries"), list), name)
        return len(table["entries"])
    except (ValueError, RecursionError) as error:  # what TOML, JSON and UTF-8 raise
        raise GatewayError("bad-list", f"The file cannot be read as {name}.", "Choose another file.") from error


def _expect(true: bool, name: str) -> None:
    if not true:
        raise GatewayError("bad-list", f"The file is not of the kind {name}.", "Choose another file.")


def _expect_no_loss(name: str, entries: int | None, before: bytes | None) -> None:
    if entries is None:
        return
    had = len(json.loads(before)["entries"]) if before is not None else 0
    if entries < had * (1 - SHRINKS_MOST) or (had and not entries):
        message = f"The new list {name} has {entries} entries, and the one before had {had}."
        raise GatewayError("list-shrinks", message, "If that is right, say --shrink.")
