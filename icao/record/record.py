"""What may be kept of an inspection? That depends on the log class. (BSI TR-03135-1, 5.3, 5.4 and 6; TR-03135-2, 4.3)

1. Basic says how the inspection went, and nothing of the person or of this one document.
2. Standard adds the signer and what was believed. Where a check that counts failed or stayed undetermined, it adds its
   sentence, the zones and the digests of the files, for somebody has to look into it.
3. Full adds these always, and the files themselves, except faces, fingers and irises.

Results are told in the guideline's words. Of its XML schemas there is no copy here: the record follows their structure
(transaction; optical, electronic, combined and seal checks) in names of its own.
"""

import re
from collections.abc import Sequence
from datetime import UTC
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from icao.checks import Check, Mode, Result, overall
from icao.mrz.codes import meaning
from icao.mrz.zone import Mrz
from icao.pki.certificates import Certificate
from icao.record.facts import Inspected

FORMAT: Final = "borderpost-inspection-record-1"
MAX_CHECKS: Final = 100
MAX_DETAIL_CHARACTERS: Final = 1000
DOUBTFUL: Final = (Result.FAILED, Result.UNDETERMINED)
BIOMETRIC: Final = frozenset({"DG2", "DG3", "DG4"})

# Where the guideline describes a check: part 1, by the beginning of its id. The longest beginning counts.
SECTIONS: Final = {
    "access": "5.6.3", "ta": "5.6.3", "chip": "5.6.3", "aa": "5.6.4.1", "ca": "5.6.4.1", "cam": "5.6.4.1",
    "pa": "5.6.4.2.1", "pa.chain": "5.6.4.3", "pa.ds_validity": "5.6.4.3", "pa.csca_validity": "5.6.4.3",
    "pa.crl": "5.6.4.3", "pa.document_type": "5.6.4.3", "pa.deviation": "5.8", "pa.dg_hash": "5.6.4.4",
    "pa.country": "5.6.4.5", "lds": "5.6.4.4", "mrz.printed": "5.5.4.1", "mrz.match": "5.7.2", "seal": "5.9.1",
    "seal.parse": "5.9.1.1", "seal.signature": "5.9.1.2", "seal.chain": "5.9.1.3", "seal.validity": "5.9.1.3",
    "seal.crl": "5.9.1.3", "seal.purpose": "5.9.1.3", "seal.country": "5.9.1.5", "seal.match": "5.7.7",
}  # fmt: skip
GROUPS: Final = {"5.5": "optical_checks", "5.6": "electronic_checks", "5.7": "combined_checks", "5.9": "seal_checks"}
ELECTRONIC: Final = "electronic_checks"
WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # ids and codes; anything else is not ours


class LogClass(StrEnum):
    BASIC = "basic"
    STANDARD = "standard"
    FULL = "full"


def record(inspected: Inspected, log_class: LogClass) -> dict[str, Any]:  # Any: JSON
    """The record, in the order in which it is written; what is not known is None."""
    more, full = log_class is not LogClass.BASIC, log_class is LogClass.FULL
    checks = inspected.checks[:MAX_CHECKS]
    personal = full or (more and any(_doubtful(check) for check in checks))
    return {
        "format": FORMAT,
        "log_class": log_class.value,
        "transaction": {
            "id": inspected.transaction,
            "began": inspected.began.astimezone(UTC).isoformat(timespec="milliseconds"),
            "duration_ms": round(inspected.duration_ms, 3),
        },
        "system": {name: getattr(inspected.system, name) or None for name in inspected.system.__slots__},
        "document": _document(inspected.chip_zone or inspected.printed),
        "result": _word(overall(inspected.checks)),
        **_grouped(checks, log_class),
        "zone": _zone(inspected),
        "chip": _chip(inspected),
        "signer": _signer(inspected.signer, more),
        "trusted": [_source(source.name, source.issued, source.entries) for source in inspected.trusted]
        if more
        else [],
        "person": _person(inspected) if personal else None,
        "files": _files(inspected, contents=full) if personal else [],
    }


def _grouped(checks: Sequence[Check], log_class: LogClass) -> dict[str, list[dict[str, Any]]]:  # Any: JSON
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS.values()}
    for check in checks:
        section = section_of(check.id)
        groups[GROUPS.get(section[:3], ELECTRONIC)].append(_check(check, section, log_class))
    return groups


