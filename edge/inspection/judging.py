"""What do the files prove, and what do they say? Pure: the same evidence gives the same verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from edge.gate.events import Reason
from edge.inspection.beside import passive
from edge.inspection.document import Document
from edge.inspection.reasons import reasons_for
from icao.checks import Check, Result
from icao.chip import downgrade, genuineness
from icao.chip.reading import ChipContents
from icao.lds.data_groups import mrz_lines, portrait
from icao.lds.files import EF_CARD_ACCESS, EF_CARD_SECURITY, EF_DG1, EF_DG14, EF_SOD
from icao.mrz.zone import Mrz, MrzError, parse
from icao.passive import verify_card_security
from icao.pki.trust import Trust
from icao.tlv import Garbled

OPENED: Final = Check("access", Result.SUCCESSFUL, detail="The printed zone opened the chip.")
SOUGHT: Final = frozenset({1, 2, 14, 15})

COMPARED: Final = (
    "document_code", "issuing_state", "document_number", "surname", "given_names", "nationality", "birth_date", "sex",
    "expiry_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Inspection:
    """``document`` only when reading worked. ``reasons`` is empty only for a document that passed every check."""

    document: Document | None
    reasons: tuple[Reason, ...]
    timings_ms: Mapping[str, float] = field(hash=False)
    lifted: bool = False  # the chip went while it was read
    checks: tuple[Check, ...] = ()

    def __repr__(self) -> str:  # No name, number or portrait in a log.
        return f"Inspection({self.document!r}, {', '.join(self.reasons) or 'no reasons'}, lifted={self.lifted})"


def judge(
    printed: Mrz,
    files: Mapping[str, bytes],
    trust: Trust,
    today: date,
    *,
    contents: ChipContents | None = None,
    passive_checks: tuple[Check, ...] | None = None,
) -> Inspection:
    """What an inspection makes of the files. Without ``contents`` nothing is known of how they were read, and what the
    chip should have proved is undetermined."""
    if contents is None:
        contents = ChipContents(files, OPENED, 0, 0, sought=SOUGHT)
    if passive_checks is None:
        passive_checks = passive(files, contents.sought, trust, today)
    checks = (Check("mrz.printed", Result.SUCCESSFUL), *chip_checks(contents, passive_checks, trust, today))
    try:
        zone = parse(mrz_lines(files["DG1"]), today)
        face = portrait(files["DG2"])
    except (KeyError, Garbled, MrzError) as error:
        what = f"EF.{error.args[0]} is not on the chip." if isinstance(error, KeyError) else "A data group is garbled."
        checks = (*checks, _content(what))
        return Inspection(None, reasons_for(checks), {}, checks=checks)
    checks = (*checks, zones_agree(printed, zone))
    return Inspection(Document(zone, face, checks), reasons_for(checks), {}, checks=checks)


def chip_checks(
    contents: ChipContents, passive_checks: tuple[Check, ...], trust: Trust, today: date
) -> tuple[Check, ...]:
    """How the chip was opened, what its state signed, and whether it is the chip that its state made."""
    files = contents.files
    card_security = files.get(EF_CARD_SECURITY.name)
    of_mapping = (
        () if card_security is None else verify_card_security(card_security, trust, today, files.get(EF_DG1.name))[0]
    )
    proved = genuineness.judge(files, contents.proofs, passive_checks, of_mapping)
    dg14 = files.get(EF_DG14.name) if genuineness.binds(passive_checks, EF_DG14.short_id) else None
    access = downgrade.judge(contents.access, contents.protocol, files.get(EF_CARD_ACCESS.name), dg14)
    unsigned = () if EF_SOD.name in files else (_content("EF.SOD is not on the chip: nobody vouches for it."),)
    return (access, *passive_checks, *proved, *unsigned)


def zones_agree(printed: Mrz, zone: Mrz) -> Check:
    """The page and the chip must say the same, letter by letter; the page's check digits agreed before."""
    id = "mrz.match"
    if printed.lines != zone.lines:
        differing = [name for name in COMPARED if getattr(printed, name) != getattr(zone, name)] or ["optional data"]
        detail = f"The printed page and the chip differ: {', '.join(differing).replace('_', ' ')}."
        return Check(id, Result.FAILED, detail=detail, code="page-differs")
    return Check(id, Result.SUCCESSFUL)


def _content(detail: str) -> Check:
    return Check("chip.content", Result.FAILED, detail=detail, code="content-missing")
