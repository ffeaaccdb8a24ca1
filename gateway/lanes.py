"""How are the lanes at this moment? Their last signed words, in memory only: they hold no person and are not kept."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.views import LaneView
from messages.keys import KeyRecord
from messages.limits import COUNT_MAX

TEXT_MAX_CHARS = 40
SHOWN_MAX = 1_000_000_000
BOOTS_REMEMBERED = 4


@dataclass(frozen=True, slots=True)
class Word:
    """What one status said, and when it came by our own monotonic clock."""

    status: Mapping[str, object]
    heard_s: float


class Lanes:
    """The last word of each device."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._words: dict[str, Word] = {}
        self._left_behind: dict[str, list[object]] = {}

    def hear(self, device: str, status: Mapping[str, object]) -> bool:
        """Take a verified status. False: it is older than what is known (a broker may hand old ones again, E17)."""
        known = self._words.get(device)
        if known is not None and not self._newer(device, known.status, status):
            return False
        self._words[device] = Word(dict(status), self._clock_s())
        return True

    def views(self, devices: Iterable[KeyRecord]) -> tuple[LaneView, ...]:
        """Every enrolled lane, heard or not."""
        return tuple(self._view(record) for record in devices if not record.revoked)

    def _newer(self, device: str, known: Mapping[str, object], status: Mapping[str, object]) -> bool:
        gone = self._left_behind.setdefault(device, [])
        if status.get("boot") != known.get("boot"):
            if status.get("boot") in gone:
                return False
            gone.append(known.get("boot"))
            del gone[:-BOOTS_REMEMBERED]
            return True
        # Nothing is cut off here: after eleven days the milliseconds of a lane are more than any number shown.
        return _number(status, "mono_ms", COUNT_MAX) >= _number(known, "mono_ms", COUNT_MAX)

    def _view(self, record: KeyRecord) -> LaneView:
        word = self._words.get(record.device)
        if word is None:
            return LaneView(record.post, record.device, "unknown", "", 0, None, 0, None)
        status = word.status
        link_age_s = _number(status, "link_age_s") if "link_age_s" in status else None
        return LaneView(
            record.post,
            record.device,
            _text(status, "state"),
            _text(status, "screen"),
            int(_number(status, "people")),
            link_age_s,
            int(_number(status, "waiting")),
            max(0.0, self._clock_s() - word.heard_s),
        )


def _text(status: Mapping[str, object], name: str) -> str:
    value = status.get(name)
    return value[:TEXT_MAX_CHARS] if isinstance(value, str) else ""


def _number(status: Mapping[str, object], name: str, most: int = SHOWN_MAX) -> float:
    value = status.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return min(max(value, 0), most)
