"""Which frames have we stored just now? They come again when an answer was late, and most often when we are slow.

So telling them must cost next to nothing, or a slow hour would make itself slower. Only what is committed is here, and
only while register and epoch stand as they stood: whoever was revoked is looked at again, and so is everything that
a store from a backup may lack.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from gateway.intake.prepared import Prepared
from messages.keys import KeyRecord

FRAMES_KEPT: Final = 16_384
Fingerprint = tuple[str, int, int]


class Repeats:
    """Topic, length and Python's own keyed hash of the bytes stand for a frame: nobody outside can aim at it."""

    def __init__(self) -> None:
        self._stored: OrderedDict[Fingerprint, Prepared] = OrderedDict()
        self._keys: Mapping[str, KeyRecord] | None = None

    def known(self, topic: str, payload: bytes, keys: Mapping[str, KeyRecord]) -> Prepared | None:
        """What is to be stored for a frame that is stored already: that it came again."""
        if keys is not self._keys:
            self._stored.clear()
            self._keys = keys
        return self._stored.get(_fingerprint(topic, payload))

    def remember(self, topic: str, payload: bytes, keys: Mapping[str, KeyRecord], frame: Prepared) -> None:
        """``frame`` is committed, every number of it."""
        if keys is not self._keys or not frame.rows:
            return
        first, last = frame.rows[0].seq, frame.rows[-1].seq
        self._stored[_fingerprint(topic, payload)] = Prepared(
            frame.where, frame.boot, frame.number, (), (), (), (first, last)
        )
        if len(self._stored) > FRAMES_KEPT:
            self._stored.popitem(last=False)


def _fingerprint(topic: str, payload: bytes) -> Fingerprint:
    return topic, len(payload), hash(payload)
