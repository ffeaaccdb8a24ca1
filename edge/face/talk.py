"""What do the edge and its face process say to each other? Two lengths, JSON, and the bytes of a portrait or none.

The face process eats hostile images, so the edge reads its words as a stranger's: limits, types, nothing unknown.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from struct import Struct
from typing import Any

LENGTHS = Struct(">II")  # JSON, then bytes
JSON_LIMIT_BYTES = 4096
BLOB_LIMIT_BYTES = 1024 * 1024


class TalkGarbledError(Exception):
    """The other end does not speak this language (any more)."""


# --- asked by the edge ---
@dataclass(frozen=True, slots=True)
class Compare:
    """Compare the portrait that follows with the camera, for ``limit_s`` at most."""

    work: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The work is nobody's any more; no answer is due."""


# --- said by the face process ---
@dataclass(frozen=True, slots=True)
class Ready:
    matcher: str
    version: str
    model_sha256: str
    started_s: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Hinted:
    work: int
    hint: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of one work. ``frames`` were looked at, ``good`` compared; ``compare_ms`` is the mean of these."""

    work: int
    outcome: str
    hint: str
    score: float | None
    frames: int
    good: int
    compare_ms: float


@dataclass(frozen=True, slots=True)
class CameraChanged:
    lost: bool
    why: str


Message = Compare | Stop | Ready | Hinted | Answered | CameraChanged
KINDS: dict[str, type[Message]] = {
    "compare": Compare,
    "stop": Stop,
    "ready": Ready,
    "hinted": Hinted,
    "answered": Answered,
    "camera": CameraChanged,
}
WORDS = {kind: word for word, kind in KINDS.items()}


def encode(message: Message, blob: bytes = b"") -> bytes:
    """
    >>> decode_body(encode(Hinted(7, "nobody"))[LENGTHS.size:])
    Hinted(work=7, hint='nobody')
    """
    words = json.dumps({"is": WORDS[type(message)], **asdict(message)}, allow_nan=False).encode()
    return LENGTHS.pack(len(words), len(blob)) + words + blob


def decode_lengths(head: bytes) -> tuple[int, int]:
    words, blob = LENGTHS.unpack(head)
    if not 0 < words <= JSON_LIMIT_BYTES or blob > BLOB_LIMIT_BYTES:
        raise TalkGarbledError("a message beyond its limits")
    return words, blob


def decode_body(words: bytes) -> Message:
    """The message. Raises TalkGarbledError unless kind, names and types are exactly as declared."""
    try:
        said: dict[str, Any] = json.loads(words)  # Any: checked in the next lines
        kind = KINDS[said.pop("is")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TalkGarbledError("no message") from None
    if sorted(said) != sorted(_names(kind)) or not all(_fits(kind, name, said[name]) for name in said):
        raise TalkGarbledError(f"a {WORDS[kind]} with other fields")
    return kind(**said)


def _names(kind: type[Message]) -> Iterator[str]:
    return (field.name for field in fields(kind))


def _fits(kind: type[Message], name: str, value: object) -> bool:
    declared = next(field.type for field in fields(kind) if field.name == name)
    if declared is bool or isinstance(value, bool):
        return declared is bool and isinstance(value, bool)
    if value is None:
        return declared == (float | None)
    if declared in (float, float | None):
        return isinstance(value, int | float)
    return declared is type(value)
