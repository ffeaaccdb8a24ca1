"""What does the chip hold, and is it genuine? ``borderpost document read --reader URL --mrz L1 --mrz L2``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from borderpost.document import keeping, recording, trusted, verdicts
from borderpost.errors import Fault

if TYPE_CHECKING:
    from edge.inspection.expert import Examined
    from edge.inspection.live import Wish
    from icao.mrz.zone import Mrz
    from icao.pki.trust import Trust

LACKING: Final = 4  # exit code
WAIT_S: Final = 15.0
GROUPS: Final = range(1, 17)
BAR_WIDTH: Final = 40
READERS: Final = "pcsc:READER NAME, or socket://HOST:PORT"


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser(
        "read",
        help="read a chip on a reader, and prove it genuine",
        description=f"PACE or BAC, passive authentication, chip and active authentication. {verdicts.EXIT_CODES}",
    )
    parser.add_argument("--reader", required=True, metavar="URL", help=READERS)
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--mrz", action="append", default=[], metavar="LINE", help="a printed line; repeat it")
    key.add_argument("--can", metavar="N", help="the card access number instead; only PACE takes it")
    parser.add_argument("--trust", type=Path, metavar="DIR", help="the store with the states' certificates")
    parser.add_argument(
        "--dg", action="append", type=int, metavar="N", choices=GROUPS,
        help="read this data group; repeat it (DG1, DG2, and DG14 and DG15 where they are)",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="read every data group, EF.DIR and EF.ATR/INFO")
    parser.add_argument("--files", type=Path, metavar="DIR", help="keep what was read here: personal data")
    parser.add_argument("--portrait", type=Path, metavar="F", help="the portrait as a PNG file: personal data")
    parser.add_argument("--show", action="store_true", help="tell what stands in the document: personal data")
    parser.add_argument(
        "--allow-bac", action="store_true", help="where PACE is offered and fails, open the chip by BAC"
    )
    parser.add_argument("--wait", type=float, default=WAIT_S, metavar="S", help="how long to wait for a document (15)")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    recording.add_options(parser)
    parser.set_defaults(run=read)


def read(arguments: argparse.Namespace) -> int:
    """Read the chip and judge it; the exit code says whether it is genuine."""
    from datetime import UTC, datetime

    from icao.checks import overall

    today = datetime.now(UTC).date()
    printed = _printed(arguments.mrz, today) if arguments.mrz else None
    wish, begun = _wish(arguments, printed), recording.begin(reader=arguments.reader)
    with trusted.opened(arguments.trust) as trust:
        examined = _examined(arguments, wish, printed, trust, today)
        facts = _facts(examined, trust)
    if examined.live is not None:
        files = examined.live.contents.files
        keeping.keep(files, arguments.files)
        portrait = keeping.portrait(files.get("DG2"), arguments.portrait)
        examined = replace(examined, checks=(*examined.checks, *portrait))
    record = replace(begun, checks=examined.checks, printed=printed, chip_zone=examined.zone, **facts)
    if not recording.write(arguments, record):
        print(_told(arguments, examined, today))
    return verdicts.exit_code(overall(examined.checks))


def _told(arguments: argparse.Namespace, examined: "Examined", today: date) -> str:
    if arguments.json:
        return json.dumps(as_json(examined, today, show=arguments.show), ensure_ascii=False)
    return "\n".join(as_lines(examined, today, show=arguments.show))


def as_json(examined: "Examined", today: date, *, show: bool) -> dict[str, Any]:  # Any: JSON
    from icao.checks import verdict_form

    form = verdict_form(examined.checks)
    if examined.live is None:
        return form
    contents = examined.live.contents
    told = form | {
        "access": contents.protocol,
        "apdus": contents.commands,
        "proof_apdus": contents.proof_commands,
        "bytes": contents.wire_bytes,
        "files": sorted(contents.files),
        "timings_ms": {name: round(ms, 3) for name, ms in examined.live.timings_ms.items()},
    }
    return told | ({"document": _document(examined, today)} if show else {})


def as_lines(examined: "Examined", today: date, *, show: bool) -> Iterator[str]:
    yield from verdicts.as_lines(examined.checks)
    if examined.live is None:
        return
    contents, timings_ms = examined.live.contents, examined.live.timings_ms
    yield ""
    yield f"{'opened by':18} {contents.protocol.upper()}"
    yield f"{'files':18} {', '.join(sorted(contents.files))}"
    proofs = f"{contents.proof_commands} of them for proofs"
    yield f"{'commands':18} {contents.commands} ({proofs}), {contents.wire_bytes} bytes"
    yield f"{'time':18} {', '.join(f'{name} {ms:.0f} ms' for name, ms in timings_ms.items())}"
    if show:
        yield ""
        for group, fields in _document(examined, today).items():
            yield from (f"{group:5}{name:24} {value}" for name, value in fields.items())


def _document(examined: "Examined", today: date) -> dict[str, dict[str, str]]:
    """What stands in DG1, DG11 and DG12, fit to be shown."""
    from icao.lds.summary import summary

    found: dict[str, dict[str, str]] = {}
    for field in summary(_groups(examined), today):
        found.setdefault(f"DG{field.group}", {})[field.name] = field.value
    return found


def _groups(examined: "Examined") -> dict[int, bytes]:
    files = examined.live.contents.files if examined.live else {}
    return {number: files[f"DG{number}"] for number in GROUPS if f"DG{number}" in files}


def _examined(
    arguments: argparse.Namespace, wish: "Wish", printed: "Mrz | None", trust: "Trust", today: date
) -> "Examined":
    from edge.inspection.expert import examine, within
    from hardware.drivers.chip import ReaderLost, open_chip

    try:
        reader = open_chip(arguments.reader)
    except ValueError as error:
        raise Fault("not-a-reader", f"{arguments.reader!r} names no chip reader.", f"Write {READERS}.") from error
    try:
        examined = examine(wish, printed, reader, trust, today, _progress(), within(arguments.wait))
    except ReaderLost as error:
        raise Fault("reader-lost", str(error), exit_code=LACKING) from error
    except ImportError as error:
        cure = "Run ./run setup, or install borderpost[pcsc]."
        raise Fault("no-pcsc", "This Python cannot speak to pcscd.", cure, LACKING) from error
    finally:
        reader.close()
        _wipe()
    if examined is None:
        raise Fault("no-chip", f"No chip was laid on the reader within {arguments.wait:g} s.", "Lay the document down.")
    return examined


def _wish(arguments: argparse.Namespace, printed: "Mrz | None") -> "Wish":
    from edge.inspection.live import Wish
    from icao.chip.access import AccessPolicy
    from icao.chip.passwords import of_can, of_zone
    from icao.chip.reading import Manner
    from icao.lds.files import EF_ATR_INFO, EF_DIR

    try:
        password = of_can(arguments.can or "") if printed is None else of_zone(printed)
    except ValueError as error:
        raise Fault("not-a-can", str(error), "It is printed on the document's face.") from error
    manner = Manner(
        access=AccessPolicy(allow_bac=arguments.allow_bac), open_files=(EF_DIR, EF_ATR_INFO) if arguments.all else ()
    )
    return Wish((password,), GROUPS if arguments.all else arguments.dg, manner)


def _printed(lines: list[str], today: date) -> "Mrz":
    """With its check digits right: a chip slows down after each wrong key."""
    from icao.mrz.zone import MrzError, parse, tidied

    try:
        zone = parse(tidied("\n".join(lines)), today)
    except MrzError as error:
        raise Fault("not-a-zone", str(error), "Give each line of the printed zone as its own --mrz.") from error
    if wrong := [name for name, agrees in zone.check_digits.items() if not agrees]:
        message = f"The zone's check digits do not agree ({', '.join(wrong)}), so that it would not open the chip."
        raise Fault("zone-wrong", message, "Look at the lines again: borderpost document mrz tells where.")
    return zone


def _facts(examined: "Examined", trust: "Trust") -> dict[str, Any]:  # Any: fields of a record
    """What the record says of the reading."""
    if examined.live is None:
        return {}
    contents = examined.live.contents
    return {
        "protocol": contents.protocol,
        "commands": contents.commands,
        "wire_bytes": contents.wire_bytes,
        "timings_ms": examined.live.timings_ms,
        "files": contents.files,
        "signer": _signer(contents.files.get("SOD"), trust),
    }


def _signer(sod: bytes | None, trust: "Trust") -> Any:  # Any: a certificate, or None
    from icao.lds.sod import parse_sod
    from icao.passive.signer import find_signer
    from icao.tlv import Garbled

    try:
        signed = None if sod is None else parse_sod(sod).signed
    except Garbled:
        return None
    return None if signed is None else find_signer(signed, signed.signers, trust).certificate


def _progress() -> Callable[[float], None]:
    watched = sys.stderr.isatty()

    def tell(share: float) -> None:
        if watched:
            bar = "#" * round(share * BAR_WIDTH)
            print(f"\r[{bar:{BAR_WIDTH}}] {share:4.0%}", end="", file=sys.stderr, flush=True)

    return tell


def _wipe() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':{BAR_WIDTH + 10}}\r", end="", file=sys.stderr)
