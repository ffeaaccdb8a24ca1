"""What does this device do on the region's word? Commands and lists, with everything that they need, built once."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.downlink.commands import Commands
from edge.downlink.list_intake import ListIntake, judge_with
from edge.downlink.listing import Listing
from edge.downlink.obeying import Acts
from edge.gate.events import Event
from edge.gate.states import State
from edge.identity.identity import Identity
from edge.log import Ring
from edge.outbox.outbox import Outbox
from edge.records import Records
from messages.topics import Channel


class Downward:
    """``take`` what stands on ``cmd`` and ``list``; ``run`` for ever. A device that was enrolled before there were
    control keys obeys nobody, and asks for no list."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        outbox: Outbox,
        records: Records,
        lists_key: bytes,
        ring: Ring,
        *,
        now_ms: Callable[[], int],
        state: Callable[[], State],
        tell: Callable[[Event], None],
        answer: Callable[[bytes], None],
        alarm: Callable[[str], None],
        renew: Callable[[], None],
        tell_now: Callable[[], None],
    ) -> None:
        topic = identity.topic
        self.listing = Listing(folder, topic.region, identity.controls, judge_with(lists_key), now_ms)
        self._intake = ListIntake(self.listing, record=records.told, alarm=alarm, ask=tell_now)
        acts = Acts(state, tell, ring, renew=renew, ask_for_lists=tell_now)  # each status asks for them
        self._commands = Commands(
            topic, identity.device_key, identity.controls, outbox.boot, acts.table(),
            record=records.told, answer=answer, alarm=alarm,
        )  # fmt: skip

    def take(self, channel: Channel, message: bytes) -> None:
        if channel is Channel.CMD:
            self._commands.take(message)
        else:
            self._intake.take(message)

    async def run(self) -> None:
        await asyncio.gather(self._commands.run(), self._intake.run())

    def status(self) -> Mapping[str, object]:
        return {"lists": self.listing.status()} if self.listing.controls else {}

    def renewed(self, identity: Identity) -> None:
        """Keys may be new, the device's own and those of the region."""
        self._commands.renewed(identity.device_key, identity.controls)
        self.listing.controls = identity.controls

    def proof(self, name: str) -> bytes | None:
        """SHA-256 of what the region published under this name, and this device holds."""
        held = self.listing.proof(name)
        return None if held is None else held.digest
