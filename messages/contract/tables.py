"""The tables of docs/contract.md: events, topics, limits, reasons for quarantine."""

import inspect
import re
from typing import Final

from messages import limits
from messages.contract.carried import CARRIED
from messages.contract.words import field_words
from messages.errors import Quarantine
from messages.facts import KINDS
from messages.topics import ROOT

MEANING: Final = {
    Quarantine.TOO_LARGE: "More bytes than the contract allows.",
    Quarantine.NOT_CBOR: "Not CBOR in the deterministic encoding, or more than one item.",
    Quarantine.NOT_A_FRAME: "CBOR, and not of this form; or inside and outside differ.",
    Quarantine.UNKNOWN_VERSION: "A version, or a type of event, that this gateway does not know.",
    Quarantine.UNKNOWN_KEY: "Nobody enrolled the key that is named.",
    Quarantine.REVOKED_KEY: "The key was revoked.",
    Quarantine.WRONG_TOPIC: "The key belongs to a device of another topic.",
    Quarantine.BAD_SIGNATURE: "The signature is not the key's, over these bytes, on this topic.",
    Quarantine.WRONG_REGION: "Sealed to a key that this region does not hold.",
    Quarantine.CANNOT_OPEN: "Signed, and sealed wrongly.",
    Quarantine.BAD_EVENTS: "An event that is no strict JSON, or says what it may not; or it stands in another's place.",
    Quarantine.SEQUENCE_CONFLICT: "Two different events claim one number, or one id: both are kept here.",
}


def tables() -> dict[str, str]:
    """Each table by the name that its marker has in the page."""
    return {"topics": _topics(), "events": _events(), "limits": _limits(), "quarantine": _quarantine()}


def _topics() -> str:
    rows = [
        f"`{ROOT}/{{region}}/{{post}}/{{device}}/{row.channel}` | {row.sender} | {row.name} | `{row.content_type}` |"
        f" {row.signer} | {row.qos} | {row.limit_bytes} | {row.says}"
        for row in CARRIED
    ]
    return _table("topic | from | message | content type | signed by | QoS | at most bytes | says", rows)


def _events() -> str:
    rows = [f"`{name}` | {field_words(kind)} | {_says(kind)}" for name, kind in KINDS.items()]
    return _table("type | data | says", rows)


def _says(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split()).replace("``", "`")


def _limits() -> str:
    found = re.findall(r"^(\w+): Final = ([^#\n]+?)(?:  # (.*))?$", inspect.getsource(limits), re.MULTILINE)
    return _table("limit | value | note", [f"{name} | {getattr(limits, name)} | {note}" for name, _, note in found])


def _quarantine() -> str:
    return _table("reason | what is wrong", [f"`{reason}` | {MEANING[reason]}" for reason in Quarantine])


def _table(head: str, rows: list[str]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {row} |" for row in rows)])
