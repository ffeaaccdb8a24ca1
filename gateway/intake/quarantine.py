"""What is kept aside, and how much of it? Of a proven sender a row for each thing, and of the bodies a share.

A proven sender's row says what came, why it was refused and how long it was, also where its body found no room: so it
is acknowledged, and never comes again. An event that only another one contradicts can be read: its body is kept like
that of any stored event, and takes no share.
"""

from typing import Final

from msgspec.structs import replace

from gateway.intake.alarms import Alarm, Alarms
from gateway.intake.prepared import Aside
from gateway.intake.tallies import Tallies
from gateway.store.connection import Connection
from messages.topics import Channel

SHARE_BODIES: Final = 200  # that are there now: retention makes room again
SHARE_MAX_BYTES: Final = 8_388_608
HELD: Final = (
    "SELECT count(*), coalesce(sum(size_bytes), 0) FROM"
    " (SELECT size_bytes FROM quarantine WHERE share = ? AND sender = ? AND body IS NOT NULL LIMIT ?) AS held"
)


class Shelf:
    """Where one transaction puts what it may not store."""

    def __init__(self, connection: Connection, tallies: Tallies, alarms: Alarms, now_ms: int) -> None:
        self._connection = connection
        self._tallies = tallies
        self._alarms = alarms
        self._now_ms = now_ms

    def keep(self, aside: Aside) -> None:
        """What nobody can take. Behind the share a proven sender's has a row alone, and an unproven one's a number."""
        if self._knows(aside):
            self._tallies.add(aside.sender, "duplicates")
            return
        share = suspect(aside)
        if self._has_room(share, aside):
            self._insert(aside, share)
            return
        self._alarms.say(share, Alarm.QUARANTINE_FULL)
        if aside.sender:
            self._insert(replace(aside, body=None), share)
        else:  # Attack (D17-D23): garbage without end. Nobody waits for an answer, so nothing need remember it.
            self._tallies.add(aside.sender, "unkept")

    def keep_event(self, aside: Aside) -> bool:
        """A true event, as it lies; whether it is new here."""
        if self._knows(aside):
            return False
        self._insert(aside, None)
        return True

    def _knows(self, aside: Aside) -> bool:
        query = (
            "SELECT 1 FROM quarantine"
            " WHERE sender = ? AND topic = ? AND reason = ? AND boot = ? AND first = ? AND digest = ?"
        )
        place = (aside.sender, aside.topic, aside.reason.value, aside.boot, aside.first, aside.digest)
        return self._connection.execute(query, place).fetchone() is not None

    def _has_room(self, share: str, aside: Aside) -> bool:
        """What a device has signed, and what came on its topic unsigned, do not take each other's room."""
        held = self._connection.execute(HELD, (share, aside.sender, SHARE_BODIES)).fetchone()
        bodies, size_bytes = held or (0, 0)
        return int(bodies) < SHARE_BODIES and int(size_bytes) + aside.size_bytes <= SHARE_MAX_BYTES

    def _insert(self, aside: Aside, share: str | None) -> None:
        self._connection.execute(
            "INSERT INTO quarantine (reason, detail, topic, sender, boot, first, last, digest, size_bytes, body,"
            " retain_until, received_ms, share) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                aside.reason.value,
                aside.detail,
                aside.topic,
                aside.sender,
                aside.boot,
                aside.first,
                aside.last,
                aside.digest,
                aside.size_bytes,
                aside.body,
                aside.retain_until,
                self._now_ms,
                share,
            ),
        )
        self._tallies.add(aside.sender, "quarantined")


def suspect(aside: Aside) -> str:
    """Who sent it: the signer, or the device in whose topics the broker let it be published.

    By the device, not by the whole topic: a certificate opens the topics of one device at whatever post, so one who
    makes up posts would have a new share for each (D17-D23). A topic that names no device is nobody's, ``""``.
    """
    levels = aside.topic.split("/")
    return aside.sender or (levels[4] if len(levels) == len(Channel) else "")
