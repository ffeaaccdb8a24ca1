"""Which seal is in this picture? The codes are found by a caged process; which of them is a seal is judged here.

A24: what kills or blocks a decoder costs that process. A32: with two seals in view nobody can say which one belongs to
the paper, so neither is taken.
"""

import sys
from importlib.util import find_spec
from typing import Final

from edge.cage.child import Caged, CageError
from edge.inspection.barcode_process import FOUND, LENGTH_BYTES, MAX_CODE_BYTES, MAX_CODES, refused_by_its_header
from icao.seals import idb, vds
from icao.seals.seal import MAX_SEAL_BYTES

FINDER: Final = (sys.executable, "-m", "edge.inspection.barcode_process")
LIBRARIES: Final = ("cv2", "zxingcpp")  # looked for, and loaded in the cage only
TIME_LIMIT_S: Final = 12.0
ANSWER_LIMIT_BYTES: Final = 1 + MAX_CODES * (LENGTH_BYTES + MAX_CODE_BYTES)


class NoSealFound(Exception):
    """``code`` is a kebab-case word, the message a sentence with its cure."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def find_seal(picture: bytes) -> bytes:
    """The content of the one seal in the picture. Blocks up to some seconds. Raises NoSealFound."""
    return only_seal(look(picture))


def look(picture: bytes) -> tuple[bytes, ...]:
    """What each DataMatrix, QR, Aztec and PDF417 code in a PNG, JPEG or BMP holds, seal or not. Raises NoSealFound."""
    if why := refused_by_its_header(picture):
        raise NoSealFound("picture-refused", f"This picture goes to no decoder: {why}. Scan the seal again.")
    if any(find_spec(library) is None for library in LIBRARIES):
        sentence = (
            "This installation finds no codes in pictures. Install its extra `seals`, or give the barcode's text."
        )
        raise NoSealFound("no-decoder", sentence)
    try:
        with Caged(*FINDER, answer_limit_bytes=ANSWER_LIMIT_BYTES) as finder:
            answer = finder.ask(picture, TIME_LIMIT_S)
    except CageError as error:
        sentence = f"The picture could not be searched ({error.reason}). Scan the seal again, closer and sharper."
        raise NoSealFound("picture-aborted", sentence) from None
    return _codes(answer)


def only_seal(codes: tuple[bytes, ...]) -> bytes:
    """Raises NoSealFound when there is none, or more than one."""
    if not codes:
        raise NoSealFound(
            "no-barcode", "There is no readable barcode in the picture. Scan the seal closer and sharper."
        )
    seals = {code for code in codes if looks_like_seal(code)}
    if len(seals) > 1:
        raise NoSealFound("two-seals", "There are two seals in the picture. Cover one, and scan the other alone.")
    if not seals:
        raise NoSealFound("not-a-seal", "The barcode in the picture is no seal. Show the side with the seal.")
    return seals.pop()


def looks_like_seal(code: bytes) -> bool:
    """Whether somebody meant it to be one: a broken seal is still a seal.

    >>> looks_like_seal(b"\\xdc\\x03"), looks_like_seal(b"RDB1A"), looks_like_seal(b"M1ERIKSSON/ANNA")
    (True, True, False)
    """
    if len(code) > MAX_SEAL_BYTES:
        return False
    prefixes = tuple(prefix.encode() for prefix in idb.PREFIXES)
    return code[:1] == bytes([vds.MAGIC]) or code.startswith(prefixes) or code.lstrip()[:1] == b"{"


def _codes(answer: bytes) -> tuple[bytes, ...]:
    """What the process said, if it can be true: it has just decoded a stranger's picture."""
    if answer[:1] != bytes([FOUND]):
        raise NoSealFound("picture-refused", "This picture cannot be decoded. Scan the seal again.")
    found: list[bytes] = []
    place = 1
    while place < len(answer) and len(found) < MAX_CODES:
        end = place + LENGTH_BYTES + int.from_bytes(answer[place : place + LENGTH_BYTES], "big")
        found.append(answer[place + LENGTH_BYTES : end])
        place = end
    return tuple(found)
