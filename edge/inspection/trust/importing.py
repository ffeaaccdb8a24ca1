"""How do sources come into the store? All files of one command in one transaction, in whatever order they were named.

A file that is not what it claims is refused with a sentence, and the others go in. ``Report`` says what became of each,
and how the circle of those who are trusted changed: one authority that a list adds is what an attacker would add.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from edge.inspection.trust import shelf
from edge.inspection.trust.database import FILE, open_to_write, spoken, transaction
from edge.inspection.trust.files import MAX_FILE_BYTES, Kind, Piece, pieces
from edge.inspection.trust.shelf import Source
from edge.inspection.trust.standing import settle
from icao.checks import Result
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.crl import parse_crl
from icao.pki.deviation_list import parse_deviation_list
from icao.pki.master_list import MasterList, parse_master_list, signer_of
from icao.pki.signatures import Verdict
from icao.tlv import Garbled

CERTIFICATE_SUFFIXES: Final = (".cer", ".crt", ".der", ".pem")
CLOCK_MAY_LAG: Final = timedelta(days=1)

Progress = Callable[[str, int, int], None]  # of which file, and how many of all objects are done


class RefusedSource(Exception):
    """What could be read and must not be taken: a list older than what is here, or with a wrong signature."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """``unreadable``: it is not what it claims; otherwise it was read, and not taken."""

    file: str
    why: str
    unreadable: bool


@dataclass(slots=True)
class Report:
    """``untrusted``: lists that are kept and count for nothing yet, and why. Certificates are told by fingerprint,
    ``added`` and ``removed`` from those that are trusted, each with its country."""

    imported: int = 0
    known: int = 0
    crls: int = 0
    deviation_lists: int = 0
    refused: list[Refusal] = field(default_factory=list)
    untrusted: dict[str, str] = field(default_factory=dict)
    trusted: int = 0
    added: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    countries_added: list[str] = field(default_factory=list)
    countries_removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One file's bytes, cut up; ``path`` as the one who imports named it."""

    path: Path
    pieces: Sequence[Piece]

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True, repr=False)
class Signed:
    """A master list with the one who signed it, and whether he did."""

    told: Told
    piece: Piece
    listed: MasterList
    signer: Certificate
    verdict: Verdict
    issued_at: str | None


def import_files(
    folder: Path, files: Sequence[Path], anchors: Sequence[Path], now: datetime, progress: Progress
) -> Report:
    """Raises TrustError when the store itself cannot be used."""
    report = Report()
    loose = [] if (folder / FILE).exists() else loose_certificates(folder)
    told = [*tell(anchors, report, anchors=True), *tell(files, report), *tell(loose, report)]
    if not told:
        return report
    connection = open_to_write(folder)
    try:
        with spoken(folder / FILE), transaction(connection):
            put_in(connection, told, now, report, progress)
    finally:
        connection.close()
    return report


