"""What does the ICAO PKD send? LDIF with certificates, revocation lists and master lists. (RFC 2849; Doc 9303-12, 8)

LDIF itself is signed by nobody: what stands in it counts for as much as its own signature does.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from icao.tlv import Garbled

# One table of limits. The whole directory has some 30,000 entries in 75 MB (2025), its longest line a master list.
MAX_LDIF_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRIES: Final = 200_000
MAX_VALUE_BYTES: Final = 8 * 1024 * 1024
MAX_LINES: Final = 64  # of one entry, unfolded
MAX_VERSION_DIGITS: Final = 9


class Kind(StrEnum):
    SIGNER = "signer"
    AUTHORITY = "authority"
    REVOCATION_LIST = "revocation-list"
    MASTER_LIST = "master-list"


# Attribute types without options, in lower case, as LDAP compares them.
ATTRIBUTES: Final[Mapping[str, Kind]] = {
    "usercertificate": Kind.SIGNER,
    "cacertificate": Kind.AUTHORITY,
    "certificaterevocationlist": Kind.REVOCATION_LIST,
    "pkdmasterlistcontent": Kind.MASTER_LIST,
    "cscamasterlistdata": Kind.MASTER_LIST,
}


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One object of the directory. ``line`` is where its entry begins; ``version`` the directory's count for it."""

    kind: Kind
    content: bytes
    version: int | None
    line: int


def read_ldif(data: bytes) -> Iterator[Item]:
    """What the entries hold, in their order; entries that take something away (changetype) hold nothing.

    Raises Garbled, which names the line: as late as the faulty entry, so nothing may be kept before the end.
    """
    if len(data) > MAX_LDIF_BYTES:
        raise Garbled(f"LDIF of {len(data)} bytes, and {MAX_LDIF_BYTES} is the most that is read")
    for number, (begin, lines) in enumerate(_entries(data)):
        if number == MAX_ENTRIES:
            raise Garbled(f"more than {MAX_ENTRIES} entries")
        try:
            yield from _items(begin, lines)
        except Garbled as error:
            raise Garbled(f"the entry on line {begin}: {error}") from None


def looks_like_ldif(data: bytes) -> bool:
    """By its first line that is no comment."""
    for line in data[:4096].splitlines():
        if line.strip() and not line.startswith((b"#", b" ")):
            return line[:8].lower().startswith((b"dn:", b"version:"))
    return False


def _entries(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Unfolded lines of each entry without comments, and the number of its first line."""
    begin, lines, comment = 1, list[bytearray](), False
    for number, line in enumerate(_lines(data), 1):
        if line.startswith(b" "):
            if comment:
                continue
            _continue(lines, line, number)
        elif line:
            comment = line.startswith(b"#")
            if comment:
                continue
            begin = begin if lines else number
            lines.append(bytearray(line))
            if len(lines) > MAX_LINES:
                raise Garbled(f"the entry on line {begin} has more than {MAX_LINES} lines")
        elif lines:
            yield begin, [bytes(each) for each in lines]
            lines, comment = [], False
    if lines:
        yield begin, [bytes(each) for each in lines]


def _continue(lines: list[bytearray], line: bytes, number: int) -> None:
    if not lines:
        raise Garbled(f"line {number} continues nothing")
    lines[-1] += line[1:]
    if len(lines[-1]) > MAX_VALUE_BYTES:
        raise Garbled(f"a value longer than {MAX_VALUE_BYTES} bytes ends on line {number}")


def _lines(data: bytes) -> Iterator[bytes]:
    """Without their ends, and one by one: the file is large enough once."""
    place = 0
    while place < len(data):
        end = data.find(b"\n", place)
        end = len(data) if end < 0 else end
        yield data[place:end].removesuffix(b"\r")
        place = end + 1


def _items(begin: int, lines: list[bytes]) -> Iterator[Item]:
    pairs = [_pair(line) for line in _without_version(lines)]
    if not pairs:
        return
    if pairs[0][0] != "dn":
        raise Garbled("an entry begins with its dn")
    if any(name == "changetype" and value != b"add" for name, value in pairs):
        return
    version = next((_version(value) for name, value in pairs if name == "pkdversion"), None)
    for name, value in pairs:
        if name in ATTRIBUTES:
            yield Item(ATTRIBUTES[name], value, version, begin)


def _without_version(lines: list[bytes]) -> list[bytes]:
    """The file's first line may say that it is LDIF of version 1."""
    name, _, value = lines[0].partition(b":")
    if name.lower() != b"version":
        return lines
    if value.strip() != b"1":
        raise Garbled("only version 1 of LDIF is known")
    return lines[1:]


def _pair(line: bytes) -> tuple[str, bytes]:
    """The attribute in lower case without its options, and its value. A dash parts the steps of a modification."""
    if line == b"-":
        return "-", b""
    name, colon, value = line.partition(b":")
    plain = name.partition(b";")[0]
    if not colon or not plain.replace(b"-", b"").isalnum():
        raise Garbled("a line is no attribute and value")
    if value.startswith(b"<"):
        raise Garbled("a value stands in another place, which is not looked up")  # nobody makes us fetch what he names
    attribute = plain.decode("ascii").lower()
    if not value.startswith(b":"):
        if attribute in ATTRIBUTES:
            raise Garbled(f"{attribute} is not in base64")
        return attribute, value.lstrip(b" ")
    try:
        return attribute, b64decode(value[1:].strip(b" "), validate=True)
    except (binascii.Error, ValueError):
        raise Garbled("a value is not in base64") from None


def _version(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) <= MAX_VERSION_DIGITS else None
