"""What does a state's authority hold beside the keys of today? The CSCA keys before and after, and who signs lists.

Made when somebody first asks for it, and kept in the state's folder from then on.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509

from simulators.issuing import revocation
from simulators.issuing.certificates import (
    DEVIATION_SIGNING,
    LIST_SIGNING,
    Issuer,
    Period,
    make_csca,
    make_key,
    make_link,
    make_list_signer,
    make_signer,
    name_of,
    signer_period,
    years_before,
)
from simulators.issuing.state import Signer, State, der_of, read_signer, write_signer

MADE: Final = "authority.json"  # written last, and names the CSCA it goes with
FORMER_YEARS, COMING_YEARS = (22, -3), (1, -24)  # back from today; negative: ahead
FORMER_SIGNER_YEARS, COMING_SIGNER_YEARS = (13, -2), (1, -16)
CRL_DAYS: Final = 90  # Doc 9303-12, 5: at least every 90 days
FRESH_DAYS, STALE_DAYS = 10, 200  # how long ago a CRL was issued


@dataclass(frozen=True, slots=True, repr=False)
class Generation:
    """One key of a CSCA: its root, how the key before vouches for it (none for the first), and a document signer."""

    root: Signer
    link: x509.Certificate | None
    signer: Signer

    @property
    def issuer(self) -> Issuer:
        return Issuer(self.root.certificate.subject, self.root.key)


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """``generations``: the CSCA before (under another name where the state was renamed), today's, the one to come."""

    state: State
    generations: tuple[Generation, Generation, Generation]
    revoked_signer: Signer
    list_signer: Signer
    deviation_signer: Signer

    @property
    def certificates(self) -> list[bytes]:
        """Every root and every link, as a state hands them to others."""
        roots = [der_of(each.root.certificate) for each in self.generations]
        return roots + [der_of(each.link) for each in self.generations if each.link is not None]

    def crl(self, today: date, *, stale: bool = False) -> bytes:
        """The list of today, or one that should have been followed by another long ago; both revoke one signer."""
        issued = today - timedelta(days=STALE_DAYS if stale else FRESH_DAYS)
        revoked = [] if stale else [self.revoked_signer.certificate.serial_number]
        issuer = Issuer(self.state.csca.subject, self.state.csca_key, self.state.spec.pss)
        return revocation.crl(issuer, (issued, issued + timedelta(days=CRL_DAYS)), revoked)


def open_authority(state: State) -> Authority:
    """From the state's folder, or made new when it is not there or belongs to a CSCA that is gone."""
    marker = state.folder / MADE
    if not marker.is_file() or json.loads(marker.read_text()).get("csca") != _fingerprint(state):
        _make(state)
        marker.write_text(json.dumps({"csca": _fingerprint(state)}))
    return _load(state)


def _make(state: State) -> None:
    spec, today, folder = state.spec, state.made, state.folder
    former_name = name_of(spec, "CSCA", spec.former_name)
    former_key, coming_key = make_key(spec.csca), make_key(spec.csca)
    former = Issuer(former_name, former_key)
    coming = Issuer(state.csca.subject, coming_key)
    life, after = _years(today, FORMER_YEARS), _years(today, COMING_YEARS)
    write_signer(folder, "former", Signer(make_csca(former_name, former_key, life), former_key))
    write_signer(folder, "coming", Signer(make_csca(coming.name, coming_key, after), coming_key))
    now = (state.csca.not_valid_before_utc.date(), life[1])
    _write_link(folder, "link", make_link(former, state.csca.subject, state.csca_key, now))
    _write_link(folder, "coming-link", make_link(state.issuer, coming.name, coming_key, after))
    _make_signer(state, "former-signer", former, _years(today, FORMER_SIGNER_YEARS))
    _make_signer(state, "coming-signer", coming, _years(today, COMING_SIGNER_YEARS))
    _make_signer(state, "revoked-signer", state.issuer, signer_period(today))
    for name, purpose in (("list-signer", LIST_SIGNING), ("deviation-signer", DEVIATION_SIGNING)):
        key = make_key(spec.signer)
        signer = make_list_signer(state.issuer, spec, key, signer_period(today), purpose)
        write_signer(folder, name, Signer(signer, key, spec.pss))


def _load(state: State) -> Authority:
    folder, pss = state.folder, state.spec.pss
    former, coming, *signers = (
        read_signer(folder, name, pss)
        for name in (
            "former", "coming", "former-signer", "coming-signer", "revoked-signer", "list-signer", "deviation-signer"
        )
    )  # fmt: skip
    link, coming_link = (
        x509.load_der_x509_certificate((folder / f"{name}.der").read_bytes()) for name in ("link", "coming-link")
    )
    today = Generation(Signer(state.csca, state.csca_key), link, state.signer)
    generations = (Generation(former, None, signers[0]), today, Generation(coming, coming_link, signers[1]))
    return Authority(state, generations, *signers[2:])


def _make_signer(state: State, name: str, issuer: Issuer, period: Period) -> None:
    key = make_key(state.spec.signer)
    write_signer(state.folder, name, Signer(make_signer(issuer, state.spec, key, period), key, state.spec.pss))


def _write_link(folder: Path, name: str, link: x509.Certificate) -> None:
    (folder / f"{name}.der").write_bytes(der_of(link))


def _years(today: date, span: tuple[int, int]) -> Period:
    return years_before(today, span[0]), years_before(today, span[1])


def _fingerprint(state: State) -> str:
    return sha256(state.csca_der).hexdigest()
