"""Which list is the newest, and what must it be? A numbered word of the region, signed once for all its devices.

The bytes of a list come in chunks that nobody signs: the manifest's digests prove them. ``messages.delta`` makes the
new list out of the one before.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from messages.body import read_body, write_body
from messages.delta import apply_delta
from messages.errors import Quarantine, Refused
from messages.keys import ControlKey, ControlRecord
from messages.limits import (
    CHUNK_MAX_BYTES,
    CHUNK_MESSAGE_MAX_BYTES,
    COUNT_MAX,
    LIST_MAX_BYTES,
    LIST_VALID_MAX_S,
    MANIFEST_MAX_BYTES,
)
from messages.shape import Count, Name, Number, Sha256
from messages.signing import CONTENT_TYPE, expect_header, expect_signature, find_record, sign, take_apart
from messages.topics import ROOT, is_name

MANIFEST_TYPE: Final = "application/vnd.borderpost.manifest+cose; v=1"
Size = Annotated[int, Meta(ge=0, le=LIST_MAX_BYTES)]


class Manifest(Struct, frozen=True, gc=False):
    """``base`` is the number that the delta starts from; 0: there is no delta, its size is 0 and its digest empty.

    ``chunks`` says in how many the whole is cut. Past ``issued_ms`` + ``valid_s`` the list is stale.
    """

    name: Name
    number: Number
    issued_ms: Count
    valid_s: Annotated[int, Meta(ge=1, le=LIST_VALID_MAX_S)]
    size: Annotated[int, Meta(ge=1, le=LIST_MAX_BYTES)]
    digest: Sha256
    base: Count
    delta_size: Size
    delta_digest: Annotated[bytes, Meta(max_length=32)]
    chunks: Annotated[int, Meta(ge=1, le=COUNT_MAX)]


class Chunk(Struct, frozen=True, gc=False):
    """``content`` of the whole or the delta whose digest this is, from byte ``at`` on."""

    digest: Sha256
    at: Size
    content: Annotated[bytes, Meta(min_length=1, max_length=CHUNK_MAX_BYTES)] = field(name="bytes")

    def __repr__(self) -> str:
        return f"Chunk({self.digest.hex()[:8]}, {self.at}, {len(self.content)} bytes)"


def manifest_of(
    name: str, number: int, content: bytes, issued_ms: int, valid_s: int, *, base: int = 0, delta: bytes = b""
) -> Manifest:
    """``delta`` makes ``content`` out of what list ``base`` was."""
    proof = sha256(delta).digest() if base else b""
    digest, chunks = sha256(content).digest(), chunk_count(len(content))
    return Manifest(name, number, issued_ms, valid_s, len(content), digest, base, len(delta), proof, chunks)


def seal_manifest(manifest: Manifest, region: str, key: ControlKey) -> bytes:
    _expect_sense(manifest)
    return sign(write_body(manifest), key, {CONTENT_TYPE: MANIFEST_TYPE}, place_of(region, manifest.name))


def verify_manifest(data: bytes, region: str, name: str, keys: Mapping[str, ControlRecord]) -> Manifest:
    """Believe it only if a known control key signed it for this list of this region; else Refused.

    Whether it is newer than what the device has is the device's to decide (G04: an old one is signed, too).
    """
    if not is_name(name):
        raise Refused(Quarantine.WRONG_TOPIC, "not the name of a list")
    envelope = take_apart(data, MANIFEST_MAX_BYTES)
    expect_header(envelope, MANIFEST_TYPE, set())
    record = find_record(envelope, keys)
    expect_signature(envelope, record, place_of(region, name))
    manifest = read_body(envelope.payload, Manifest)
    if manifest.name != name:
        raise Refused(Quarantine.BAD_EVENTS, "the manifest of another list")
    _expect_sense(manifest)
    return manifest


def place_of(region: str, name: str) -> bytes:
    """What a manifest is bound to instead of a device's topic: the same bytes for every device of the region."""
    return f"{ROOT}/{region}/list/{name}".encode("ascii")


def cut(content: bytes) -> Iterator[bytes]:
    """The chunks of a whole or a delta, as they are sent."""
    digest = sha256(content).digest()
    for at in range(0, len(content), CHUNK_MAX_BYTES):
        yield write_chunk(Chunk(digest, at, content[at : at + CHUNK_MAX_BYTES]))


def write_chunk(chunk: Chunk) -> bytes:
    return write_body(chunk)


def read_chunk(data: bytes) -> Chunk:
    """Proves nothing: whoever puts chunks together compares the whole with the manifest's digest."""
    if len(data) > CHUNK_MESSAGE_MAX_BYTES:
        raise Refused(Quarantine.TOO_LARGE, f"over {CHUNK_MESSAGE_MAX_BYTES} bytes")
    return read_body(data, Chunk)


def chunk_count(size_bytes: int) -> int:
    return -(-size_bytes // CHUNK_MAX_BYTES)


def whole(manifest: Manifest, content: bytes) -> bytes:
    """These are the list's bytes, or Refused."""
    _expect_digest(content, manifest.size, manifest.digest)
    return content


def renewed(manifest: Manifest, base: bytes, delta: bytes) -> bytes:
    """The list that ``delta`` makes out of ``base``, if it is the one that was signed; else Refused."""
    _expect_digest(delta, manifest.delta_size, manifest.delta_digest)
    return whole(manifest, apply_delta(base, delta, manifest.size))


def _expect_digest(content: bytes, size: int, digest: bytes) -> None:
    if len(content) != size or sha256(content).digest() != digest:
        raise Refused(Quarantine.BAD_SIGNATURE, "not the bytes that were signed")


def _expect_sense(manifest: Manifest) -> None:
    has_delta = manifest.base > 0
    sense = (
        manifest.base < manifest.number
        and manifest.chunks == chunk_count(manifest.size)
        and has_delta == (manifest.delta_size > 0)
        and len(manifest.delta_digest) == (32 if has_delta else 0)
    )
    if not sense:
        raise Refused(Quarantine.BAD_EVENTS, "a manifest that contradicts itself")
