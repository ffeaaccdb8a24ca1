"""How is a passport's chip read? A straight line: select, open, read each file. (Doc 9303-10, 3.6; Doc 9303-11, 4)

``read_chip`` waits only in ``transceive`` and trusts nothing that comes back: every size, count and status
is bounded before it is used. The reader's key is tried once: chips slow down after each wrong one.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from icao.checks import Check, Result
from icao.chip import apdu, bac
from icao.chip.apdu import Command, Response, Silent, Transceive
from icao.chip.bac import AccessDenied
from icao.chip.secure_messaging import NotProtected, Session, unwrap_response, wrap_command
from icao.lds.files import APPLICATION_ID, EF_COM, EF_DG1, EF_SOD, ElementaryFile, data_group
from icao.mrz.zone import Mrz, bac_key_information
from icao.tlv import Garbled, read_header, read_one, write

__all__ = ["AccessDenied", "ChipContents", "Garbled", "Silent", "read_chip"]

# One table of limits. A hostile chip sends an endless file, or one byte at a time.
MAX_FILE_BYTES: Final = 256 * 1024
MAX_WIRE_BYTES: Final = 1024 * 1024
MAX_COMMANDS: Final = 3000
MIN_PROGRESS_BYTES: Final = 16  # what a block brings at least, when the file does not end with it

# What is asked for at once. 231 bytes are the most that fit, protected, into a short answer of 256.
BLOCKS_BYTES: Final = (4096, 231, 160, 112)
HEADER_BYTES: Final = 8  # holds the tag and the length of any file
LAST_SHORT_OFFSET: Final = 0x7FFF  # Doc 9303-10, 3.6.3.2: beyond it the odd instruction carries the offset
TAG_OFFSET: Final = 0x54
TAG_DISCRETIONARY_DATA: Final = 0x53
WRAPPING_BYTES: Final = 6  # tag and length around the data of the odd instruction

# What a file holds before it is known, so that the progress shown is roughly true.
EXPECTED_BYTES: Final = {"COM": 30, "DG1": 95, "SOD": 2_000, "DG2": 16_000}
EXPECTED_OTHER_BYTES: Final = 1_000


@dataclass(frozen=True, slots=True, repr=False)
class ChipContents:
    """Files by name (COM, SOD, DG1, ...); one that the chip does not have is left out."""

    files: Mapping[str, bytes]
    access: Check
    commands: int
    wire_bytes: int

    def __repr__(self) -> str:  # No name or portrait in a log.
        return f"ChipContents({', '.join(self.files)})"


def read_chip(
    transceive: Transceive,
    mrz: Mrz,
    wanted: Sequence[int] = (1, 2),
    progress: Callable[[float], None] = lambda share: None,
    *,
    blocks_bytes: Sequence[int] = BLOCKS_BYTES,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> ChipContents:
    """Open the chip with the printed zone and read the wanted data groups, EF.COM and EF.SOD.

    ``progress`` hears shares of 1, rising. Raises AccessDenied (the zone is not this chip's), Garbled, Silent.
    """
    talk = _Talk(transceive, mrz, blocks_bytes, random_bytes)
    talk.open()
    groups = [data_group(number) for number in wanted]
    order = [
        EF_COM,
        *(file for file in groups if file is EF_DG1),
        EF_SOD,
        *(file for file in groups if file is not EF_DG1),
    ]
    gauge = _Gauge(order, progress)
    files = {}
    for file in order:
        content = talk.read_file(file, gauge)
        if content is not None:
            files[file.name] = content
    progress(1.0)
    access = Check("access", Result.SUCCESSFUL, detail="The chip was opened by Basic Access Control.")
    return ChipContents(files, access, talk.commands, talk.wire_bytes)


class _Gauge:
    """How much of the reading is done, by bytes; never goes back."""

    def __init__(self, files: Sequence[ElementaryFile], progress: Callable[[float], None]) -> None:
        self._sizes = {file.name: EXPECTED_BYTES.get(file.name, EXPECTED_OTHER_BYTES) for file in files}
        self._done = dict.fromkeys(self._sizes, 0)
        self._progress = progress
        self._shown = 0.0

    def tell(self, file: ElementaryFile, done: int, size: int) -> None:
        self._done[file.name], self._sizes[file.name] = done, size
        self._shown = max(self._shown, sum(self._done.values()) / sum(self._sizes.values()))
        self._progress(self._shown)


class _Talk:
    """One conversation with one chip: its session, its block size, and what it may still cost."""

    def __init__(
        self, transceive: Transceive, mrz: Mrz, blocks_bytes: Sequence[int], random_bytes: Callable[[int], bytes]
    ) -> None:
        self._transceive = transceive
        self._keys = bac.access_keys(bac_key_information(mrz))
        self._blocks_bytes = list(blocks_bytes)
        self._random_bytes = random_bytes
        self._session: Session  # open() makes it, and nothing is asked before
        self.commands = 0
        self.wire_bytes = 0

    def open(self) -> None:
        """Select the application and prove to each other that both know the zone."""
        selected = self._clear(Command(0x00, apdu.SELECT, 0x04, 0x0C, APPLICATION_ID))
        if not selected.ok:
            raise Garbled(f"the chip answered {selected.status:04X} to the selection of the passport application")
        challenge = self._clear(Command(0x00, apdu.GET_CHALLENGE, le=bac.CHALLENGE_BYTES))
        if not challenge.ok or len(challenge.data) != bac.CHALLENGE_BYTES:
            raise AccessDenied(f"the chip answered {challenge.status:04X} to a request for Basic Access Control")
        reader = bac.Nonces(self._random_bytes(bac.CHALLENGE_BYTES), self._random_bytes(bac.KEY_BYTES))
        token = bac.reader_token(self._keys, reader, challenge.data)
        answer = self._clear(Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=token, le=bac.TOKEN_BYTES))
        if not answer.ok:
            raise AccessDenied(f"the chip answered {answer.status:04X}: the printed zone does not open it")
        self._session = bac.accept_chip(self._keys, reader, challenge.data, answer.data)

    def read_file(self, file: ElementaryFile, gauge: _Gauge) -> bytes | None:
        """The whole file, or None when the chip has none of that name."""
        first = self._first_block(file)
        if first is None:
            return None
        tag, length, body = read_header(first)
        size = body + length
        if tag != file.tag:
            raise Garbled(f"EF.{file.name} begins with {tag:X} instead of {file.tag:X}")
        if size > MAX_FILE_BYTES:
            raise Garbled(f"EF.{file.name} claims {size} bytes, and {MAX_FILE_BYTES} is the most that is read")
        content = first[:size]
        gauge.tell(file, len(content), size)
        while len(content) < size:
            content += self._block(file, len(content), size - len(content))
            gauge.tell(file, len(content), size)
        return content

    def _first_block(self, file: ElementaryFile) -> bytes | None:
        """By short file id, which saves a command; old chips know only SELECT."""
        response = self._ask_in_blocks(
            file, lambda most: Command(0x00, apdu.READ_BINARY, 0x80 | file.short_id, 0, le=most), reselect=False
        )
        if response.status == apdu.FILE_NOT_FOUND:
            return None
        if response.status in (apdu.OK, apdu.END_OF_FILE) and response.data:
            return response.data
        if not self._select(file):
            return None
        return self._data(file, self._ask(Command(0x00, apdu.READ_BINARY, 0, 0, le=HEADER_BYTES)), HEADER_BYTES)

    def _block(self, file: ElementaryFile, offset: int, missing: int) -> bytes:
        """What follows at ``offset``, as much as the chip gives at once, and no more than is missing."""
        if offset <= LAST_SHORT_OFFSET:
            p1, p2 = divmod(offset, 256)
            response = self._ask_in_blocks(
                file, lambda most: Command(0x00, apdu.READ_BINARY, p1, p2, le=min(most, missing))
            )
            return self._data(file, response, missing)
        where = write(TAG_OFFSET, offset.to_bytes(3 if offset > 0xFFFF else 2, "big"))
        response = self._ask_in_blocks(
            file,
            lambda most: Command(
                0x00, apdu.READ_BINARY_ODD, 0, 0, where, le=min(most, missing + WRAPPING_BYTES), extended=most > 256
            ),
        )
        found = self._data(file, response, missing + WRAPPING_BYTES)
        return self._enough(file, read_one(found, TAG_DISCRETIONARY_DATA), missing)

    def _data(self, file: ElementaryFile, response: Response, most: int) -> bytes:
        if response.status not in (apdu.OK, apdu.END_OF_FILE):
            raise Garbled(f"the chip answered {response.status:04X} in the middle of EF.{file.name}")
        return self._enough(file, response.data, most)

    def _enough(self, file: ElementaryFile, data: bytes, most: int) -> bytes:
        """One byte at a time, or more than was asked for, is a chip that wants to keep us busy."""
        if len(data) > most or len(data) < min(most, MIN_PROGRESS_BYTES):
            raise Garbled(f"the chip sent {len(data)} bytes of EF.{file.name} where {most} were missing")
        return data

    def _ask_in_blocks(
        self, file: ElementaryFile, command: Callable[[int], Command], *, reselect: bool = True
    ) -> Response:
        """Ask with the block size in force; when the chip cannot do it, with the next smaller one, for good."""
        while True:
            last_size = len(self._blocks_bytes) == 1
            try:
                response = self._ask(command(self._blocks_bytes[0]))
            except NotProtected:
                # Some chips answer a length they do not like in clear, and the session is gone with it.
                if last_size:
                    raise
                self.open()
                if reselect and not self._select(file):
                    raise Garbled(f"EF.{file.name} was there and is no more") from None
            else:
                refused = response.status == apdu.WRONG_LENGTH or (
                    response.status == apdu.END_OF_FILE and not response.data
                )
                if last_size or not refused:
                    return response
            del self._blocks_bytes[0]

    def _select(self, file: ElementaryFile) -> bool:
        """False when the chip has no such file."""
        response = self._ask(Command(0x00, apdu.SELECT, 0x02, 0x0C, file.id_bytes))
        if response.status == apdu.FILE_NOT_FOUND:
            return False
        if not response.ok:
            raise Garbled(f"the chip answered {response.status:04X} to the selection of EF.{file.name}")
        return True

    def _ask(self, command: Command) -> Response:
        """Under secure messaging, always."""
        protected, session = wrap_command(self._session, command)
        response, self._session = unwrap_response(session, self._send(protected))
        return response

    def _clear(self, command: Command) -> Response:
        return apdu.exchange(self._send, command)

    def _send(self, command: bytes) -> bytes:
        self.commands += 1
        self.wire_bytes += len(command)
        if self.commands > MAX_COMMANDS or self.wire_bytes > MAX_WIRE_BYTES:
            raise Garbled("the chip keeps us busy beyond every limit")
        response = self._transceive(command)
        self.wire_bytes += len(response)
        return response
