"""How is a chip opened? By PACE where it offers that, else by Basic Access Control. (Doc 9303-11, 4.2 to 4.4)

A chip that offers PACE and is opened by BAC all the same has fallen behind, or somebody has made it fall: that is never
done in silence, and only when the caller allows it. No key is tried twice: chips slow down after each wrong one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from icao.checks import Check, Result
from icao.chip import apdu, bac, chip_authentication, pace, pace_choice, terminal_authentication
from icao.chip.apdu import Command
from icao.chip.bac import AccessDenied
from icao.chip.conversation import Conversation
from icao.chip.master_files import read_open_file, select_master_file
from icao.chip.passwords import Password, PasswordKind
from icao.chip.secure_messaging import Session
from icao.lds.files import APPLICATION_ID, EF_CARD_ACCESS, EF_CARD_SECURITY
from icao.lds.security_infos import PaceInfo, SecurityInfo, parse_security_infos
from icao.tlv import Garbled

MAX_PASSWORDS: Final = 3  # the zone as read, and two other readings of what a camera saw
MAX_REOPENINGS: Final = 3  # A19: a chip that loses its session again and again is given up

# What chips answer to a wrong key, beside 63xx. (Doc 9303-11, 4.3.4 and 4.4.4; ISO/IEC 7816-4, 5.6)
WRONG_KEY: Final = (
    apdu.SECURITY_STATUS_NOT_SATISFIED,
    apdu.CONDITIONS_NOT_SATISFIED,
    apdu.SM_OBJECTS_INCORRECT,
    apdu.WRONG_DATA,
)

BAC: Final = "bac"
PACE_TO_BAC: Final = "pace-to-bac"


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """``allow_bac``: where PACE is offered and fails, BAC may follow; the fall stands in the check all the same."""

    allow_bac: bool = False


REFUSE_FALL: Final = AccessPolicy()


class Door:
    """Opens one chip, and opens it again when its session was lost."""

    def __init__(
        self,
        talk: Conversation,
        passwords: Sequence[Password],
        policy: AccessPolicy,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._talk, self._policy, self._random_bytes = talk, policy, random_bytes
        self._passwords = list(dict.fromkeys(passwords))[:MAX_PASSWORDS]  # the same one twice proves nothing
        self._offers: tuple[SecurityInfo, ...] = ()
        self._reopenings = 0
        self.card_access: bytes | None = None
        self.card_security: bytes | None = None  # read where PACE says that the chip proves itself by it
        self.opened: pace.Opened | None = None
        self.protocol = ""
        self.fell = ""  # why PACE, which was offered, was not what opened it

    def open(self) -> None:
        """Ask what the chip offers, and open it. Raises AccessDenied, Garbled, Silent."""
        self.card_access = read_open_file(self._talk, EF_CARD_ACCESS)
        self._offers = offered(self.card_access)
        denied = AccessDenied("there is no password to open it with", "no-password")
        for password in self._passwords:
            try:
                self._open_with(password)
            except AccessDenied as error:
                if error.code != "wrong-key":
                    raise
                denied = error
            else:
                self._passwords = [password]
                return
        raise denied

    def reopen(self) -> None:
        """The session is lost: once more, with the password that is right. Raises as ``open`` does."""
        self._reopenings += 1
        if self._reopenings > MAX_REOPENINGS:
            raise Garbled("the chip loses its session again and again")
        self._talk.restart()
        if self.protocol != BAC:
            select_master_file(self._talk)
        self._open_with(self._passwords[0])

    @property
    def chip_id(self) -> bytes:
        """As terminal authentication names the chip. (TR-03110-1, 3.5)"""
        if self.opened is None:
            return terminal_authentication.id_after_bac(self._passwords[0].secret)
        return chip_authentication.compress(self.opened.choice.group, self.opened.chip_key)

    def check(self) -> Check:
        """What opened the chip. (A03: whether it hid PACE is known when DG14 is, see ``downgrade``.)"""
        detail = f"The chip was opened by {self.protocol.upper()}."
        if not self.fell:
            return Check("access", Result.SUCCESSFUL, detail=detail)
        return Check("access", Result.SUCCESSFUL, detail=f"{detail} It offers PACE, and {self.fell}.", code=PACE_TO_BAC)

    def _open_with(self, password: Password) -> None:
        if any(isinstance(info, PaceInfo) for info in self._offers) and self._opened_by_pace(password):
            return
        if password.kind is not PasswordKind.MRZ:
            raise AccessDenied("the chip does not offer PACE, and a card access number opens nothing else", "no-pace")
        select_application(self._talk)
        self._talk.protect(open_by_bac(self._talk, password.secret, self._random_bytes))
        self.protocol = BAC

    def _opened_by_pace(self, password: Password) -> bool:
        """False when it cannot be, and the policy allows to fall back. A wrong password is no reason to fall."""
        choice = pace_choice.choose(self._offers)
        if choice is None:
            return self._fall("nothing of what it offers is known here")
        try:
            session, self.opened = pace.open_by_pace(self._talk.send, choice, password, self._random_bytes)
        except AccessDenied as error:
            if error.code == "wrong-key":
                raise
            return self._fall(str(error))
        except Garbled as error:
            return self._fall(str(error))
        self._talk.protect(session)
        self.protocol = choice.name
        if choice.proves_chip:
            self.card_security = read_open_file(self._talk, EF_CARD_SECURITY)
        select_application(self._talk)
        return True

    def _fall(self, why: str) -> bool:
        # A03: whoever can make PACE fail would read the rest over the weaker protocol.
        if not self._policy.allow_bac:
            raise AccessDenied(f"the chip offers PACE, and {why}", PACE_TO_BAC)
        self.fell = why
        self._talk.restart()
        return False


def open_by_bac(talk: Conversation, key_information: str, random_bytes: Callable[[int], bytes]) -> Session:
    """The application is selected. (Doc 9303-11, 4.3.4) Raises AccessDenied, Garbled, Silent."""
    keys = bac.access_keys(key_information)
    challenge = talk.send(Command(0x00, apdu.GET_CHALLENGE, le=bac.CHALLENGE_BYTES))
    if not challenge.ok or len(challenge.data) != bac.CHALLENGE_BYTES:
        raise AccessDenied(f"the chip answered {challenge.status:04X} to a request for Basic Access Control", "no-bac")
    reader = bac.Nonces(random_bytes(bac.CHALLENGE_BYTES), random_bytes(bac.KEY_BYTES))
    token = bac.reader_token(keys, reader, challenge.data)
    # Le as in the standard's example: some chips refuse the 00 that others would take. (Doc 9303-11, D.3)
    answer = talk.send(Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=token, le=bac.TOKEN_BYTES))
    if answer.status in WRONG_KEY or answer.status & 0xFF00 == apdu.AUTHENTICATION_FAILED:
        raise AccessDenied(f"the chip answered {answer.status:04X}: the printed zone does not open it")
    if not answer.ok:
        raise Garbled(f"the chip answered {answer.status:04X} in the middle of Basic Access Control")
    return bac.accept_chip(keys, reader, challenge.data, answer.data)


def select_application(talk: Conversation) -> None:
    """Raises Garbled when the card is no passport."""
    # No Le: some chips refuse the whole command for a stray one.
    selected = talk.send(Command(0x00, apdu.SELECT, 0x04, 0x0C, APPLICATION_ID))
    if not selected.ok:
        raise Garbled(f"the chip answered {selected.status:04X} to the selection of the passport application")


def offered(card_access: bytes | None) -> tuple[SecurityInfo, ...]:
    """What stands in EF.CardAccess. Nobody signed it, so garbage there is as good as nothing."""
    try:
        return parse_security_infos(card_access) if card_access else ()
    except Garbled:
        return ()
