"""Whom does this post believe? ``borderpost document trust import F... --into DIR`` adds, ``show DIR`` tells."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any  # the answers are JSON

from borderpost.document import trusted
from borderpost.errors import Fault

if TYPE_CHECKING:
    from edge.inspection.trust.importing import Progress, Report

DONE, REFUSED, UNREADABLE, UNTRUSTED = 0, 1, 2, 3  # exit codes
NAMED_ONE_BY_ONE = 20  # so many certificates at most are told by fingerprint, more by country
FINGERPRINT_DIGITS = 16
PROGRESS_EVERY = 50
CURE = "Look to where it came from; the other files were imported."
EXIT_CODES = """Exit codes: 0 everything is in the store; 1 a source was refused, because it is older than what is here
or its signature is wrong; 2 a file is not what it claims to be (the others are imported); 3 a list was kept and counts
for nothing, because its signer leads to no certificate that you pinned."""


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    trust = verbs.add_parser("trust", help="keep the certificates and lists that documents are checked with")
    steps = trust.add_subparsers(dest="trust_verb", required=True, metavar="VERB")
    into = steps.add_parser(
        "import", help="add certificates, master lists, CRLs, deviation lists, LDIF", epilog=EXIT_CODES
    )
    into.add_argument("files", nargs="*", type=Path, metavar="F", help="a file, or a folder of files")
    into.add_argument("--into", required=True, type=Path, metavar="DIR", help="the store; made when it is not there")
    into.add_argument(
        "--anchor", action="append", default=[], type=Path, metavar="F",
        help="a CSCA certificate that you got by a way you trust; any single certificate among F counts as one too",
    )  # fmt: skip
    into.add_argument("--json", action="store_true", help="answer with one JSON object")
    into.set_defaults(run=import_)
    show = steps.add_parser("show", help="which states are known, from which sources, and how old those are")
    show.add_argument("folder", type=Path, metavar="DIR")
    show.add_argument("--json", action="store_true", help="answer with one JSON object")
    show.set_defaults(run=show_)


def import_(arguments: argparse.Namespace) -> int:
    """Take in what can be taken in, and say of each file what became of it."""
    from datetime import UTC, datetime

    from edge.inspection.trust.importing import import_files

    files = [file for each in arguments.files for file in _files(each)]
    if not files and not arguments.anchor:
        raise Fault("no-source", "No file was named, or the folder is empty.", "Name certificates, lists or LDIF.")
    try:
        with trusted.usable():
            report = import_files(arguments.into, files, arguments.anchor, datetime.now(UTC), _progress())
    finally:
        _wipe()
    print(json.dumps(as_json(report)) if arguments.json else "\n".join(as_lines(report)))
    if not arguments.json:
        for refusal in report.refused:
            print(f"{_shown(refusal.file)} was not taken: {_shown(refusal.why)}.", file=sys.stderr)
    return exit_code(report)


def show_(arguments: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from edge.inspection.trust.coverage import coverage

    with trusted.usable():
        told = coverage(arguments.folder, datetime.now(UTC))
    print(json.dumps(told) if arguments.json else "\n".join(as_tables(told)))
    return DONE


def exit_code(report: "Report") -> int:
    """The worst of all: unreadable before refused before untrusted."""
    if report.refused:
        return UNREADABLE if any(refusal.unreadable for refusal in report.refused) else REFUSED
    return UNTRUSTED if report.untrusted else DONE


def as_json(report: "Report") -> dict[str, Any]:
    unreadable = [refusal for refusal in report.refused if refusal.unreadable]
    message = "".join(f"{refusal.file}: {refusal.why}." for refusal in unreadable[:1])
    error = {"error": {"code": "not-a-source", "message": message, "cure": CURE}} if unreadable else {}
    return error | {
        "imported": report.imported,
        "known": report.known,
        "crls": report.crls,
        "deviation_lists": report.deviation_lists,
        "trusted": report.trusted,
        "countries": {"added": report.countries_added, "removed": report.countries_removed},
        "certificates": {"added": _fingerprints(report.added), "removed": _fingerprints(report.removed)},
        "untrusted": [{"file": file, "why": why} for file, why in report.untrusted.items()],
        "refused": [{"file": refusal.file, "why": refusal.why} for refusal in report.refused],
    }


def as_lines(report: "Report") -> Iterable[str]:
    yield (
        f"New: {report.imported} certificates, {report.crls} revocation lists, {report.deviation_lists} deviation"
        f" lists. Known before: {report.known} certificates."
    )
    yield f"Trusted now: {report.trusted} ({len(report.added)} added, {len(report.removed)} removed)."
    yield from _changes("+", report.added, report.countries_added)
    yield from _changes("-", report.removed, report.countries_removed)
    for file, why in report.untrusted.items():
        yield f"{_shown(file)} counts for nothing yet: {why}. Import its CSCA's certificate, got by a way you trust."


def as_tables(told: dict[str, Any]) -> Iterable[str]:
    yield f"{told['certificates']} certificates, {told['trusted']} of them trusted CSCA certificates."
    yield from ("", f"{'COUNTRY':9}{'TRUSTED':>8}{'EXPIRED':>9}{'SIGNERS':>9}{'KEPT':>7}  REVOCATION LIST")
    for country, row in told["countries"].items():
        numbers = f"{row['trusted']:8}{row['expired']:9}{row['signers']:9}{row['certificates']:7}"
        yield f"{country:9}{numbers}  {_crl(row['crl'])}"
    yield from ("", f"{'SOURCE':32}{'KIND':16}{'ISSUED':12}{'AGE':>7}  STANDING")
    for row in told["sources"]:
        standing = "trusted" if row["trusted"] else row["why"]
        issued = (row["issued_at"] or "-")[:10]
        yield f"{_shown(row['name']):32}{row['kind']:16}{issued:12}{_days(row['age_days']):>7}  {standing}"
    if told["odd"]:
        yield from ("", f"{'ODD':20}{'COUNTRY':9}WHY")
    for row in told["odd"]:
        yield f"{row['sha256'][:FINGERPRINT_DIGITS]:20}{row['country']:9}{_shown(row['why'])}"


def _crl(crl: dict[str, Any] | None) -> str:
    if crl is None:
        return "none"
    until = f", {'STALE since' if crl['stale'] else 'next by'} {crl['next_update']}" if crl["next_update"] else ""
    return f"{_days(crl['age_days'])} old{until}{'' if crl['checked'] else ', NOT CHECKED: no trusted CSCA signed it'}"


def _days(days: int | None) -> str:
    return "-" if days is None else f"{days} d"


def _changes(sign: str, certificates: dict[str, str], whole_countries: Sequence[str]) -> Iterable[str]:
    """One authority that a list adds is what an attacker would add: few are told one by one."""
    if len(certificates) <= NAMED_ONE_BY_ONE:
        for digest, country in certificates.items():
            note = "  (a new country)" if country in whole_countries else ""
            yield f"  {sign} {country}  {digest[:FINGERPRINT_DIGITS]}{note}"
        return
    countries = sorted(set(certificates.values()))
    counts = (f"{country} {list(certificates.values()).count(country)}" for country in countries)
    yield f"  {sign} {', '.join(counts)}"


def _fingerprints(certificates: dict[str, str]) -> list[dict[str, str]]:
    return [{"sha256": digest, "country": country} for digest, country in certificates.items()]


def _files(named: Path) -> list[Path]:
    """A folder stands for the files in it."""
    return sorted(each for each in named.iterdir() if each.is_file()) if named.is_dir() else [named]


def _progress() -> "Progress":
    watched = sys.stderr.isatty()

    def tell(name: str, done: int, of: int) -> None:
        if watched and (done % PROGRESS_EVERY == 0 or done == of):
            print(f"\r{_shown(name)[:40]:40} {done}/{of}", end="", file=sys.stderr, flush=True)

    return tell


def _wipe() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':60}\r", end="", file=sys.stderr)


def _shown(text: str) -> str:
    from icao.lds.texts import shown

    return shown(text)
