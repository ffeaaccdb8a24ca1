"""Is this the paper that the seal was made for? Its zone or its number must say the same. (A30; TR-03137-1, 2.3)"""

from icao.checks import Check, Result
from icao.mrz.zone import Mrz
from icao.seals.seal import Seal

ID = "mrz.match"


def compare(seal: Seal, printed: Mrz) -> Check:
    """The zone against the seal's, as far as the seal keeps it; else the number of the document it is attached to."""
    if seal.zone and same_shape(seal.zone, printed.lines):
        agrees = all(line.startswith(kept) for kept, line in zip(seal.zone, printed.lines, strict=True))
        return _judged(agrees, "The zone on the paper is not the one that was sealed.")
    if seal.attached_to:
        agrees = plain(seal.attached_to) == plain(printed.document_number)
        return _judged(agrees, "The seal belongs to a document with another number.")
    detail = "The seal keeps nothing that stands in this zone: compare what it says with the paper by eye."
    return Check(ID, Result.UNDETERMINED, detail=detail, code="nothing-to-compare")


def same_shape(kept: tuple[str, ...], lines: tuple[str, ...]) -> bool:
    """Whether the seal's zone is of the printed one's format: a visa's is not the passport's beside it."""
    if len(kept) != len(lines) or len(kept[0]) != len(lines[0]):
        return False
    return kept[0].startswith("V") == lines[0].startswith("V")


def plain(number: str) -> str:
    """
    >>> plain("ab 123<")
    'AB123'
    """
    return "".join(character for character in number.upper() if character.isalnum())


def _judged(agrees: bool, detail: str) -> Check:
    # A genuine seal, copied to another paper, verifies: it is caught here or nowhere.
    if agrees:
        return Check(ID, Result.SUCCESSFUL)
    return Check(ID, Result.FAILED, detail=detail, code="seal-of-another-document")
