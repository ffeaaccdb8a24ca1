"""Which keys came after the backup? Each that a device brought, written down beside the store and played at a restore.

A device cannot know that its store was restored: it signs on with the key that it has, and what waits in its outbox is
signed for ever. A register that forgot the change would refuse all of that, and believe the key before, which somebody
may have stolen since.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.care.ledger import Entry, entries, write_down
from gateway.identity.register import Register
from messages.keys import KeyRecord, device_of, number_of

SUBJECT: Final = re.compile(r"(?P<kid>[a-z0-9.-]+) (?P<post>[a-z0-9-]+) (?P<public>[0-9a-f]{64})")


def write_keys(state: Path, records: Iterable[KeyRecord], now_ms: int) -> None:
    """Last in the transaction that takes them. One that is rolled back all the same does no harm: its device still has
    that key, and asks again with it; or another key came under the name since, and the last counts."""
    subjects = ((record.device, f"{record.kid} {record.post} {record.public.hex()}") for record in records)
    write_down(state, *(Entry("key", device, subject, now_ms) for device, subject in subjects))


def play_keys(state: Path, register: Register, region: str, now_ms: int) -> None:
    """Within the caller's transaction, and before revocations are: those hold whenever they were written."""
    written = sorted(_written(state, region), key=lambda each: each[1])  # a backup's ledger may have come behind ours
    latest = {record.kid: (record, at_ms) for record, at_ms in written}
    for record, at_ms in sorted(latest.values(), key=lambda each: number_of(each[0].kid)):
        register.take_back(record, at_ms)
    register.end_retired_within(now_ms)  # a key that was followed more than 30 days ago gets no time by this


def _written(state: Path, region: str) -> Iterator[tuple[KeyRecord, int]]:
    for entry in entries(state, "key"):
        found = SUBJECT.fullmatch(entry.subject)
        if found and device_of(found["kid"]) == entry.device:
            yield KeyRecord(found["kid"], bytes.fromhex(found["public"]), region, found["post"]), entry.at_ms