def loose_certificates(folder: Path) -> list[Path]:
    """A folder of certificates is a store as well; what lies there was pinned by whoever put it there."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.suffix.lower() in CERTIFICATE_SUFFIXES)


def tell(files: Sequence[Path], report: Report, *, anchors: bool = False) -> Iterator[Told]:
    for file in files:
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                raise Garbled(f"the file is larger than {MAX_FILE_BYTES} bytes")
            found = pieces(file.read_bytes())
            if anchors:
                _expect_anchors(found)
        except OSError as error:
            report.refused.append(Refusal(str(file), f"the file cannot be read ({error.strerror})", unreadable=True))
        except Garbled as error:
            report.refused.append(Refusal(str(file), str(error), unreadable=True))
        else:
            yield Told(file, found)


def _expect_anchors(found: Sequence[Piece]) -> None:
    for piece in found:
        if piece.kind is not Kind.CERTIFICATE or not shelf.is_authority(parse_certificate(piece.content)):
            raise Garbled("an anchor is the certificate of a country signing authority, and this is something else")


def put_in(
    connection: sqlite3.Connection, told: Sequence[Told], now: datetime, report: Report, progress: Progress
) -> None:
    """Inside a transaction of the caller."""
    before = _trusted(connection)
    work = _Import(connection, now, report, progress, sum(len(one.pieces) for one in told))
    for one in told:
        work.certificates(one, Kind.CERTIFICATE)
    for signed in work.master_lists(told):
        work.master_list(signed)
    for one in told:
        work.certificates(one, Kind.LISTED)
        work.others(one)
    settle(connection)
    _account(connection, before, work, report)


@dataclass(slots=True, repr=False)
class _Import:
    connection: sqlite3.Connection
    now: datetime
    report: Report
    progress: Progress
    of: int
    done: int = 0
    new_crls: list[bytes] = field(default_factory=list)
    lists: dict[int, str] = field(default_factory=dict)  # the sources of this command, and what they are called

    def certificates(self, one: Told, kind: Kind) -> None:
        """One that comes alone must be readable; among others it is kept as it is, and marked."""
        found = [piece for piece in one.pieces if piece.kind is kind and self._readable(one, piece)]
        if not found:
            return
        digest = sha256(b"".join(piece.content for piece in found)).digest()
        source = shelf.known_source(self.connection, digest)
        if source is None:
            by_hand = kind is Kind.CERTIFICATE
            standing, why = ("trusted", "") if by_hand else ("untrusted", "nobody vouches for what a directory holds")
            made = Source(one.name, "certificate" if by_hand else "ldif", digest, standing=standing, why=why)
            source = shelf.add_source(self.connection, made, self.now)
        for piece in found:
            self._hold(source, [piece.content])
            self._tick(one)

    def _readable(self, one: Told, piece: Piece) -> bool:
        if piece.kind is Kind.LISTED or len(one.pieces) > 1:
            return True
        try:
            parse_certificate(piece.content)
        except Garbled as error:
            self._refuse(one, piece, error)
            return False
        return True

    def master_lists(self, told: Sequence[Told]) -> Iterator[Signed]:
        for one in told:
            for piece in one.pieces:
                if piece.kind is Kind.MASTER_LIST:
                    try:
                        listed = parse_master_list(piece.content)
                        info, signer, verdict = signer_of(listed)
                    except Garbled as error:
                        self._refuse(one, piece, error)
                    else:
                        issued_at = None if info.signed_at is None else info.signed_at.isoformat(timespec="seconds")
                        yield Signed(one, piece, listed, signer, verdict, issued_at)

    def master_list(self, signed: Signed) -> None:
        self._tick(signed.told)
        digest = sha256(signed.piece.content).digest()
        source = shelf.known_source(self.connection, digest)
        if source is None:
            try:
                self._expect_takable(signed)
            except RefusedSource as error:
                return self._refuse(signed.told, signed.piece, error)
            source = shelf.add_source(self.connection, _source(signed, digest), self.now)
        self.lists[source] = _place(signed.told.path, signed.piece)
        self._hold(source, signed.listed.certificates)
        return None

    def _expect_takable(self, signed: Signed) -> None:
        """What can be refused for good; whether the signer is pinned may change."""
        if signed.verdict.result is not Result.SUCCESSFUL:
            raise RefusedSource(f"the list is not what its signer signed: {signed.verdict.detail}")
        issued_at = signed.issued_at
        if issued_at is not None and issued_at > (self.now + CLOCK_MAY_LAG).isoformat():
            raise RefusedSource(
                f"the list is dated {issued_at[:10]}, and this machine's clock says {self.now:%Y-%m-%d}"
            )
        self._expect_newer(shelf.letters(signed.signer.country), issued_at, signed.piece.version)

    def _expect_newer(self, country: str, issued_at: str | None, version: int | None) -> None:
        """An old list brings back authorities that its state has dropped since: rollback."""
        row = self.connection.execute(
            "SELECT issued_at, version FROM sources"
            " WHERE kind = 'master-list' AND country = ? AND standing = 'trusted'",
            (country,),
        ).fetchone()
        if row is None:
            return
        if row[0] is not None and (issued_at is None or issued_at < row[0]):
            raise RefusedSource(f"a newer list of {country} is here already, of {row[0][:10]}")
        if row[0] == issued_at and None not in (row[1], version) and version < row[1]:
            raise RefusedSource(f"a newer list of {country} is here already, version {row[1]}")

    def others(self, one: Told) -> None:
        for piece in one.pieces:
            try:
                if piece.kind is Kind.CRL:
                    if shelf.add_crl(self.connection, one.name, parse_crl(piece.content), self.now):
                        self.new_crls.append(sha256(piece.content).digest())
                elif piece.kind is Kind.DEVIATION_LIST:
                    listed = parse_deviation_list(piece.content)
                    new = shelf.add_deviation_list(self.connection, one.name, piece.content, listed, self.now)
                    self.report.deviation_lists += new
                else:
                    continue
            except Garbled as error:
                self._refuse(one, piece, error)
            self._tick(one)

    def _hold(self, source: int, certificates: Sequence[bytes]) -> None:
        new, known = shelf.hold(self.connection, source, certificates)
        self.report.imported += new
        self.report.known += known

    def _refuse(self, one: Told, piece: Piece, error: Exception) -> None:
        self.report.refused.append(Refusal(_place(one.path, piece), str(error), isinstance(error, Garbled)))

    def _tick(self, one: Told) -> None:
        self.done += 1
        self.progress(one.name, self.done, self.of)


def _source(signed: Signed, digest: bytes) -> Source:
    embedded = (each.der for each in signed.listed.signed.readable_certificates() if each.der != signed.signer.der)
    return Source(
        _place(Path(signed.told.name), signed.piece),
        "master-list",
        digest,
        shelf.letters(signed.signer.country),
        signed.issued_at,
        signed.piece.version,
        b"".join((signed.signer.der, *embedded)),
    )


def _place(file: Path, piece: Piece) -> str:
    return f"{file}, line {piece.line}" if piece.line else str(file)


def _trusted(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT sha256, country FROM certificates WHERE trusted")
    return {digest.hex(): country or "??" for digest, country in rows}


def _account(connection: sqlite3.Connection, before: dict[str, str], work: _Import, report: Report) -> None:
    after = _trusted(connection)
    report.trusted = len(after)
    report.added = {digest: country for digest, country in after.items() if digest not in before}
    report.removed = {digest: country for digest, country in before.items() if digest not in after}
    report.countries_added = sorted(set(after.values()) - set(before.values()))
    report.countries_removed = sorted(set(before.values()) - set(after.values()))
    kept = {digest for (digest,) in connection.execute("SELECT sha256 FROM crls")}
    report.crls = sum(digest in kept for digest in work.new_crls)
    for source, name in work.lists.items():
        standing, why = connection.execute("SELECT standing, why FROM sources WHERE id = ?", (source,)).fetchone()
        if standing == "untrusted":
            report.untrusted[name] = why
