"""What does a passport's chip answer? The master file, and the eMRTD application in it. (Doc 9303-10, 9303-11)

Pure: commands in, responses out. What it can do follows from its files and secrets. Before the reader has proved that
it knows the document, it answers what the reader needs for that proof and nothing else.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from icao import tlv
from icao.chip import apdu, bac, chip_authentication, pace_steps, secure_messaging, terminal_authentication
from icao.chip.apdu import Command, Response
from icao.chip.passwords import PasswordKind, of_can, of_zone
from icao.chip.secure_messaging import PROTECTED_CLA, Session
from icao.lds.files import APPLICATION_ID
from icao.mrz.zone import parse
from icao.tlv import Garbled
from simulators.chip import pace
from simulators.chip.folders import EXTENDED_FILES, MASTER_NAMES, OPEN_FILES, Folders
from simulators.chip.proofs import Proofs
from simulators.chip.secrets import NO_SECRETS, ChipSecrets

GET_DATA: Final = 0xCA
OFFSET, DISCRETIONARY = 0x54, 0x53  # data objects of READ BINARY with an odd instruction
UID: Final = bytes.fromhex("08a1b2c3")  # 08: random, as passports have it
# The keys are made of digits, never of years: any day serves to read the chip's own zone.
ANY_DAY: Final = date(2000, 1, 1)

Obey = Callable[[Command], Response]


class EmrtdChip:
    """A passport's chip with these files and secrets. ``chance`` gives its challenges and keys."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        mrz: Sequence[str],
        chance: Callable[[int], bytes] = os.urandom,
        secrets: ChipSecrets = NO_SECRETS,
    ) -> None:
        self._files, self._chance, self._secrets = dict(files), chance, secrets
        zone = of_zone(parse(tuple(mrz), ANY_DAY))
        self._keys = bac.access_keys(zone.secret)
        self._passwords = {PasswordKind.MRZ: zone}
        if secrets.can:
            self._passwords[PasswordKind.CAN] = of_can(secrets.can)
        self._folders = Folders(self._files)
        self._proofs = Proofs(self._files, secrets, chance, terminal_authentication.id_after_bac(zone.secret))
        self.reset()

    def reset(self) -> None:
        """The field went: application, file, challenge and session are forgotten."""
        self._folders.enter_master()
        self._challenge: bytes | None = None
        self._session: Session | None = None
        self._opened: Session | None = None  # takes over once the answer that opens it has gone out
        self._general: Obey | None = None  # the mechanism that GENERAL AUTHENTICATE goes on with
        self._proofs.reset()

    def answer(self, command: bytes) -> bytes:
        try:
            return self._answer(command)
        except Garbled:
            self._session = None
            return Response(b"", apdu.SM_OBJECTS_INCORRECT).encode()

    def _answer(self, command: bytes) -> bytes:
        if command[:2] == bytes((0xFF, GET_DATA)):  # asked of the reader; with vpcd it comes to us
            return Response(UID, apdu.OK).encode()
        if self._session is not None and command and command[0] & PROTECTED_CLA == PROTECTED_CLA:
            plain, self._session = secure_messaging.unwrap_command(self._session, command)
            response = self._protect(self._session, self._obey(plain, allowed=True), plain.ins)
        else:
            self._session = None  # a command in clear ends the session
            response = self._obey(apdu.parse_command(command), allowed=False).encode()
        if (opened := self._opened or self._proofs.session) is not None:
            self._session, self._opened, self._proofs.session = opened, None, None
        return response

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped, self._session = secure_messaging.wrap_response(session, response, ins)
        return wrapped

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        match command.ins:
            case apdu.SELECT:
                return self._select(command, allowed=allowed)
            case apdu.GET_CHALLENGE if self._folders.in_application:
                self._challenge = self._chance(bac.CHALLENGE_BYTES)
                return Response(self._challenge, apdu.OK)
            case apdu.EXTERNAL_AUTHENTICATE if allowed and self._proofs.knows_terminal:
                challenge, self._challenge = self._challenge, None
                return self._proofs.external_authenticate(command, challenge)
            case apdu.EXTERNAL_AUTHENTICATE if self._folders.in_application:
                return self._authenticate(command)
            case apdu.INTERNAL_AUTHENTICATE if allowed and self._folders.in_application:
                return self._proofs.internal_authenticate(command)
            case apdu.PERFORM_SECURITY_OPERATION if allowed:
                return self._proofs.verify_certificate(command)
            case apdu.READ_BINARY | apdu.READ_BINARY_ODD:
                return self._read_binary(command, allowed=allowed)
            case apdu.MANAGE_SECURITY_ENVIRONMENT:
                return self._set_environment(command, allowed=allowed)
            case apdu.GENERAL_AUTHENTICATE if self._general is not None:
                return self._general(command)
            case _:
                return Response(b"", apdu.INSTRUCTION_NOT_SUPPORTED)

    def _select(self, command: Command, *, allowed: bool) -> Response:
        match command.p1:
            case 0x00 if command.data in MASTER_NAMES:
                self._folders.enter_master()
                return Response(b"", apdu.OK)
            case 0x02:  # a file of this folder
                name = self._folders.select(command.data)
                return Response(b"", self._permission(name, allowed=allowed))
            case 0x04 if command.data == APPLICATION_ID:  # by name
                if not allowed and not self._secrets.bac:
                    return Response(b"", apdu.SECURITY_STATUS_NOT_SATISFIED)
                self._folders.enter_application()
                return Response(b"", apdu.OK)
            case _:
                return Response(b"", apdu.FILE_NOT_FOUND)

    def _permission(self, name: str | None, *, allowed: bool) -> int:
        """The status of a wish to select or read this file."""
        if name in OPEN_FILES:
            return apdu.OK
        if name in EXTENDED_FILES and name not in self._proofs.granted:
            return apdu.SECURITY_STATUS_NOT_SATISFIED
        # What there is in the application is nobody's business who does not know the document.
        if not allowed and (self._folders.in_application or name):
            return apdu.SECURITY_STATUS_NOT_SATISFIED
        return apdu.OK if name else apdu.FILE_NOT_FOUND

    def _authenticate(self, command: Command) -> Response:
        challenge, self._challenge = self._challenge, None  # once: a recorded token proves nothing
        if challenge is None:
            return Response(b"", apdu.CONDITIONS_NOT_SATISFIED)
        try:
            nonces = bac.Nonces(challenge, self._chance(bac.KEY_BYTES))
            token, self._opened = bac.accept_reader(self._keys, nonces, command.data)
        except bac.AccessDenied:
            return Response(b"", apdu.AUTHENTICATION_FAILED)
        return Response(token, apdu.OK)

    def _set_environment(self, command: Command, *, allowed: bool) -> Response:
        """Which mechanism comes next, and with which key? The two parameters say it. (Doc 9303-11, 4.4.4.1, 6.2.4)"""
        match command.p1, command.p2:
            case pace_steps.SET_PACE if "CardAccess" in self._files and not self._folders.in_application:
                return self._begin_pace(command)
            case _ if not allowed:
                return Response(b"", apdu.SECURITY_STATUS_NOT_SATISFIED)
            case chip_authentication.SET_KAT:
                return self._proofs.set_key_agreement(command)
            case chip_authentication.SET_AT:
                self._general = self._proofs.general_authenticate
                return self._proofs.set_protocol(command)
            case terminal_authentication.SET_DST:
                return self._proofs.set_certificate_holder(command)
            case terminal_authentication.SET_AT:
                return self._proofs.set_terminal(command)
            case _:
                return Response(b"", apdu.INCORRECT_P1_P2)

    def _begin_pace(self, command: Command) -> Response:
        self._general = None
        try:
            run = pace.begin(
                self._files["CardAccess"], self._passwords, self._secrets.chip_mapping, command.data, self._chance
            )
        except (pace.Refused, Garbled) as refused:
            return Response(b"", refused.status if isinstance(refused, pace.Refused) else apdu.WRONG_DATA)
        self._general = lambda step: self._go_on(run, step)
        return Response(b"", apdu.OK)

    def _go_on(self, run: pace.PaceRun, command: Command) -> Response:
        response = run.answer(command)
        if run.session is not None or not response.ok:
            self._opened, self._general = run.session, None
        if run.session is not None:
            self._proofs.chip_id = chip_authentication.compress(run.choice.group, run.public)
        return response

    def _read_binary(self, command: Command, *, allowed: bool) -> Response:
        odd = command.ins == apdu.READ_BINARY_ODD
        if odd:
            name = self._folders.select_short(command.p2) if command.p2 else self._folders.file
            offset = int.from_bytes(tlv.read_one(command.data, OFFSET), "big")
        elif command.p1 & 0x80:
            name, offset = self._folders.select_short(command.p1 & 0x1F), command.p2
        else:
            name, offset = self._folders.file, command.p1 << 8 | command.p2
        permission = self._permission(name, allowed=allowed)
        if permission != apdu.OK or name is None:
            return Response(b"", permission)
        response = self._read(name, offset, command.le)
        return Response(tlv.write(DISCRETIONARY, response.data), response.status) if odd else response

    def _read(self, name: str, offset: int, le: int) -> Response:
        content = self._files[name]
        if offset >= len(content):
            return Response(b"", apdu.OFFSET_OUTSIDE)
        piece = content[offset : offset + le]
        asked_for_all = le in (apdu.SHORT_LE_BYTES, apdu.EXTENDED_LE_BYTES)
        return Response(piece, apdu.OK if asked_for_all or len(piece) == le else apdu.END_OF_FILE)
