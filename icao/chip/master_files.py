"""What does a chip say of itself before it is opened? The files of the master file that anybody may read.

(Doc 9303-10, 3.11; Doc 9303-11, 4.2 step 1) After power on the master file is selected, so that EF.CardAccess costs one
command; chips that see this differently want it selected first, and each in its own way. Old chips have none of these
files, and some keep them shut: absence is an answer. Nobody has signed what stands in them.
"""

from typing import Final

from icao.chip import apdu
from icao.chip.apdu import Command, Response
from icao.chip.conversation import Conversation
from icao.lds.files import MASTER_FILE_ID, ElementaryFile
from icao.tlv import Garbled, read_header

MAX_BYTES: Final = 4096
BLOCK_BYTES: Final = 256
SELECT_MASTER_FILE: Final = (
    Command(0x00, apdu.SELECT, 0x00, 0x0C),
    Command(0x00, apdu.SELECT, 0x00, 0x0C, MASTER_FILE_ID),
    Command(0x00, apdu.SELECT, 0x00, 0x00, MASTER_FILE_ID, le=256),
)


def read_open_file(talk: Conversation, file: ElementaryFile) -> bytes | None:
    """None when there is none, or none that is shown. Under the session when there is one. Raises Garbled, Silent."""
    first = talk.send(_read_short(file))
    if first.status in (apdu.FILE_NOT_FOUND, apdu.SECURITY_STATUS_NOT_SATISFIED):
        return None
    if not _brings(first):
        first = _selected(talk, file)
    return _whole(talk, file, first.data) if _brings(first) else None


def select_master_file(talk: Conversation) -> bool:
    """In one of three ways; False when the chip knows none of them."""
    return any(talk.send(command).ok for command in SELECT_MASTER_FILE)


def _selected(talk: Conversation, file: ElementaryFile) -> Response:
    """The master file by name, and the file in it by its id."""
    if select_master_file(talk):
        response = talk.send(_read_short(file))
        if _brings(response):
            return response
    if talk.send(Command(0x00, apdu.SELECT, 0x02, 0x0C, file.id_bytes)).ok:
        return talk.send(Command(0x00, apdu.READ_BINARY, 0, 0, le=BLOCK_BYTES))
    return Response(b"", apdu.FILE_NOT_FOUND)


def _whole(talk: Conversation, file: ElementaryFile, first: bytes) -> bytes:
    """What the first object says; a file without one around the others ends where the chip says so."""
    if not file.tag:
        return first
    tag, length, body = read_header(first)
    if tag != file.tag or body + length > MAX_BYTES:
        raise Garbled(f"EF.{file.name} is not what its name says, or too long")
    content = first[: body + length]
    while (missing := body + length - len(content)) > 0:
        more = talk.send(Command(0x00, apdu.READ_BINARY, *divmod(len(content), 256), le=min(missing, BLOCK_BYTES)))
        if not _brings(more) or len(more.data) > missing:
            raise Garbled(f"the chip answered {more.status:04X} in the middle of EF.{file.name}")
        content += more.data
    return content


def _read_short(file: ElementaryFile) -> Command:
    return Command(0x00, apdu.READ_BINARY, 0x80 | file.short_id, 0, le=BLOCK_BYTES)


def _brings(response: Response) -> bool:
    return response.status in (apdu.OK, apdu.END_OF_FILE) and bool(response.data)
