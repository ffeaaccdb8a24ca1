"""What is an entry of the catalogue? What somebody did to a document, and the verdict that is right about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from icao.checks import SEVERITY, Result
from icao.chip.terminal_authentication import Terminal
from icao.pki.certificates import parse_certificate
from icao.pki.crl import parse_crl
from icao.pki.deviation_list import parse_deviation_list
from icao.pki.trust import TrustedSet
from simulators.issuing.passports import Passport

if TYPE_CHECKING:
    from simulators.issuing.catalogue.world import World

Answer = tuple[Result, str]  # of one check, with its code


@dataclass(frozen=True, slots=True)
class Right:
    """The verdict that is right.

    ``decides`` are all mandatory checks that must not be successful, each with result and code; none for a genuine
    document. ``notes`` are other checks that must say something. ``refused``: there is no verdict at all, but an error
    with this code.
    """

    decides: Mapping[str, Answer] = field(default_factory=dict)
    notes: Mapping[str, Answer] = field(default_factory=dict)
    refused: str = ""

    @property
    def result(self) -> Result | None:
        """The worst of what decides; None where there is no verdict."""
        if self.refused:
            return None
        found = {result for result, _ in self.decides.values()}
        return next((result for result in SEVERITY if result in found), Result.SUCCESSFUL)


GENUINE: Final = Right()


def failed(**codes: str) -> dict[str, Answer]:
    """By check, its dots written as two underscores.

    >>> failed(pa__chain="issuer-forged")
    {'pa.chain': (<Result.FAILED: 'failed'>, 'issuer-forged')}
    """
    return _answers(Result.FAILED, codes)


def undetermined(**codes: str) -> dict[str, Answer]:
    return _answers(Result.UNDETERMINED, codes)


def aborted(**codes: str) -> dict[str, Answer]:
    return _answers(Result.ABORTED, codes)


def not_supported(**codes: str) -> dict[str, Answer]:
    return _answers(Result.NOT_SUPPORTED, codes)


def _answers(result: Result, codes: Mapping[str, str]) -> dict[str, Answer]:
    return {id.replace("__", "."): (result, code) for id, code in codes.items()}


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the inspecting post has been given, as DER: CSCAs to believe, and what came over wires."""

    anchors: tuple[bytes, ...] = ()
    signers: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    deviation_lists: tuple[bytes, ...] = ()

    def as_set(self) -> TrustedSet:
        return TrustedSet(
            map(parse_certificate, self.anchors),
            map(parse_certificate, self.signers),
            map(parse_crl, self.crls),
            map(parse_deviation_list, self.deviation_lists),
        )

    def files(self) -> dict[str, bytes]:
        """As a trust store imports them."""
        kinds = (("csca", "der", self.anchors), ("signer", "der", self.signers), ("list", "crl", self.crls))
        named = (*kinds, ("deviations", "dvl", self.deviation_lists))
        return {f"{kind}-{at}.{end}": der for kind, end, ders in named for at, der in enumerate(ders, 1)}


@dataclass(frozen=True, slots=True, repr=False)
class DocumentCase:
    """A document to lay on a reader, and what is known where it is inspected.

    The reader opens it with the printed zone, or with ``can``. ``wanted`` are the data groups to read, None: as a gate
    does. ``allow_bac`` and ``terminal`` are the inspector's. ``portrait``: the picture of DG2 is to be decoded as well.
    """

    passport: Passport
    trusted: Trusted
    can: str = ""
    wanted: tuple[int, ...] | None = None
    allow_bac: bool = False
    terminal: Terminal | None = None
    portrait: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class SealCase:
    """A seal as text or bytes, or a picture of it, and the zone printed beside it, if there is one."""

    content: bytes
    trusted: Trusted
    printed: tuple[str, ...] = ()


Case = DocumentCase | SealCase
Make = Callable[["World"], Case]


class Kind(StrEnum):
    """With which command it is judged."""

    DOCUMENT = "document"  # read, and verify where its chip is honest
    SEAL = "seal"


@dataclass(frozen=True, slots=True)
class Entry:
    """``attack`` is an id of the attack catalogue (docs/catalogue.md), empty where none is meant."""

    name: str
    says: str
    make: Make
    right: Right = GENUINE
    attack: str = ""
    kind: Kind = Kind.DOCUMENT
