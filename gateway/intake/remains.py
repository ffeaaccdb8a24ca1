"""What must the boots of a device show at least, by the events and the quarantine that are left of them?

What retention has taken away shows nowhere any more: so what stands in ``boots``, ``arrived`` and ``dropped`` may be
more than this, and never less. Where all that came is here still, the times of a boot are exactly these.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag

from gateway.intake import arrivals
from gateway.intake.boots import Boot, Span, Synced, boots_of, write
from gateway.intake.vault import Vault, place_of
from gateway.store.connection import Connection, Row
from messages.ack import Range
from messages.errors import Quarantine, Refused
from messages.events import read
from messages.facts import Fact, OutboxDropped
from messages.quick import Wire

# Numbers that follow one another differ from their places in the row by one and the same.
STORED: Final = (
    "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS stretch FROM events"
    " WHERE boot_key = ?) AS numbered GROUP BY stretch ORDER BY 1"
)
ARRIVED: Final = "SELECT first, last FROM arrived WHERE boot_key = ? ORDER BY first"
SPAN: Final = "SELECT min(time_ms), max(time_ms) FROM events WHERE boot_key = ?"
SYNCED: Final = (
    "SELECT mono_ms, time_ms FROM events WHERE boot_key = ? AND clock = 'synced' AND mono_ms IS NOT NULL"
    " ORDER BY mono_ms, time_ms LIMIT 1"
)
DROPS: Final = (
    "SELECT boot, seq, body FROM events JOIN boots ON boots.key = boot_key"
    " WHERE events.device = ? AND type = ? AND body IS NOT NULL"
)
SET_ASIDE: Final = "SELECT boot, reason, first, last, body FROM quarantine WHERE sender = ? AND boot <> ''"
_Event = tuple[Wire[Fact], int]  # and its time in milliseconds since 1970


@dataclass(slots=True)
class _Sealed:
    """What one boot has in quarantine, and what sealed bodies say of it."""

    aside: list[Range] = field(default_factory=list)
    dropped: list[Range] = field(default_factory=list)
    times: list[tuple[Span, Synced | None]] = field(default_factory=list)  # of true events that are set aside
    unread: bool = False  # one of those cannot be opened


def complete(connection: Connection, device: str, vault: Vault | None) -> bool:
    """Within a transaction, alone with the device: put right what lacks something; whether nothing did.

    Without ``vault`` no sealed body says anything: neither what was dropped, nor when contested events were.
    """
    sealed = _sealed(connection, device, vault)
    equal = _name(connection, device, set(sealed))
    for boot in boots_of(connection, device):
        equal &= _complete(connection, boot, sealed[boot.boot])
    return equal


def _complete(connection: Connection, boot: Boot, sealed: _Sealed) -> bool:
    here = _joined([*_stretches(connection, STORED, boot), *sealed.aside])
    known = _join(connection, "arrived", boot, here)
    dropped = _join(connection, "dropped", boot, sealed.dropped)
    # Retention takes what came first: where number 1 is here, and all that came, none of it has gone.
    whole = here[:1] and here[0][0] == 1 and here == _stretches(connection, ARRIVED, boot) and not sealed.unread
    return _date(connection, boot, sealed, whole=bool(whole)) and known and dropped


def _join(connection: Connection, table: arrivals.Stretches, boot: Boot, told: Sequence[Range]) -> bool:
    lacking = arrivals.lacking(connection, table, boot.key, told)
    arrivals.add(connection, table, boot.key, lacking)
    return not lacking


def _date(connection: Connection, boot: Boot, sealed: _Sealed, *, whole: bool) -> bool:
    held = (boot.span, boot.synced)
    if whole:
        boot.span = boot.synced = None
    for span, synced in (_times(connection, boot), *sealed.times):
        boot.show(boot.number, span, synced)
    if (boot.span, boot.synced) == held:
        return True
    write(connection, [boot])
    return False


def _times(connection: Connection, boot: Boot) -> tuple[Span | None, Synced | None]:
    span = connection.execute(SPAN, (boot.key,)).fetchone()
    synced = connection.execute(SYNCED, (boot.key,)).fetchone()
    return (
        None if span is None or span[0] is None else (int(span[0]), int(span[1])),
        None if synced is None else (int(synced[0]), int(synced[1])),
    )


def _stretches(connection: Connection, query: str, boot: Boot) -> list[Range]:
    return [(int(first), int(last)) for first, last in connection.execute(query, (boot.key,)).fetchall()]


def _joined(stretches: Sequence[Range]) -> list[Range]:
    """As ``arrived`` holds them: rising, and no two that touch."""
    joined: list[Range] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


# --- what is sealed ---
def _sealed(connection: Connection, device: str, vault: Vault | None) -> defaultdict[str, _Sealed]:
    told: defaultdict[str, _Sealed] = defaultdict(_Sealed)
    for row in connection.execute(SET_ASIDE, (device,)).fetchall():
        _tell_aside(told, device, row, vault)
    for boot, seq, body in connection.execute(DROPS, (device, OutboxDropped.TYPE)).fetchall():
        _tell_drops(told, _opened(vault, device, boot, seq, body))
    return told


def _tell_aside(told: defaultdict[str, _Sealed], device: str, row: Row, vault: Vault | None) -> None:
    boot, reason, first, last, body = row
    of = told[boot]
    of.aside.append((first, last))
    if reason != Quarantine.SEQUENCE_CONFLICT:
        return
    event = _opened(vault, device, boot, first, body)
    of.unread |= event is None
    if event is not None:
        wire, time_ms = event
        of.times.append(((time_ms, time_ms), (wire.bpmono, time_ms) if wire.bpclock == "synced" else None))
        _tell_drops(told, event)


def _tell_drops(told: defaultdict[str, _Sealed], event: _Event | None) -> None:
    if event is not None and type(fact := event[0].data) is OutboxDropped:
        told[fact.boot].dropped += fact.seqs


def _opened(vault: Vault | None, device: str, boot: str, seq: int, body: bytes | None) -> _Event | None:
    """None where retention took it, and where the key is another: that is as if it had."""
    if vault is None or body is None:
        return None
    try:
        return read(vault.open(bytes(body), place_of(device, boot, seq)))
    except (InvalidTag, Refused):
        return None


def _name(connection: Connection, device: str, boots: set[str]) -> bool:
    """A boot of which something is told has a row."""
    new = (
        "INSERT INTO boots (device, post, boot, number)"
        " SELECT device, post, CAST(? AS TEXT), 0 FROM devices WHERE device = ? ON CONFLICT DO NOTHING"
    )
    known = {boot.boot for boot in boots_of(connection, device)}
    connection.executemany(new, [(boot, device) for boot in sorted(boots - known)])
    return boots <= known
