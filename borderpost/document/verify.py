"""Are these files what a state signed? ``borderpost document verify --sod F --dg 1=F --trust DIR`` needs no chip."""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from borderpost.document import evidence, recording, trusted, verdicts
from borderpost.errors import Fault

if TYPE_CHECKING:
    from icao.checks import Check
    from icao.mrz.zone import Mrz
    from icao.pki.certificates import Certificate
    from icao.pki.cms import SignedData
    from icao.pki.trust import Trust

CURE_DAY: Final = "Give a day as YYYY-MM-DD."
Listed = TypeVar("Listed")


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser(
        "verify",
        help="verify the files of a chip: passive authentication",
        description=f"Signature, hashes, chain, validity, revocation, deviations, country. {verdicts.EXIT_CODES}",
    )
    signed = parser.add_mutually_exclusive_group(required=True)
    signed.add_argument("--sod", type=Path, metavar="F", help="EF.SOD, or the signed message in it")
    signed.add_argument("--card-security", type=Path, metavar="F", help="EF.CardSecurity instead")
    parser.add_argument(
        "--dg", action="append", default=[], metavar="N=F", help="data group N; repeat it for all of the chip"
    )
    parser.add_argument(
        "--com", type=Path, metavar="F", help="EF.COM: are the groups that it names all signed and here?"
    )
    parser.add_argument("--trust", type=Path, metavar="DIR", help="the store with the states' certificates")
    parser.add_argument(
        "--crl", action="append", default=[], type=Path, metavar="F", help="a revocation list; repeat it"
    )
    parser.add_argument(
        "--deviation", action="append", default=[], type=Path, metavar="F", help="a deviation list; repeat it"
    )
    parser.add_argument("--at", metavar="YYYY-MM-DD", help="the day to judge by (today)")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    recording.add_options(parser)
    parser.set_defaults(run=verify)


@dataclass(frozen=True, slots=True, repr=False)
class Verified:
    """``signer`` None: nobody knows it."""

    checks: tuple["Check", ...]
    signer: "Certificate | None"
    files: Mapping[str, bytes]


def verify(arguments: argparse.Namespace) -> int:
    """Print every check; the exit code says whether all that count are successful."""
    from icao.checks import overall

    at, begun = _day(arguments.at), recording.begin()
    with trusted.opened(arguments.trust) as store:
        trust = _with_lists(store, arguments.crl, arguments.deviation)
        verified = (_chip if arguments.sod else _card_security)(arguments, trust, at)
    record = replace(begun, checks=verified.checks, signer=verified.signer, files=verified.files)
    if not recording.write(arguments, replace(record, chip_zone=_zone(verified.files, at))):
        print(json.dumps(as_json(verified)) if arguments.json else "\n".join(verdicts.as_lines(verified.checks)))
    return verdicts.exit_code(overall(verified.checks))


def as_json(verified: Verified) -> dict[str, Any]:  # Any: JSON
    from icao.checks import verdict_form

    return verdict_form(verified.checks) | {"signer": _named(verified.signer)}


def _named(signer: "Certificate | None") -> dict[str, str] | None:
    from hashlib import sha256

    if signer is None:
        return None
    return {
        "country": signer.country,
        "serial": f"{signer.serial:x}",
        "begins": signer.begins.isoformat(),
        "ends": signer.ends.isoformat(),
        "sha256": sha256(signer.der).hexdigest(),
    }


def _chip(arguments: argparse.Namespace, trust: "Trust", at: date) -> Verified:
    from icao import passive
    from icao.lds.sod import MAX_SOD_BYTES, parse_sod
    from icao.tlv import Garbled

    sod, groups = evidence.message(arguments.sod, "sod", MAX_SOD_BYTES), evidence.data_groups(arguments.dg)
    files = {"SOD": sod} | {f"DG{number}": content for number, content in groups.items()}
    named = _named_in_com(arguments.com)
    try:
        parsed = parse_sod(sod)
    except Garbled:
        return Verified(passive.verify(sod, groups, trust, at), None, files)
    # The groups that are given are taken for all that the chip holds: a stripped one must not pass for unasked (A02).
    absent = parsed.hashes.keys() - groups.keys() - (named or frozenset()) if groups or named else ()
    present = {*groups, *(named or ())}
    checks = passive.verify(sod, groups, trust, at, present=present, absent=absent, clock_s=time.perf_counter)
    return Verified(checks, _signer(parsed.signed, trust), files)


def _card_security(arguments: argparse.Namespace, trust: "Trust", at: date) -> Verified:
    from icao import passive
    from icao.lds.card_security import MAX_CARD_SECURITY_BYTES, parse_card_security
    from icao.tlv import Garbled

    if arguments.dg or arguments.com:
        raise Fault("usage", "EF.CardSecurity signs no data groups.", "Leave --dg and --com out, or give --sod.")
    file = evidence.message(arguments.card_security, "card-security", MAX_CARD_SECURITY_BYTES)
    checks, _ = passive.verify_card_security(file, trust, at)
    try:
        signer = _signer(parse_card_security(file), trust)
    except Garbled:
        signer = None
    return Verified(checks, signer, {"CardSecurity": file})


def _signer(signed: "SignedData", trust: "Trust") -> "Certificate | None":
    from icao.passive.signer import find_signer

    return find_signer(signed, signed.signers, trust).certificate


def _named_in_com(path: Path | None) -> frozenset[int] | None:
    from icao.lds.com import parse_com
    from icao.tlv import Garbled

    if path is None:
        return None
    try:
        return frozenset(parse_com(evidence.content(path, evidence.MAX_GROUP_BYTES, "not-a-com")).groups)
    except Garbled as error:
        raise Fault("not-a-com", f"{path} is no EF.COM: {error}.", "Give EF.COM as it is on the chip.") from error


def _zone(files: Mapping[str, bytes], at: date) -> "Mrz | None":
    from icao.passive.issuer import zone_of
    from icao.tlv import Garbled

    try:
        return zone_of(files["DG1"], at) if "DG1" in files else None
    except Garbled:
        return None


def _with_lists(store: "Trust", crls: Sequence[Path], deviations: Sequence[Path]) -> "Trust":
    """The store, and the lists that were given beside it."""
    from icao.pki.crl import parse_crl
    from icao.pki.deviation_list import parse_deviation_list
    from icao.pki.trust import WithLists

    revoked = _parsed(parse_crl, crls, "revocation list")
    deviating = _parsed(parse_deviation_list, deviations, "deviation list")
    return WithLists(store, revoked, deviating)


def _parsed(parse: Callable[[bytes], Listed], paths: Sequence[Path], kind: str) -> list[Listed]:
    from icao.tlv import Garbled

    found: list[Listed] = []
    for path in paths:
        try:
            found += map(parse, evidence.lists([path], kind))
        except Garbled as error:
            code = f"not-a-{kind.replace(' ', '-')}"
            raise Fault(
                code, f"{path} cannot be read: {error}.", "Get the list again from where it came from."
            ) from error
    return found


def _day(iso: str | None) -> date:
    from datetime import UTC, datetime

    if iso is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(iso)
    except ValueError as error:
        raise Fault("not-a-day", f"{iso} is no day.", CURE_DAY) from error
