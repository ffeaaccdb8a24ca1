"""What the pages ask of the lane. ``edge.lane`` answers; nothing here knows a gate or a driver."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from edge.gate.events import Reason
from web.hosts import LOCAL_HOSTS


class Sign(StrEnum):
    """What the traveller is shown (docs/contract.md, 5)."""

    CLOSED = "closed"
    READY = "ready"
    READING = "reading"
    PUT_BACK = "put-back"
    CHECKING = "checking"
    TAKE_DOCUMENT = "take-document"
    ENTER = "enter"
    LOOK = "look"
    GO = "go"
    OFFICER = "officer"
    EVACUATE = "evacuate"
    STEP_BACK = "step-back"
    STALE = "stale"  # drawn by the page itself when the lane has fallen silent; a lane never sends it


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture for the traveller. It holds nothing about the person.

    ``hint`` is kebab-case or empty (nobody, several, too-dark, blurred, too-far, look-straight, document-left,
    walk-on); a referral shows none but take-document, so that all look the same. ``since_ms`` says how long the screen
    has stood, ``countdown_s`` what is left of a time limit that the traveller should see.
    """

    screen: Sign
    hint: str = ""
    visit: int = 0
    since_ms: int = 0
    lane: str = ""
    countdown_s: float | None = None


class Display(Protocol):
    """What the traveller's display shows, and proof that it does."""

    def current(self) -> Screen: ...

    async def wait(self, last: int) -> int:
        """Return the change counter (>= 0) as soon as it differs from ``last``; ``wait(-1)`` returns at once."""

    def drawn(self, seq: int) -> None:
        """A display has painted change ``seq``. Said again every two seconds while that picture stands."""


@dataclass(frozen=True, slots=True)
class DeskView:
    """What the officer of this lane sees. ``link`` is one word (online, offline); ``alarms`` hold contract codes."""

    state: str
    visit: int = 0
    reasons: tuple[Reason, ...] = ()
    called: bool = False
    since_s: float = 0.0
    link: str = "offline"
    outbox_waiting: int = 0
    alarms: tuple[str, ...] = ()


class OfficerDesk(Protocol):
    """What an officer sees of the lane and may order. Every order is allowed at any time and may be repeated."""

    def current(self) -> DeskView: ...

    async def wait(self, last: int) -> int:
        """As ``Display.wait``; the same counter may serve both."""

    def hold(self) -> None: ...

    def reopen(self) -> None: ...

    def seen(self) -> None:
        """The officer has seen the call: it stops sounding, nothing else changes."""


LaneApi = Callable[[], Awaitable[Mapping[str, object]]]  # the body of GET /api/v1/lane, without a person in it


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the composition root decides about the pages. The key never shows in a repr."""

    officer_key: str = field(repr=False)
    post: str
    lane: str
    languages: tuple[str, ...] = ("en", "fr", "ar")  # fixed order; the first is the post's own
    allowed_hosts: tuple[str, ...] = LOCAL_HOSTS