def section_of(id: str) -> str:
    """Where TR-03135-1 describes this check; empty for one that it does not know.

    >>> section_of("pa.dg_hash.2"), section_of("pa.parse"), section_of("mrz.match")
    ('5.6.4.4', '5.6.4.2.1', '5.7.2')
    """
    parts = id.split(".")
    beginnings = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((SECTIONS[beginning] for beginning in beginnings if beginning in SECTIONS), "")


def _check(check: Check, section: str, log_class: LogClass) -> dict[str, Any]:  # Any: JSON
    # A sentence may quote what a document says; only words of ours go into the basic record.
    told = log_class is LogClass.FULL or (log_class is LogClass.STANDARD and _doubtful(check))
    return {
        "id": _ours(check.id),
        "section": section or None,
        "result": _word(check.result),
        "mode": check.mode.value,
        "code": _ours(check.code),
        "duration_ms": None if check.duration_ms is None else round(check.duration_ms, 3),
        "detail": (check.detail[:MAX_DETAIL_CHARACTERS] or None) if told else None,
    }


def _doubtful(check: Check) -> bool:
    """Reason enough to keep what a document says. No list at hand is no reason: that holds for everybody."""
    return check.result in DOUBTFUL and check.mode is not Mode.EVALUATORY


def _document(zone: Mrz | None) -> dict[str, Any] | None:  # Any: JSON
    """What kind of document it is. A letter or a code that nobody has may be a piece of a name, so it is left out."""
    if zone is None:
        return None
    kind = zone.document_code[:1]
    return {
        "type": kind if kind in "PIACV" else None,
        "issuing_state": zone.issuing_state if meaning(zone.issuing_state) else None,
        "format": zone.format,
    }


def _zone(inspected: Inspected) -> dict[str, Any] | None:  # Any: JSON
    """Whether the printed zone agrees with itself, digit by digit; not what it says."""
    printed = inspected.printed
    if printed is None:
        return None
    digits = [{"name": name, "agrees": agrees} for name, agrees in printed.check_digits.items()]
    return {"agrees": printed.ok, "repaired": len(inspected.repairs), "check_digits": digits}


def _chip(inspected: Inspected) -> dict[str, Any]:  # Any: JSON
    timings = [{"name": _ours(name), "ms": round(ms, 3)} for name, ms in inspected.timings_ms.items()]
    return {
        "protocol": inspected.protocol or None,
        "commands": inspected.commands,
        "wire_bytes": inspected.wire_bytes,
        "timings": timings,
    }


def _signer(signer: Certificate | None, more: bool) -> dict[str, Any] | None:  # Any: JSON
    if signer is None:
        return None
    if not more:
        return {"country": signer.country if len(signer.country) == 2 else None}
    return {
        "country": signer.country or None,
        "issuer": signer.issuer,
        "serial": f"{signer.serial:x}",
        "sha256": sha256(signer.der).hexdigest(),
        "begins": signer.begins.isoformat(),
        "ends": signer.ends.isoformat(),
    }


def _source(name: str, issued: str, entries: int | None) -> dict[str, Any]:  # Any: JSON
    return {"name": name, "issued": issued or None, "entries": entries}


def _person(inspected: Inspected) -> dict[str, Any]:  # Any: JSON
    """What the document says of its holder, as it is written there."""
    return {
        "printed_lines": [] if inspected.printed is None else list(inspected.printed.lines),
        "chip_lines": [] if inspected.chip_zone is None else list(inspected.chip_zone.lines),
        "repairs": [{name: getattr(repair, name) for name in repair.__slots__} for repair in inspected.repairs],
    }


def _files(inspected: Inspected, contents: bool) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {
            "name": name,
            "size_bytes": len(content),
            "sha256": sha256(content).hexdigest(),
            "content": content.hex() if contents and name not in BIOMETRIC else None,
        }
        for name, content in sorted(inspected.files.items())
    ]


def _word(result: Result) -> str:
    """As the guideline spells it."""
    return result.value.replace("_", " ")


def _ours(word: str) -> str | None:
    return word if WORD.fullmatch(word) else None
