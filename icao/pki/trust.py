"""Whom may passive authentication believe? What somebody decided to trust, asked for by what a signer says of itself.

A post keeps thousands of certificates on disk and needs two of them: so trust is a question, not a list. ``TrustedSet``
answers from memory; the store on disk (edge/inspection) answers from an index. Nothing is verified here: an answer
holds candidates, and only a signature that agrees makes one of them an issuer.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from icao.pki.certificates import Certificate
from icao.pki.cms import SignerId
from icao.pki.crl import Crl
from icao.pki.deviation_list import DeviationList


class Issued(Protocol):
    """What has an issuer: a certificate or a revocation list."""

    @property
    def issuer(self) -> str:
        """Comparable (``icao.pki.names``)."""

    @property
    def authority_key_id(self) -> bytes | None: ...


class Reference(Protocol):
    """What names a signer, as a seal does (``icao.seals.seal.SignerReference``): by serial, or end of SHA-1."""

    @property
    def country(self) -> str: ...
    @property
    def serials(self) -> Sequence[int]: ...
    @property
    def sha1_end(self) -> bytes: ...
    def names(self, certificate: Certificate) -> bool: ...


class Trust(Protocol):
    """What the one who verifies may ask. Every answer is complete: whoever may have signed is in it."""

    @property
    def empty(self) -> bool:
        """Nobody is trusted: no chain can be judged."""

    def issuers_of(self, issued: Issued) -> Sequence[Certificate]:
        """All trusted CSCA certificates that may have signed this: by key id (ids are reused), or by name."""

    def signers_of(self, signer: SignerId) -> Sequence[Certificate]:
        """Document signers that are kept (from a PKD) and are meant by this; trusted only through their chain."""

    def crls_of(self, issuer: Certificate) -> Sequence[Crl]:
        """Revocation lists that may speak of what this CSCA issued: of its name, its key id, or its country."""

    def deviation_lists(self) -> Sequence[DeviationList]:
        """All that are kept; none is believed before its own signature is."""


class TrustedSet:
    """Trust from memory, for tests, tools and whoever holds a handful of certificates."""

    def __init__(
        self,
        anchors: Iterable[Certificate] = (),
        signers: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
        deviation_lists: Iterable[DeviationList] = (),
    ) -> None:
        self._anchors, self._signers = tuple(anchors), tuple(signers)
        self._crls, self._deviation_lists = tuple(crls), tuple(deviation_lists)

    @property
    def empty(self) -> bool:
        return not self._anchors

    def issuers_of(self, issued: Issued) -> Sequence[Certificate]:
        return [anchor for anchor in self._anchors if may_be_issuer(anchor, issued)]

    def signers_of(self, signer: SignerId) -> Sequence[Certificate]:
        return [each for each in self._signers if signer.names(each)]

    def seal_signers(self, reference: Reference) -> Sequence[Certificate]:
        """Signers of seals, which only name their signer (``icao.seals.verify.SealTrust``)."""
        return [each for each in self._signers if reference.names(each)]

    def crls_of(self, issuer: Certificate) -> Sequence[Crl]:
        return [crl for crl in self._crls if crl.country == issuer.country or may_be_issuer(issuer, crl)]

    def deviation_lists(self) -> Sequence[DeviationList]:
        return self._deviation_lists


class WithLists:
    """Somebody's trust, and lists that lie beside it."""

    def __init__(self, trust: Trust, crls: Iterable[Crl] = (), deviation_lists: Iterable[DeviationList] = ()) -> None:
        self._trust, self._beside = trust, TrustedSet(crls=crls, deviation_lists=deviation_lists)

    @property
    def empty(self) -> bool:
        return self._trust.empty

    def issuers_of(self, issued: Issued) -> Sequence[Certificate]:
        return self._trust.issuers_of(issued)

    def signers_of(self, signer: SignerId) -> Sequence[Certificate]:
        return self._trust.signers_of(signer)

    def crls_of(self, issuer: Certificate) -> Sequence[Crl]:
        return [*self._trust.crls_of(issuer), *self._beside.crls_of(issuer)]

    def deviation_lists(self) -> Sequence[DeviationList]:
        return [*self._trust.deviation_lists(), *self._beside.deviation_lists()]


def may_be_issuer(anchor: Certificate, of: Issued) -> bool:
    """Its key id is the authority's, or its name the issuer's: states leave out, reuse and misspell both."""
    same_key = anchor.key_id is not None and anchor.key_id == of.authority_key_id
    return same_key or anchor.subject == of.issuer
