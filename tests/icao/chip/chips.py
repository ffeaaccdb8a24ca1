"""A chip that speaks the protocol as a test wants it: honest, but for one rule."""

from collections.abc import Callable
from datetime import date

from icao import tlv
from icao.chip import bac
from icao.chip.apdu import Command, Response, parse_command
from icao.chip.secure_messaging import Session, unwrap_command, wrap_response
from icao.lds.files import EF_COM, EF_DG1, EF_DG2, EF_SOD
from icao.mrz.compose import compose_td3
from icao.mrz.zone import bac_key_information, parse

LINES = compose_td3(
    issuing_state="UTO",
    document_number="L898902C3",
    surname="Eriksson",
    given_names="Anna Maria",
    nationality="UTO",
    birth_date="1974-08-12",
    sex="F",
    expiry_date="2032-04-15",
)
MRZ = parse(LINES, date(2026, 11, 24))
FILES = {
    "COM": tlv.write(EF_COM.tag, bytes(20)),
    "SOD": tlv.write(EF_SOD.tag, bytes(1900)),
    "DG1": tlv.write(EF_DG1.tag, tlv.write(0x5F1F, "".join(LINES).encode())),
    "DG2": tlv.write(EF_DG2.tag, bytes(range(256)) * 58),
}
NAMES = {0x1E: "COM", 0x1D: "SOD", 0x01: "DG1", 0x02: "DG2"}

Rule = Callable[[Command], Response | bytes | None]


class Chip:
    """An honest chip, but for one rule: what it makes of a command that it has understood. None: be honest.

    A Response goes out protected, bytes go out as they are and end the session.
    """

    def __init__(
        self, files: dict[str, bytes] = FILES, rule: Rule = lambda command: None, short_ids: bool = True
    ) -> None:
        self.files, self.rule, self.short_ids = files, rule, short_ids
        self.session: Session | None = None
        self.current = ""
        self.heard: list[Command] = []

    def __call__(self, apdu: bytes) -> bytes:
        if self.session is None or apdu[0] != 0x0C:
            return self.clear(parse_command(apdu))
        command, session = unwrap_command(self.session, apdu)
        self.heard.append(command)
        answer = self.rule(command) or self.obey(command)
        if isinstance(answer, bytes):
            self.session = None
            return answer
        protected, self.session = wrap_response(session, answer, command.ins)
        return protected

    def clear(self, command: Command) -> bytes:
        self.heard.append(command)
        self.session = None
        if (answer := self.rule(command)) is not None:
            return answer if isinstance(answer, bytes) else answer.encode()
        if command.ins == 0xB0:
            return b"\x6a\x82"  # an old chip: there is no EF.CardAccess
        if command.ins == 0x84:
            return bytes(8) + b"\x90\x00"
        if command.ins == 0x82:
            keys = bac.access_keys(bac_key_information(MRZ))
            try:
                token, self.session = bac.accept_reader(keys, bac.Nonces(bytes(8), bytes(16)), command.data)
            except bac.AccessDenied:
                return b"\x63\x00"
            return token + b"\x90\x00"
        return b"\x90\x00"

    def obey(self, command: Command) -> Response:
        if command.ins == 0xA4:
            return self.choose(command.data[1])
        if command.ins == 0xB1:
            offset = int.from_bytes(tlv.read_one(command.data, 0x54), "big")
            return Response(tlv.write(0x53, self.files[self.current][offset : offset + command.le - 6]), 0x9000)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            chosen = self.choose(command.p1 & 0x1F) if self.short_ids else Response(b"", 0x6A86)
            if not chosen.ok:
                return chosen
            offset = command.p2
        content = self.files[self.current][offset : offset + command.le]
        return Response(content, 0x9000 if len(content) == command.le else 0x6282)

    def choose(self, short_id: int) -> Response:
        self.current = NAMES[short_id]
        return Response(b"", 0x9000 if self.current in self.files else 0x6A82)
