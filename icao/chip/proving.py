"""When does a chip prove that it is no copy, and what when it fails? While it is read, and the reading goes on.

(Doc 9303-11, 6) A proof that fails breaks the session of some chips: then the chip is opened again, so that an officer
sees what stands in a forged document too.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from icao.checks import Check, Result
from icao.chip import active_authentication
from icao.chip.conversation import Conversation
from icao.lds.security_infos import SecurityInfo, parse_dg14
from icao.tlv import Garbled

T = TypeVar("T")


class Proving:
    """``checks`` are what the chip did; ``commands`` what they cost beside the reading."""

    def __init__(self, talk: Conversation, reopen: Callable[[], None], random_bytes: Callable[[int], bytes]) -> None:
        self._talk, self._reopen, self._random_bytes = talk, reopen, random_bytes
        self.checks: list[Check] = []
        self.commands = 0

    def by_chip_authentication(self, dg14: bytes) -> None:
        """Raises Silent, and Garbled when the chip cannot be opened again."""

    def by_active_authentication(self, dg15: bytes, dg14: bytes | None) -> None:
        """Raises as above."""
        before = self._talk.commands
        try:
            check = self.proven(
                lambda: active_authentication.run(self._talk.send, dg15, _infos(dg14), self._random_bytes)
            )
        except Garbled as error:
            check = Check("aa", Result.FAILED, detail=f"The chip broke off: {error}.", code="aa-broken-off")
        self.commands += self._talk.commands - before
        self.checks.append(check)
        self._mend()

    def proven(self, step: Callable[[], T]) -> T:
        return step()

    def _mend(self) -> None:
        if not self._talk.alive:
            self._reopen()


def _infos(dg14: bytes | None) -> Sequence[SecurityInfo]:
    try:
        return parse_dg14(dg14) if dg14 else ()
    except Garbled:
        return ()
