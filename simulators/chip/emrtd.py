"""What does a passport's chip answer? An eMRTD application with Basic Access Control. (Doc 9303-10, 9303-11)

Pure: commands in, responses out. The chip knows its own printed zone, as the personaliser wrote its keys from it, and
answers nothing but challenges before the reader has proved that it knows the zone too.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from icao import tlv
from icao.chip import apdu, bac, secure_messaging
from icao.chip.apdu import Command, Response
from icao.chip.secure_messaging import PROTECTED_CLA, Session
from icao.mrz.zone import bac_key_information, parse
from icao.tlv import Garbled
from simulators.chip.secrets import NO_SECRETS, ChipSecrets

APPLICATION: Final = bytes.fromhex("a0000002471001")
FILES: Final = {0x01: "DG1", 0x02: "DG2", 0x0E: "DG14", 0x0F: "DG15", 0x1D: "SOD", 0x1E: "COM"}  # by short identifier
GET_DATA: Final = 0xCA
OFFSET, DISCRETIONARY = 0x54, 0x53  # data objects of READ BINARY with an odd instruction
UID: Final = bytes.fromhex("08a1b2c3")  # 08: random, as passports have it
# The keys are made of digits, never of years: any day serves to read the chip's own zone.
ANY_DAY: Final = date(2000, 1, 1)


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
        self._keys = bac.access_keys(bac_key_information(parse(tuple(mrz), ANY_DAY)))
        self.reset()

    def reset(self) -> None:
        """The field went: application, file, challenge and session are forgotten."""
        self._selected = False
        self._file: str | None = None
        self._challenge: bytes | None = None
        self._session: Session | None = None

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
            return self._protect(self._session, self._obey(plain, allowed=True), plain.ins)
        self._session = None  # a command in clear ends the session
        return self._obey(apdu.parse_command(command), allowed=False).encode()

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped, self._session = secure_messaging.wrap_response(session, response, ins)
        return wrapped

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        match command.ins:
            case apdu.SELECT:
                return self._select(command, allowed=allowed)
            case apdu.GET_CHALLENGE if self._selected:
                self._challenge = self._chance(bac.CHALLENGE_BYTES)
                return Response(self._challenge, apdu.OK)
            case apdu.EXTERNAL_AUTHENTICATE if self._selected:
                return self._authenticate(command)
            case apdu.READ_BINARY | apdu.READ_BINARY_ODD:
                return self._read_binary(command) if allowed else Response(b"", apdu.SECURITY_STATUS_NOT_SATISFIED)
            case _:
                return Response(b"", apdu.INSTRUCTION_NOT_SUPPORTED)

    def _select(self, command: Command, *, allowed: bool) -> Response:
        match command.p1:
            case 0x04:  # by name
                self._selected = command.data == APPLICATION
                self._file = None
                return Response(b"", apdu.OK if self._selected else apdu.FILE_NOT_FOUND)
            case 0x02 if self._selected and not allowed:
                return Response(b"", apdu.SECURITY_STATUS_NOT_SATISFIED)
            case 0x02 if self._selected and len(command.data) == 2 and command.data[0] == 0x01:
                self._file = self._known(command.data[1])
                return Response(b"", apdu.OK if self._file else apdu.FILE_NOT_FOUND)
            case _:
                return Response(b"", apdu.FILE_NOT_FOUND)

    def _known(self, short_id: int) -> str | None:
        name = FILES.get(short_id)
        return name if name in self._files else None

    def _authenticate(self, command: Command) -> Response:
        challenge, self._challenge = self._challenge, None  # once: a recorded token proves nothing
        if challenge is None:
            return Response(b"", apdu.CONDITIONS_NOT_SATISFIED)
        try:
            nonces = bac.Nonces(challenge, self._chance(bac.KEY_BYTES))
            token, self._session = bac.accept_reader(self._keys, nonces, command.data)
        except bac.AccessDenied:
            return Response(b"", apdu.AUTHENTICATION_FAILED)
        return Response(token, apdu.OK)

    def _read_binary(self, command: Command) -> Response:
        odd = command.ins == apdu.READ_BINARY_ODD
        if odd:
            self._file = self._known(command.p2) if command.p2 else self._file
            offset = int.from_bytes(tlv.read_one(command.data, OFFSET), "big")
        elif command.p1 & 0x80:
            self._file, offset = self._known(command.p1 & 0x1F), command.p2
        else:
            offset = command.p1 << 8 | command.p2
        if self._file is None:
            return Response(b"", apdu.FILE_NOT_FOUND)
        response = self._read(self._file, offset, command.le)
        return Response(tlv.write(DISCRETIONARY, response.data), response.status) if odd else response

    def _read(self, name: str, offset: int, le: int) -> Response:
        content = self._files[name]
        if offset >= len(content):
            return Response(b"", apdu.OFFSET_OUTSIDE)
        piece = content[offset : offset + le]
        asked_for_all = le in (apdu.SHORT_LE_BYTES, apdu.EXTENDED_LE_BYTES)
        return Response(piece, apdu.OK if asked_for_all or len(piece) == le else apdu.END_OF_FILE)
