"""Which certificates came after the backup? Each that a device was given, written down and played like its keys.

The broker knows whom not to let in by the numbers of certificates. A store that forgot one could not name it, and who
stole it would have a connection, deaf and dumb as it is, long after its device was revoked.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.care.ledger import Entry, read_entries
from gateway.identity.certificates import GRACE_DAYS
from gateway.identity.register import Register

SUBJECT: Final = re.compile(r"(?P<serial>[0-9a-f]{1,40}) (?P<ends_s>[0-9]{1,11})", re.ASCII)


def certificate_line(device: str, serial: int, ends: datetime, now_ms: int) -> Entry:
    return Entry("certificate", device, f"{serial:x} {int(ends.timestamp())}", now_ms)


def play_certificates(state: Path, register: Register, now: datetime) -> None:
    """Within the caller's transaction, and before revocations are. What has ended opens no connection, but its device
    may still be in its days of grace."""
    since = now - timedelta(days=GRACE_DAYS)
    register.take_back_certificates(given for given in _written(state) if given[2] >= since)


def _written(state: Path) -> Iterator[tuple[int, str, datetime]]:
    for entry in read_entries(state, "certificate"):
        if found := SUBJECT.fullmatch(entry.subject):
            yield int(found["serial"], 16), entry.device, datetime.fromtimestamp(int(found["ends_s"]), UTC)
