"""What is each CBOR message, for a reader that was not written here? Its grammar in CDDL (RFC 8610).

What is written down by hand here is the form of frame and acknowledgement; bodies that are structs write themselves.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin

from msgspec import Meta, Struct
from msgspec.structs import fields

from messages import limits, shape
from messages.ack import ACK_TYPE
from messages.command import ANSWER_TYPE, COMMAND_TYPE, Answer, Command
from messages.frame import FRAME_TYPE
from messages.manifest import MANIFEST_TYPE, Chunk, Manifest
from messages.status import STATUS_TYPE

BODIES: Final[dict[str, tuple[type[Struct], str]]] = {
    "command": (Command, COMMAND_TYPE),
    "answer": (Answer, ANSWER_TYPE),
    "manifest": (Manifest, MANIFEST_TYPE),
}
FRAME: Final = f"""\
; A frame on `evt`: COSE_Sign1 (tag 18) around COSE_Encrypt (tag 96) around events. Deterministic encoding throughout.
frame = #6.18([protected: bstr .cbor frame-header, {{}}, payload: bstr .cbor sealed, signature: bstr .size 64])
frame-header = {{1: -8, 3: "{FRAME_TYPE}", 4: kid, "boot": bstr .size 16, "seqs": [first: number, last: number]}}
sealed = #6.96([bstr .cbor {{1: 3}}, {{5: bstr .size 12}}, ciphertext: bstr, [recipient]])
recipient = [bstr .cbor {{1: -25}}, {{-1: {{1: 1, -1: 4, -2: bstr .size 32}}, 4: kid}}, h'']
; the plaintext of `ciphertext`; a name that is not here is ignored
inside = {{"v": 1, "region": name, "post": name, "device": name, "boot": boot, "first": number, ? "number": count,
          "events": [1*{limits.EVENTS_PER_FRAME_MAX} bstr], * (tstr / int) => any}}

; An acknowledgement on `ack`.
ack = #6.18([bstr .cbor header<"{ACK_TYPE}">, {{}}, bstr .cbor ack-body, bstr .size 64])
ack-body = {{"v": 1, "device": name, "boot": boot, "seqs": [1*{limits.ACK_RANGES_MAX} [first: number, last: number]],
            ? "epoch": tstr .regexp "[0-9a-f]{{16}}", * (tstr / int) => any}}

; A status on `tel`: a JSON object, signed.
status = #6.18([bstr .cbor header<"{STATUS_TYPE}">, {{}}, json: bstr, bstr .size 64])
"""
COMMON: Final = f"""\
header<type> = {{1: -8, 3: type, 4: kid}}
kid = bstr
name = tstr .regexp "{shape.NAME.regex}"
boot = tstr .regexp "{shape.BOOT.regex}"
count = 0..{limits.COUNT_MAX}
number = 1..{limits.COUNT_MAX}
"""


def grammar() -> str:
    """The whole file ``docs/schemas/borderpost.cddl``."""
    head = "; Written by `python -m messages.contract`: the CBOR messages of docs/contract.md, sections 3 and 13.\n"
    bodies = [_signed(name, kind, content_type) for name, (kind, content_type) in BODIES.items()]
    chunk = f"; A part of a list on `list`; the only message that is not signed.\nchunk = {_map(Chunk)}\n"
    return "\n".join([head, FRAME, *bodies, chunk, COMMON])


def _signed(name: str, kind: type[Struct], content_type: str) -> str:
    envelope = f'#6.18([bstr .cbor header<"{content_type}">, {{}}, bstr .cbor {name}-body, bstr .size 64])'
    return f"{name} = {envelope}\n{name}-body = {_map(kind)}\n"


def _map(kind: type[Struct]) -> str:
    rows = [f'{"" if field.required else "? "}"{field.encode_name}": {_type(field.type)}' for field in fields(kind)]
    return "{\n" + "".join(f"  {row},\n" for row in ['"v": 1', *rows]) + "  * tstr => any\n}"


def _type(hint: Any) -> str:  # Any: a type hint
    if hint in (shape.Count, shape.Number, shape.Name, shape.Boot):
        return {shape.Count: "count", shape.Number: "number", shape.Name: "name", shape.Boot: "boot"}[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments)
    if origin is Union or origin is type(int | None):
        return " / ".join(map(_type, arguments))
    assert issubclass(hint, StrEnum)  # noqa: S101  # a body holds nothing else
    return " / ".join(f'"{member}"' for member in hint)


def _annotated(arguments: tuple[Any, ...]) -> str:  # Any: a type hint and its rules
    bounds = next(rule for rule in arguments if isinstance(rule, Meta))
    form = next((rule for rule in arguments if isinstance(rule, shape.Form)), None)
    kind = arguments[0]
    if kind is int:
        return f"{bounds.ge}..{bounds.le}"
    if kind is bytes:
        low, high = bounds.min_length or 0, bounds.max_length
        return f"bstr .size {low}" if low == high else f"bstr .size ({low}..{high})"
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        return f"{{*{bounds.max_length} ({_type(key)}) => {_type(value)}}}"
    pattern = form.regex if form else str(bounds.pattern).removeprefix("^").removesuffix(r"\Z")
    escaped = pattern.replace("\\", "\\\\")
    return f'tstr .regexp "{escaped}"'
