"""What is each CBOR message, for a reader that was not written here? Its grammar in CDDL (RFC 8610).

What is written down by hand here is the form of frame and acknowledgement; bodies that are structs write themselves.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin

from msgspec import Meta, Struct
from msgspec.structs import fields

from messages import limits, shape
from messages.ack import ACK_TYPE, EPOCH_CHARS
from messages.command import ANSWER_TYPE, COMMAND_TYPE, Answer, ArgumentName, ArgumentText, Command
from messages.frame import FRAME_TYPE
from messages.manifest import MANIFEST_TYPE, Chunk, Manifest
from messages.status import STATUS_TYPE

BODIES: Final[dict[str, tuple[type[Struct], str]]] = {
    "command": (Command, COMMAND_TYPE),
    "answer": (Answer, ANSWER_TYPE),
    "manifest": (Manifest, MANIFEST_TYPE),
}
HEAD: Final = """\
; Written by `python -m messages.contract`: the CBOR messages of docs/contract.md, sections 3 and 13.
; Keys of a map stand here as a person reads them. On the wire they stand in the order of their encoded bytes
; (RFC 8949, 4.2.1): 1, 3, 4, then -1, -2, then texts, a shorter one before a longer one. Else: not-cbor.
"""
FRAME: Final = f"""\
; A frame on `evt`: COSE_Sign1 (tag 18) around COSE_Encrypt (tag 96) around events. Deterministic encoding throughout.
frame = #6.18([frame-protected, empty, frame-payload, signature])
frame-protected = bstr .cbor frame-header
frame-header = {{1: -8, 3: "{FRAME_TYPE}", 4: kid, "boot": bstr .size 16, "seqs": [first: nth, last: nth]}}
frame-payload = bstr .cbor sealed
sealed = #6.96([body-protected, {{5: bstr .size 12}}, ciphertext, [recipient]])
body-protected = bstr .cbor {{1: 3}}
ciphertext = bstr
recipient = [recipient-protected, {{-1: ephemeral, 4: kid}}, bstr .size 0]
recipient-protected = bstr .cbor {{1: -25}}
ephemeral = {{1: 1, -1: 4, -2: bstr .size 32}}
; The plaintext of `ciphertext`; a name that is not here is ignored.
inside = {{
  "v": 1,
  "region": name,
  "post": name,
  "device": name,
  "boot": boot,
  "first": nth,
  ? "number": count,
  "events": [1*{limits.EVENTS_PER_FRAME_MAX} bstr],
  * (tstr / int) => any,
}}

; An acknowledgement on `ack`.
ack = #6.18([ack-protected, empty, ack-payload, signature])
ack-protected = bstr .cbor {{1: -8, 3: "{ACK_TYPE}", 4: kid}}
ack-payload = bstr .cbor ack-body
ack-body = {{
  "v": 1,
  "device": name,
  "boot": boot,
  "seqs": [1*{limits.ACK_RANGES_MAX} [first: nth, last: nth]],
  ? "epoch": tstr .regexp "[0-9a-f]{{{EPOCH_CHARS}}}",
  ? "epoch_number": nth,
  * (tstr / int) => any,
}}

; A status on `tel`: a JSON object, signed.
status = #6.18([status-protected, empty, json-object, signature])
status-protected = bstr .cbor {{1: -8, 3: "{STATUS_TYPE}", 4: kid}}
json-object = bstr
"""


def grammar() -> str:
    """The whole file ``docs/schemas/borderpost.cddl``."""
    bodies = [_signed(name, kind, content_type) for name, (kind, content_type) in BODIES.items()]
    chunk = f"; A part of a list on `list`; the only message that is not signed.\nchunk = {_map(Chunk)}\n"
    return "\n".join([HEAD, FRAME, *bodies, chunk, _common()])


def _common() -> str:
    forms = {"name": shape.NAME, "boot": shape.BOOT, "code": shape.CODE, "code-or-none": shape.CODE_OR_NONE}
    texts = "".join(f"{name} = {_text(form)}\n" for name, form in {**forms, "line": shape.PLAIN}.items())
    numbers = f"count = 0..{limits.COUNT_MAX}\nnth = 1..{limits.COUNT_MAX}\n"
    return f"empty = {{}}\nsignature = bstr .size 64\nkid = bstr\n{texts}{numbers}"


def _signed(name: str, kind: type[Struct], content_type: str) -> str:
    return (
        f"{name} = #6.18([{name}-protected, empty, {name}-payload, signature])\n"
        f'{name}-protected = bstr .cbor {{1: -8, 3: "{content_type}", 4: kid}}\n'
        f"{name}-payload = bstr .cbor {name}-body\n{name}-body = {_map(kind)}\n"
    )


def _map(kind: type[Struct]) -> str:
    rows = [f'{"" if field.required else "? "}"{field.encode_name}": {_type(field.type)}' for field in fields(kind)]
    return "{\n" + "".join(f"  {row},\n" for row in ['"v": 1', *rows]) + "  * tstr => any\n}"


def _type(hint: Any) -> str:  # Any: a type hint
    if name := NAMED.get(hint):
        return name
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments)
    if origin is Union or origin is type(int | None):
        return " / ".join(map(_type, arguments))
    assert issubclass(hint, StrEnum)  # noqa: S101  # a body holds nothing else
    return " / ".join(f'"{member}"' for member in hint)


def _annotated(arguments: tuple[Any, ...]) -> str:  # Any: a type hint and its rules
    kind, bounds = arguments[0], next(rule for rule in arguments if isinstance(rule, Meta))
    if kind is int:
        return f"{bounds.ge}..{bounds.le}"
    if kind is bytes:
        low, high = bounds.min_length or 0, bounds.max_length
        return f"bstr .size {low}" if low == high else f"bstr .size ({low}..{high})"
    key, value = get_args(kind)
    return f"{{*{bounds.max_length} {_type(key)} => ({_type(value)})}}"


def _text(form: shape.Form) -> str:
    escaped = form.regex.replace("\\", "\\\\")
    return f'tstr .regexp "{escaped}"'


NAMED: Final[dict[Any, str]] = {  # Any: a type hint
    shape.Count: "count",
    shape.Number: "nth",
    shape.Name: "name",
    shape.Boot: "boot",
    shape.Code: "code",
    shape.CodeOrNone: "code-or-none",
    ArgumentName: "code",
    ArgumentText: "line",
}
