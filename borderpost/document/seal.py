"""Is this seal genuine, and of this paper? ``borderpost document seal F|TEXT``: from a picture, a file or its text."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from errno import ENAMETOOLONG, ENOENT, ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from borderpost.document import trusted, verdicts
from borderpost.errors import Fault

if TYPE_CHECKING:
    from icao.checks import Check
    from icao.mrz.zone import Mrz
    from icao.seals.seal import Seal
    from icao.seals.verify import SealTrust

FILE_LIMIT_BYTES: Final = 24 * 1024 * 1024
STANDARD_INPUT: Final = "-"
CURE: Final = "Give a picture (PNG, JPEG, BMP) of the seal, the barcode's text, or a VDS in hexadecimal or base64."
HINT: Final = (
    "A genuine seal can be copied to another paper: compare it with what is printed, or give the zone (--mrz)."
)


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser(
        "seal",
        help="read and verify a visible digital seal",
        description=f"VDS, ICAO's datastructure for barcodes, VDS-NC. {verdicts.EXIT_CODES}",
    )
    parser.add_argument("seal", metavar="F|TEXT", help="a picture, a file, the text of the barcode, or - for input")
    parser.add_argument("--trust", metavar="DIR", type=Path, help="the store with the states' certificates")
    parser.add_argument(
        "--mrz", action="append", default=[], metavar="LINE", help="a line of the zone printed on the paper; repeat it"
    )
    parser.add_argument("--at", metavar="YYYY-MM-DD", help="the day to judge by (today)")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=seal)


def seal(arguments: argparse.Namespace) -> int:
    """Print what the seal says and whether it is genuine; the exit code says the latter."""
    from icao.checks import overall

    at = _day(arguments.at)
    printed = _printed(arguments.mrz, at)
    with trusted.opened(arguments.trust) as trust:
        read, checks = _judged(arguments.seal, trust, at, printed)
    if arguments.json:
        print(json.dumps(as_json(read, checks), ensure_ascii=False))
    else:
        print("\n".join(as_lines(read, checks, compared=printed is not None)))
    return verdicts.exit_code(overall(checks))


def _judged(named: str, trust: "SealTrust", at: date, printed: "Mrz | None") -> "tuple[Seal | None, tuple[Check, ...]]":
    """A broken seal is a verdict, too; what is none is a Fault."""
    from icao.checks import Check, Result
    from icao.seals.verify import verify
    from icao.tlv import Garbled

    try:
        read = _read(named)
    except Garbled as error:
        detail = f"The seal cannot be read: {error}."
        return None, (Check("seal.parse", Result.FAILED, detail=detail, code="seal-garbled"),)
    return read, verify(read, trust, at, printed)


def as_json(read: "Seal | None", checks: "tuple[Check, ...]") -> dict[str, Any]:  # Any: JSON
    from icao.checks import verdict_form

    return verdict_form(checks) | {"seal": None if read is None else _contents(read)}


def as_lines(read: "Seal | None", checks: "tuple[Check, ...]", *, compared: bool) -> Iterator[str]:
    if read is not None:
        from icao.lds.texts import shown

        contents = _contents(read)
        for name in ("kind", "type", "country", "issued", "signed", "signer"):
            yield f"{name:24} {shown(contents[name] or '-')}"
        for name, value in contents["fields"].items():
            # A28: a seal is a stranger's text; nothing in it may pass for a line of ours.
            lines = str(value).split("\n") if name == "mrz" else [str(value)]
            for line in lines:
                yield f"  {shown(name):22} {shown(line)}"
        yield ""
    yield from verdicts.as_lines(checks)
    if read is not None and not compared:
        yield HINT


def _contents(read: "Seal") -> dict[str, Any]:  # Any: JSON
    fields: dict[str, str | int | bool] = {}
    for field in read.fields:
        count = sum(name.partition("#")[0] == field.name for name in fields)
        fields[f"{field.name}#{count + 1}" if count else field.name] = field.value
    return {
        "kind": read.kind.value,
        "type": read.type,
        "country": read.country,
        "issued": read.issued_on and read.issued_on.isoformat(),
        "signed": read.signed_on and read.signed_on.isoformat(),
        "signer": str(read.reference),
        "fields": fields,
        "unread": [field.name for field in read.fields if not field.known],
    }


def _read(named: str) -> "Seal":
    """Raises Fault for what is no seal, Garbled for a broken one."""
    from icao.seals import reader
    from icao.seals.seal import NotASeal

    try:
        content = _content(named)
        if content is None:
            return reader.parse_text(named)
        return reader.parse(content) if _is_barcode(content) else reader.parse_text(content.decode("latin-1"))
    except NotASeal as error:
        sentence = str(error)
        raise Fault("not-a-seal", f"{sentence[:1].upper()}{sentence[1:]}.", CURE, verdicts.UNUSABLE) from error


def _is_barcode(content: bytes) -> bool:
    """Whether these are a barcode's own bytes, and not what somebody wrote down of them."""
    return content[:1] == b"\xdc" or content.lstrip()[:1] == b"{"


def _content(named: str) -> bytes | None:
    """What stands in the file or picture; None when the word is the seal itself."""
    try:
        content = _bytes_of(named)
    except OSError as error:
        # A seal's text is too long for a file's name, or names no file: then it is no path.
        if error.errno in (ENAMETOOLONG, ENOENT, ENOTDIR):
            return None
        raise Fault("unreadable", f"The file cannot be read: {error.strerror}.", CURE, verdicts.UNUSABLE) from error
    except ValueError:  # a null byte in the name
        return None
    if len(content) > FILE_LIMIT_BYTES:
        raise Fault("too-large", f"More than {FILE_LIMIT_BYTES} bytes are no picture of a seal.", CURE)
    return _from_picture(content)


def _bytes_of(named: str) -> bytes:
    if named == STANDARD_INPUT:
        return sys.stdin.buffer.read(FILE_LIMIT_BYTES + 1)
    with open(named, "rb") as file:
        return file.read(FILE_LIMIT_BYTES + 1)


def _from_picture(content: bytes) -> bytes:
    from edge.inspection.barcode_process import is_picture

    if not is_picture(content):
        return content
    from edge.inspection.barcode import NoSealFound, find_seal

    try:
        return find_seal(content)
    except NoSealFound as error:
        code = verdicts.UNDECIDED if error.code == "picture-aborted" else verdicts.UNUSABLE
        raise Fault(error.code, str(error), "", code) from error


def _printed(lines: list[str], at: date) -> "Mrz | None":
    if not lines:
        return None
    from icao.mrz.zone import MrzError, parse, tidied

    try:
        return parse(tidied("\n".join(lines)), at)
    except MrzError as error:
        raise Fault("not-a-zone", str(error), "Give each line of the printed zone as its own --mrz.") from error


def _day(iso: str | None) -> date:
    from datetime import UTC, datetime

    try:
        return date.fromisoformat(iso) if iso else datetime.now(UTC).date()
    except ValueError as error:
        raise Fault("usage", "The day must be written YYYY-MM-DD.", "For example --at 2026-11-24.") from error
