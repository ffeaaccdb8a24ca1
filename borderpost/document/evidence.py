"""Which files does a verb get to judge? Read with limits; what is obviously something else is told in one sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from borderpost.errors import Fault

MAX_GROUP_BYTES: Final = 4 * 1024 * 1024
NAMES: Final = {"sod": "EF.SOD", "card-security": "EF.CardSecurity", "com": "EF.COM"}

# How a signed message begins: in the file's own tag, or a SEQUENCE whose first field is an object identifier.
FILE_TAG: Final = b"\x77"
SEQUENCE: Final = b"\x30"
OBJECT_IDENTIFIER: Final = 0x06


def content(path: Path, limit_bytes: int, code: str) -> bytes:
    """Raises Fault: there is no such file, or it is empty or too large."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise Fault("unreadable", f"{path} cannot be read: {error.strerror}.", "Give the path of a file.") from error
    if not data:
        raise Fault(code, f"{path} is empty.", "Export the file from the chip again.")
    if len(data) > limit_bytes:
        raise Fault(code, f"{path} is larger than {limit_bytes} bytes, and no such file is.", "Give another file.")
    return data


def message(path: Path, kind: str, limit_bytes: int) -> bytes:
    """A signed message, sound or not. Raises Fault for what does not even begin like one."""
    data = content(path, limit_bytes, f"not-a-{kind}")
    if not _begins_like_one(data, tagged=kind == "sod"):
        cure = f"Give {NAMES[kind]} as it is on the chip, in binary."
        raise Fault(f"not-a-{kind}", f"{path} is no {NAMES[kind]}, nor does it begin like one.", cure)
    return data


def _begins_like_one(data: bytes, *, tagged: bool) -> bool:
    if data[:1] == FILE_TAG:
        return tagged
    length_bytes = 1 + (data[1] & 0x7F if len(data) > 1 and data[1] & 0x80 else 0)
    return data[:1] == SEQUENCE and data[1 + length_bytes : 2 + length_bytes] == bytes([OBJECT_IDENTIFIER])


def data_groups(named: Sequence[str]) -> dict[int, bytes]:
    """What ``N=F`` and ``DGN=F`` name. Raises Fault."""
    groups: dict[int, bytes] = {}
    for each in named:
        number, divided, path = each.partition("=")
        digits = number.upper().removeprefix("DG")
        if not divided or not digits.isdecimal() or len(digits) > 2 or not 1 <= int(digits) <= 16:
            raise Fault("usage", f"{each} names no data group.", "Write --dg 1=FILE; there are data groups 1 to 16.")
        if int(digits) in groups:
            raise Fault("usage", f"DG{digits} is named twice.", "Name each data group once.")
        groups[int(digits)] = content(Path(path), MAX_GROUP_BYTES, "not-a-data-group")
    return groups


def lists(paths: Sequence[Path], kind: str) -> list[bytes]:
    """The lists of this kind in these files: binary, PEM, or LDIF. Raises Fault when a file holds none."""
    from edge.inspection.trust.files import MAX_FILE_BYTES, pieces
    from icao.tlv import Garbled

    found: list[bytes] = []
    for path in paths:
        code = f"not-a-{kind.replace(' ', '-')}"
        try:
            held = [piece.content for piece in pieces(content(path, MAX_FILE_BYTES, code)) if piece.kind == kind]
        except Garbled as error:
            raise Fault(code, f"{path} is no {kind}: {error}.", "Give it in DER, PEM or LDIF.") from error
        if not held:
            raise Fault(code, f"{path} holds no {kind}.", "Give it in DER, PEM or LDIF.")
        found += held
    return found
