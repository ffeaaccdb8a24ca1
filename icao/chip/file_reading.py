"""How is one file read? Its first block says how long it is, and the rest follows. (Doc 9303-10, 3.6.3)

By short file id, which saves a command; old chips know only SELECT. Nothing a chip says of a length is believed beyond
the limits here, and no chip is asked for less than it must give.
"""

from collections.abc import Callable
from typing import Final

from icao.chip import apdu
from icao.chip.apdu import Command, Response
from icao.chip.blocks import Blocks
from icao.chip.conversation import Conversation
from icao.chip.secure_messaging import NotProtected
from icao.lds.files import ElementaryFile
from icao.tlv import Garbled, read_header, read_one, write

# One table of limits (A20, A21): a hostile chip sends an endless file, or one byte at a time.
MAX_FILE_BYTES: Final = 256 * 1024
MIN_PROGRESS_BYTES: Final = 16  # what a block brings at least, when the file does not end with it

HEADER_BYTES: Final = 8  # holds the tag and the length of any file
LAST_SHORT_OFFSET: Final = 0x7FFF  # Doc 9303-10, 3.6.3.2: beyond it the odd instruction carries the offset
TAG_OFFSET: Final = 0x54
TAG_DISCRETIONARY_DATA: Final = 0x53
WRAPPING_BYTES: Final = 6  # tag and length around the data of the odd instruction

UNREADABLE: Final = (apdu.FILE_NOT_FOUND, apdu.SECURITY_STATUS_NOT_SATISFIED)

Tell = Callable[[bytes, int], None]  # what is there of a file, and how long it is


class FileReader:
    """Reads the files of one chip. ``reopen`` opens it again after an unprotected error, or raises."""

    def __init__(self, talk: Conversation, blocks: Blocks, reopen: Callable[[], None]) -> None:
        self._talk, self._blocks, self._reopen = talk, blocks, reopen
        self._exact = False  # a chip that refuses to be asked for more than a file holds

    def read(self, file: ElementaryFile, tell: Tell, begun: bytes = b"") -> bytes | None:
        """The whole file; None when the chip has none of that name, or keeps it from us.

        ``begun`` is what an earlier session has read of it. Raises NotProtected, Garbled, Silent.
        """
        first = begun or self._first_block(file)
        if first is None:
            return None
        size = size_of(file, first)
        content = first[:size]
        tell(content, size)
        if begun and len(content) < size and not self._select(file):
            raise Garbled(f"EF.{file.name} was there and is no more")
        while len(content) < size:
            content += self._block(file, len(content), size - len(content))
            tell(content, size)
        return content

    def _first_block(self, file: ElementaryFile) -> bytes | None:
        """With its header at least."""
        response = self._by_short_id(file)
        if response.status in UNREADABLE:
            return None
        if response.status in (apdu.OK, apdu.END_OF_FILE) and response.data:
            return response.data
        if not self._select(file):
            return None
        response = self._talk.send(Command(0x00, apdu.READ_BINARY, 0, 0, le=HEADER_BYTES))
        if response.status in UNREADABLE:
            return None
        return self._data(file, response, HEADER_BYTES)

    def _by_short_id(self, file: ElementaryFile) -> Response:
        """As much as may be; from a chip that will not be asked for more than there is, only the header."""
        if not self._exact:
            most = self._size()
            try:
                response = self._talk.send(_read_short(file, most))
            except NotProtected as error:
                self._after(error)
            else:
                if not _refuses_length(response):
                    self._blocks.came(len(response.data))
                    return response
            self._exact = True
        return self._talk.send(_read_short(file, HEADER_BYTES))

    def _block(self, file: ElementaryFile, offset: int, missing: int) -> bytes:
        """What follows at ``offset``, as much as the chip gives at once, and no more than is missing."""
        if offset <= LAST_SHORT_OFFSET:
            p1, p2 = divmod(offset, 256)
            response = self._ask(file, lambda most: Command(0x00, apdu.READ_BINARY, p1, p2, le=min(most, missing)))
            data = self._data(file, response, missing)
        else:
            response = self._ask(
                file, lambda most: _read_far(offset, min(most, missing + WRAPPING_BYTES), self._blocks)
            )
            found = self._data(file, response, missing + WRAPPING_BYTES)
            data = self._enough(file, read_one(found, TAG_DISCRETIONARY_DATA), missing)
        self._blocks.came(len(data))
        return data

    def _ask(self, file: ElementaryFile, command: Callable[[int], Command]) -> Response:
        """With the block size in force; when the chip cannot do it, with the next smaller one."""
        while True:
            try:
                response = self._talk.send(command(self._size()))
            except NotProtected as error:
                self._after(error)
                if not self._select(file):
                    raise Garbled(f"EF.{file.name} was there and is no more") from None
            else:
                if not _refuses_length(response) or not self._blocks.refused():
                    return response
            self._exact = False  # so it was the length of a block that it refused, and not the end of a file

    def _after(self, error: NotProtected) -> None:
        """Some chips answer a length they do not like in clear, and the session is gone with it."""
        # A16: whatever comes in clear and is no bare error is somebody who wants to be believed without a MAC.
        if error.status == apdu.OK or error.data_bytes or not self._blocks.refused():
            raise error
        self._reopen()

    def _select(self, file: ElementaryFile) -> bool:
        """False when the chip has no such file, or keeps it from us."""
        response = self._talk.send(Command(0x00, apdu.SELECT, 0x02, 0x0C, file.id_bytes))
        if response.status in UNREADABLE:
            return False
        if not response.ok:
            raise Garbled(f"the chip answered {response.status:04X} to the selection of EF.{file.name}")
        return True

    def _size(self) -> int:
        return self._blocks.size(self._talk.block_bytes)

    def _data(self, file: ElementaryFile, response: Response, most: int) -> bytes:
        if response.status not in (apdu.OK, apdu.END_OF_FILE):
            raise Garbled(f"the chip answered {response.status:04X} in the middle of EF.{file.name}")
        return self._enough(file, response.data, most)

    @staticmethod
    def _enough(file: ElementaryFile, data: bytes, most: int) -> bytes:
        """One byte at a time, or more than was asked for, is a chip that wants to keep us busy."""
        if len(data) > most or len(data) < min(most, MIN_PROGRESS_BYTES):
            raise Garbled(f"the chip sent {len(data)} bytes of EF.{file.name} where {most} were missing")
        return data


def size_of(file: ElementaryFile, first: bytes) -> int:
    """How long the file is that begins so. Raises Garbled."""
    tag, length, body = read_header(first)
    if tag != file.tag:
        raise Garbled(f"EF.{file.name} begins with {tag:X} instead of {file.tag:X}")
    if body + length > MAX_FILE_BYTES:
        raise Garbled(f"EF.{file.name} claims {body + length} bytes, and {MAX_FILE_BYTES} is the most that is read")
    return body + length


def _read_short(file: ElementaryFile, most: int) -> Command:
    return Command(0x00, apdu.READ_BINARY, 0x80 | file.short_id, 0, le=most)


def _read_far(offset: int, most: int, blocks: Blocks) -> Command:
    where = write(TAG_OFFSET, offset.to_bytes(3 if offset > 0xFFFF else 2, "big"))
    return Command(0x00, apdu.READ_BINARY_ODD, 0, 0, where, le=most, extended=blocks.long)


def _refuses_length(response: Response) -> bool:
    return response.status == apdu.WRONG_LENGTH or (response.status == apdu.END_OF_FILE and not response.data)
