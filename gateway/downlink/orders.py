"""What is a device told to do, and what came of it? Asked for by a command line, sent by whichever worker hears the
device next, answered by the device; a table is all that they share.

An order is sent when the device has just said what time it is by its own clock: so its deadline needs no other clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.store.connection import Connection, Row
from messages.command import Answer, Command, seal_command
from messages.keys import ControlKey
from messages.limits import COUNT_MAX
from messages.topics import Topic

EXPIRES_MAX_S: Final = 300.0
AHEAD_MAX_MS: Final = 2_000  # by which the clocks of a region's hosts may differ
KEEP_DAYS: Final = 30
OPEN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that waits for its device. ``until_ms``: by the gateway's clock, when it is too late."""

    row: int
    device: str
    command: str
    until_ms: int
    expires_ms: int

    def left_ms(self, now_ms: int) -> int:
        """Never more than it was asked for, whatever a clock does meanwhile."""
        return min(self.until_ms - now_ms, self.expires_ms)


@dataclass(frozen=True, slots=True)
class Standing:
    """``state`` is asked, sent, answered, or expired: then it was never sent, and never will be."""

    state: str
    counter: int
    result: str
    cause: str
    body: bytes


def ask(connection: Connection, device: str, command: str, expires_s: float, now_ms: int) -> int:
    """Write an order down; the row by which ``standing`` knows it."""
    with connection.transaction():
        row = connection.execute(
            "INSERT INTO orders (device, command, expires_s, asked_ms, state) VALUES (?, ?, ?, ?, 'asked')"
            " RETURNING row",
            (device, command, expires_s, now_ms),
        ).fetchone()
    assert row is not None  # noqa: S101 (an INSERT that did not raise returns its row)
    return int(row[0])


def standing(connection: Connection, row: int) -> Standing:
    found = connection.execute(
        "SELECT state, counter, result, cause, body FROM orders WHERE row = ?", (row,)
    ).fetchone()
    if found is None:  # retention, after a month
        return Standing("asked", 0, "", "", b"")
    return Standing(found["state"], int(found["counter"]), found["result"], found["cause"], bytes(found["body"] or b""))


def waiting(connection: Connection, now_ms: int) -> list[Asked]:
    """Orders that are not too late; a few at any moment. Those that are too late end here, for good."""
    query = "SELECT row, device, command, expires_s, asked_ms FROM orders WHERE state = 'asked' LIMIT ?"
    found = [_asked(row) for row in connection.execute(query, (OPEN_MAX,)).fetchall()]
    good = [asked for asked in found if _is_good(asked, now_ms)]
    for asked in found:
        if asked not in good:
            withdraw(connection, asked.row)
    return good


def _is_good(asked: Asked, now_ms: int) -> bool:
    """One out of the future is not: the clock was set back, and nobody knows how long ago it was asked. It must not get
    the hours that the clock lost, nor be sent when they come round again."""
    asked_ms = asked.until_ms - asked.expires_ms
    return asked_ms <= now_ms + AHEAD_MAX_MS and now_ms < asked.until_ms


def withdraw(connection: Connection, row: int) -> bool:
    """Nobody sends it any more. False: it was sent."""
    with connection.transaction():
        ended = "UPDATE orders SET state = 'expired' WHERE row = ? AND state = 'asked'"
        return connection.execute(ended, (row,)).rowcount > 0


def send(
    connection: Connection, asked: Asked, topic: Topic, status: Mapping[str, object], key: ControlKey, now_ms: int
) -> bytes | None:
    """The signed command, or None: another worker has sent it, or the device did not say what time it is."""
    boot, mono_ms = status.get("boot"), status.get("mono_ms")
    if not isinstance(boot, str) or not isinstance(mono_ms, int) or not 0 <= mono_ms < COUNT_MAX:
        return None
    with connection.transaction():
        claim = "UPDATE orders SET state = 'sent', boot = ? WHERE row = ? AND state = 'asked'"
        if not connection.execute(claim, (boot, asked.row)).rowcount:
            return None
        counter = _next_counter(connection, asked.device, now_ms)
        connection.execute("UPDATE orders SET counter = ? WHERE row = ?", (counter, asked.row))
    deadline_ms = mono_ms + asked.left_ms(now_ms)
    return seal_command(Command(asked.device, boot, counter, deadline_ms, asked.command, {}), topic, key)


def take_answer(connection: Connection, answer: Answer) -> bool:
    """Keep a verified answer; False when nothing was asked, or it was answered before (a broker may hand it again)."""
    with connection.transaction():
        found = connection.execute(
            "UPDATE orders SET state = 'answered', result = ?, cause = ?, body = ?"
            " WHERE device = ? AND counter = ? AND boot = ? AND state = 'sent'",
            (answer.result.value, answer.cause, answer.body, answer.device, answer.counter, answer.boot),
        )
    return found.rowcount > 0


def forget_old(connection: Connection, now_ms: int) -> int:
    with connection.transaction():
        return connection.execute("DELETE FROM orders WHERE asked_ms < ?", (now_ms - KEEP_DAYS * 86_400_000,)).rowcount


def _next_counter(connection: Connection, device: str, now_ms: int) -> int:
    """It rises with each order, and with the clock: a store restored from yesterday's backup repeats none."""
    connection.execute(
        "INSERT INTO counters (device, counter) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET counter ="
        " CASE WHEN counters.counter >= excluded.counter THEN counters.counter + 1 ELSE excluded.counter END",
        (device, now_ms),
    )
    row = connection.execute("SELECT counter FROM counters WHERE device = ?", (device,)).fetchone()
    assert row is not None  # noqa: S101 (the statement before it wrote the row)
    return int(row[0])


def _asked(row: Row) -> Asked:
    expires_ms = int(float(row["expires_s"]) * 1000)
    return Asked(int(row["row"]), row["device"], row["command"], int(row["asked_ms"]) + expires_ms, expires_ms)
