"""What does a post get from the states? Their CSCAs by hand; CRLs, a master list and the directory's LDIF by wire.

Utopia signs the master list, and nobody vouches for the state that nobody knows.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

from simulators.issuing.authority import Authority, open_authority
from simulators.issuing.directory import Entry, ldif
from simulators.issuing.lists import SOD_SIGNATURE_WRONG, Deviation, deviation_list, master_list
from simulators.issuing.state import State

LIST_SIGNER: Final = "UTO"


def write_handout(states: Mapping[str, State], folder: Path, today: date) -> dict[str, str]:
    """crl/*.crl, masterlist.ml, deviations.dvl and pkd.ldif below ``folder``; where each is, by kind."""
    known = {code: open_authority(state) for code, state in states.items() if state.spec.trusted}
    at = datetime.combine(today, time(6, 0), UTC)
    crls = {code: authority.crl(today) for code, authority in known.items()}
    master = _master_list(known, at)
    files = {"masterlist.ml": master, "deviations.dvl": _deviations(known, at), "pkd.ldif": _ldif(known, crls, master)}
    for name, content in (files | {f"crl/{code.lower()}.crl": crl for code, crl in crls.items()}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    places = {"crl": "crl", "master_list": "masterlist.ml", "deviation_list": "deviations.dvl", "ldif": "pkd.ldif"}
    return {kind: str(folder / name) for kind, name in places.items()}


def _master_list(known: Mapping[str, Authority], at: datetime) -> bytes:
    signer = known[LIST_SIGNER]
    everybody = [each for authority in known.values() for each in authority.certificates]
    return master_list(everybody, signer.list_signer, at, [signer.state.csca_der])


def _deviations(known: Mapping[str, Authority], at: datetime) -> bytes:
    """Utopia owns up to what its signer before did."""
    authority = known[LIST_SIGNER]
    former = authority.generations[0].signer.der
    told = Deviation(SOD_SIGNATURE_WRONG, former, description="Signatures of this signer may be wrong")
    return deviation_list([told], authority.deviation_signer, at)


def _ldif(known: Mapping[str, Authority], crls: Mapping[str, bytes], master: bytes) -> bytes:
    entries = [Entry("ml", known[LIST_SIGNER].state.spec.country, master)]
    for code, authority in known.items():
        signers = (*(each.signer for each in authority.generations), authority.revoked_signer)
        country = authority.state.spec.country
        entries += [Entry("dsc", country, signer.der, number) for number, signer in enumerate(signers, 1)]
        entries.append(Entry("crl", country, crls[code]))
    return ldif(entries)
