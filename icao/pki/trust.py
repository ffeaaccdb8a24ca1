"""Whom may passive authentication believe? What somebody decided to trust, asked for by what a signer says of itself.

A post keeps thousands of certificates on disk and needs two of them: so trust is a question, not a list. ``TrustedSet``
answers from memory; the store on disk (edge/inspection) answers from an index. Nothing is verified here: an answer
holds candidates, and only a signature that agrees makes one of them an issuer.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from icao.pki.certificates import Certificate


class Trust(Protocol):
    """What the one who verifies may ask. Every answer is complete: whoever may have signed is in it."""

    @property
    def empty(self) -> bool:
        """Nobody is trusted: no chain can be judged."""

    def issuers_of(self, certificate: Certificate) -> Sequence[Certificate]:
        """All trusted CSCA certificates that may have signed this one: by key id (ids are reused), or by name."""


class TrustedSet:
    """Trust from memory, for tests, tools and whoever holds a handful of certificates."""

    def __init__(self, anchors: Iterable[Certificate] = ()) -> None:
        self._anchors = tuple(anchors)

    @property
    def empty(self) -> bool:
        return not self._anchors

    def issuers_of(self, certificate: Certificate) -> Sequence[Certificate]:
        return [anchor for anchor in self._anchors if may_be_issuer(anchor, certificate)]


def may_be_issuer(anchor: Certificate, of: Certificate) -> bool:
    """Its key id is the authority's, or its name the issuer's: states leave out, reuse and misspell both."""
    same_key = anchor.key_id is not None and anchor.key_id == of.authority_key_id
    return same_key or anchor.subject == of.issuer
