"""A whole little state: real EF.SODs, and passive authentication of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache

from icao.checks import Check
from icao.passive import verify
from icao.pki.certificates import parse_certificate
from icao.pki.trust import TrustedSet
from simulators.issuing.certificates import Issuer, make_csca, make_key, make_signer, name_of, signer_period
from simulators.issuing.sod import sod
from simulators.issuing.state import Signer
from simulators.issuing.states import STATES, Keys

TODAY = date(2026, 11, 24)
SIGNED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@cache
def state() -> tuple[Signer, Signer]:
    """Utopia's CSCA and its document signer."""
    spec, period = STATES["UTO"], signer_period(TODAY)
    root, key = make_key(Keys.EC_P256), make_key(Keys.EC_P256)
    csca = make_csca(name_of(spec, "CSCA"), root, period)
    return Signer(csca, root), Signer(make_signer(Issuer(csca.subject, root), spec, key, period), key)


def sod_over(groups: Mapping[int, bytes]) -> bytes:
    return sod(groups, state()[1], SIGNED_AT)


def with_sod(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """These files as a state would issue them."""
    return {**files, "SOD": sod_over(groups_of(files))}


def passive(files: Mapping[str, bytes]) -> tuple[Check, ...]:
    """What passive authentication says of these files, to somebody who trusts the state."""
    return verify(files["SOD"], groups_of(files), TrustedSet([parse_certificate(state()[0].der)]), TODAY)


def groups_of(files: Mapping[str, bytes]) -> dict[int, bytes]:
    return {int(name[2:]): content for name, content in files.items() if name.startswith("DG")}
