"""When does a chip prove that it is no copy, and what when it fails? While it is read, and the reading goes on.

(Doc 9303-11, 6) A proof that fails breaks the session of some chips: then the chip is opened again, so that an officer
sees what stands in a forged document too. What is found here is bound to nothing yet (``icao.chip.genuineness``).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from icao.checks import Check, Mode, Result
from icao.chip import active_authentication, apdu, chip_authentication, terminal_authentication
from icao.chip.apdu import Command
from icao.chip.conversation import Conversation
from icao.chip.terminal_authentication import Terminal
from icao.lds.files import EF_CVCA, EF_SOD
from icao.lds.security_infos import SecurityInfo, parse_dg14
from icao.pki.keys import NotSupported
from icao.tlv import Garbled

T = TypeVar("T")


class Proving:
    """``checks`` are what the chip did; ``commands`` what they cost beside the reading."""

    def __init__(self, talk: Conversation, reopen: Callable[[], None], random_bytes: Callable[[int], bytes]) -> None:
        self._talk, self._reopen, self._random_bytes = talk, reopen, random_bytes
        self._pending: chip_authentication.Prepared | None = None
        self._agreed: chip_authentication.Prepared | None = None  # proved: terminal authentication builds on it
        self.checks: list[Check] = []
        self.commands = 0

    def by_chip_authentication(self, dg14: bytes) -> None:
        """Nothing when DG14 announces none. Raises Silent, and Garbled when the chip cannot be opened again."""
        try:
            choice = chip_authentication.choose(parse_dg14(dg14))
            if choice is None:
                return
            prepared = chip_authentication.prepare(choice, self._random_bytes)
        except Garbled as error:
            self.checks.append(chip_authentication.unreadable(error))
        except NotSupported as error:
            self.checks.append(chip_authentication.failed(error))
        else:
            self._run(prepared)

    def _run(self, prepared: chip_authentication.Prepared) -> None:
        before = self._talk.commands
        try:
            session = chip_authentication.run(self._talk.send, prepared)
        except (chip_authentication.Refused, Garbled) as error:
            self.checks.append(chip_authentication.failed(error))
        else:
            self._talk.protect(session)
            self._pending = prepared
        self.commands += self._talk.commands - before
        self._mend()

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

    def by_terminal_authentication(self, terminal: Terminal, chip_id: bytes) -> bool:
        """Whether the chip lets us read more. Only after chip authentication. Raises as above."""
        before = self._talk.commands
        try:
            known = self.proven(self._authorities)
            if self._agreed is None:
                return False
            check = terminal_authentication.run(self._talk.send, terminal, known, chip_id, self._agreed.compressed)
        except Garbled as error:
            detail = f"The chip broke off: {error}."
            check = Check("ta", Result.FAILED, Mode.OPTIONAL, detail, code="ta-broken-off")
        self.commands += self._talk.commands - before
        self.checks.append(check)
        self._mend()
        return check.result is Result.SUCCESSFUL

    def _authorities(self) -> tuple[str, ...]:
        content = self._talk.send(Command(0x00, apdu.READ_BINARY, 0x80 | EF_CVCA.short_id, 0, le=apdu.SHORT_LE_BYTES))
        return terminal_authentication.authorities(content.data) if content.data else ()

    def proven(self, step: Callable[[], T]) -> T:
        """The step, which is the first in the session of chip authentication when that was run just before."""
        prepared, self._pending = self._pending, None
        if prepared is None:
            return step()
        session = self._talk.sessions
        try:
            result = step()
        except Garbled as error:
            self.checks.append(chip_authentication.failed(error))
            self._mend()
            return step()
        # A chip that lost the session in the step, and was opened anew, has proved nothing.
        same = self._talk.sessions == session
        lost = Garbled("it fell out of it")
        self.checks.append(chip_authentication.proven(prepared) if same else chip_authentication.failed(lost))
        self._agreed = prepared if same else None
        return result

    def settle(self) -> None:
        """When nothing follows chip authentication that could prove it."""
        if self._pending is not None:
            self.proven(lambda: self._talk.send(Command(0x00, apdu.SELECT, 0x02, 0x0C, EF_SOD.id_bytes)))

    def _mend(self) -> None:
        if not self._talk.alive:
            self._reopen()


def _infos(dg14: bytes | None) -> Sequence[SecurityInfo]:
    try:
        return parse_dg14(dg14) if dg14 else ()
    except Garbled:
        return ()
