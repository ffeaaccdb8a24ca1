"""What do a state's lists say of a document, and who may say it? (Doc 9303-12, 7.1.4 and 10; attack A14)"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from simulators.issuing import revocation
from simulators.issuing.catalogue.entry import Case, DocumentCase, Entry, Make, Right, Trusted, failed, undetermined
from simulators.issuing.catalogue.signers import UTOPIA, own_key, utopian_signer
from simulators.issuing.catalogue.world import World
from simulators.issuing.certificates import (
    DEVIATION_SIGNING,
    Issuer,
    make_csca,
    make_list_signer,
    name_of,
    signer_period,
)
from simulators.issuing.lists import SOD_SIGNATURE_WRONG, Deviation, deviation_list
from simulators.issuing.state import Signer, der_of

NEIGHBOUR: Final = "NRV"
CRL_DAYS: Final = 90
STALE_DAYS: Final = 200
NO_CRL: Final = Right(notes=undetermined(pa__crl="no-crl"))
REVOKED: Final = Right(failed(pa__crl="signer-revoked"))


def _listed(world: World, case: DocumentCase, *crls: bytes) -> Case:
    return replace(case, trusted=replace(case.trusted, crls=crls))


def _revoked(crl: Callable[[World], bytes]) -> Make:
    """A passport of the signer that Utopia took back, and that list."""

    def make(world: World) -> Case:
        signer = world.authority(UTOPIA).revoked_signer
        return _listed(world, world.case(world.plain(UTOPIA, signer)), crl(world))

    return make


def _good(crl: Callable[[World], bytes]) -> Make:
    """A passport whose signer is good, and that list."""
    return lambda world: _listed(world, world.case(world.plain()), crl(world))


def _todays(world: World) -> bytes:
    return world.authority(UTOPIA).crl(world.today)


def _stale(world: World) -> bytes:
    return world.authority(UTOPIA).crl(world.today, stale=True)


def _old_that_revokes(world: World) -> bytes:
    authority = world.authority(UTOPIA)
    return _crl(world, authority.state.issuer, authority.revoked_signer.certificate.serial_number, STALE_DAYS)


def _strangers(world: World) -> bytes:
    """It bears the state's name, and takes a good signer back."""
    state = world.states[UTOPIA]
    return _crl(world, Issuer(state.csca.subject, own_key(1)), state.signer.certificate.serial_number)


def _neighbours(world: World) -> bytes:
    """Serial numbers count below one issuer only."""
    neighbour = world.states[NEIGHBOUR]
    issuer = Issuer(neighbour.csca.subject, neighbour.csca_key, neighbour.spec.pss)
    return _crl(world, issuer, world.states[UTOPIA].signer.certificate.serial_number)


def _of_another_authority(world: World) -> Case:
    """One state, two CSCAs (China and Hong Kong): each counts its own signers."""
    state, key = world.states[UTOPIA], own_key(3)
    name = name_of(state.spec, "CSCA of the Islands")
    islands = make_csca(name, key, signer_period(world.today))
    crl = _crl(world, Issuer(name, key), state.signer.certificate.serial_number)
    known = (*world.trusted(UTOPIA).anchors, der_of(islands))
    return replace(world.case(world.plain()), trusted=Trusted(known, crls=(crl,)))


def _crl(world: World, issuer: Issuer, serial: int, days_ago: int = 1) -> bytes:
    begins = world.today - timedelta(days=days_ago)
    return revocation.crl(issuer, (begins, begins + timedelta(days=CRL_DAYS)), [serial])


# --- deviations ---
def _deviating(numbers: bool, by: Callable[[World], Signer]) -> Make:
    """The state lists this document, or all of its signer."""

    def make(world: World) -> Case:
        case = world.case(world.plain())
        signer = world.states[UTOPIA].signer.der
        told = Deviation(SOD_SIGNATURE_WRONG, signer)
        if numbers:
            told = Deviation(SOD_SIGNATURE_WRONG, numbers=(case.passport.number,))
        signed_at = datetime.combine(world.today - timedelta(days=1), time(6), UTC)
        listed = deviation_list([told], by(world), signed_at)
        return replace(case, trusted=replace(case.trusted, deviation_lists=(listed,)))

    return make


def _list_signer(world: World) -> Signer:
    return world.authority(UTOPIA).deviation_signer


def _forged_list_signer(world: World) -> Signer:
    state = world.states[UTOPIA]
    forger = Issuer(state.csca.subject, own_key(1))
    made = make_list_signer(forger, state.spec, own_key(), signer_period(world.today), DEVIATION_SIGNING)
    return Signer(made, own_key())


ENTRIES: Final = (
    Entry("revoked-signer", "Its signer's certificate was taken back.", _revoked(_todays), REVOKED, "A14"),
    Entry("revoked-signer-old-crl", "The list that takes its signer back is old; taken back it stays.",
          _revoked(_old_that_revokes), REVOKED, "A14"),
    Entry("revoked-signer-no-crl", "Its signer was taken back, and no list has come: nobody here can know it.",
          lambda world: world.case(world.plain(UTOPIA, world.authority(UTOPIA).revoked_signer)), NO_CRL, "A14"),
    Entry("stale-crl", "There should long be a newer revocation list.", _good(_stale),
          Right(undetermined(pa__crl="crl-stale")), "A14"),
    Entry("crl-by-a-stranger", "A revocation list in the state's name that its key did not sign.", _good(_strangers),
          Right(undetermined(pa__crl="crl-untrusted")), "A14"),
    Entry("crl-of-a-neighbour", "A neighbour's list names the same serial number: it says nothing of this state.",
          _good(_neighbours), NO_CRL, "A14"),
    Entry("crl-of-another-authority", "The list of another authority of the same state names the same serial number.",
          _of_another_authority, NO_CRL, "A14"),
    Entry("listed-signer", "The state lists what its signer signed as deviating.", _deviating(False, _list_signer),
          Right(failed(pa__deviation="signer-listed"))),
    Entry("listed-document", "The state lists this document as deviating.", _deviating(True, _list_signer),
          Right(failed(pa__deviation="document-listed"))),
    Entry("deviation-list-by-a-stranger", "A deviation list in the state's name that nobody of it signed.",
          _deviating(False, _forged_list_signer), Right(undetermined(pa__deviation="deviation-list-untrusted"))),
    Entry("deviation-list-by-a-document-signer", "A document signer signed the deviation list.",
          _deviating(False, utopian_signer), Right(undetermined(pa__deviation="deviation-list-untrusted")), "A12"),
)  # fmt: skip
