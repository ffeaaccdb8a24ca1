"""How are the chip's files written? EF.COM, EF.DIR, EF.ATR/INFO and every data group. (Doc 9303-10, 3.11, 4.6, 4.7)"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from icao.lds.files import APPLICATION_ID, data_group
from icao.tlv import write
from simulators.issuing.records import PLAIN, FaceForm, Standard, face_record, finger_record, iris_record

FACE, FINGER, IRIS = 0x02, 0x08, 0x10  # CBEFF biometric types, Doc 9303-10, table 40
FORMAT_OWNER: Final = b"\x01\x01"  # ISO/IEC JTC 1/SC 37
FORMAT_TYPES: Final = {
    (FACE, Standard.ISO_19794): 0x0008, (FINGER, Standard.ISO_19794): 0x0007, (IRIS, Standard.ISO_19794): 0x0009,
    (FACE, Standard.ISO_39794): 0x002A, (FINGER, Standard.ISO_39794): 0x0028,
}  # fmt: skip
# A record of 39794 is itself made of objects, and stands under the constructed tag.
RECORD_TAGS: Final = {Standard.ISO_19794: 0x5F2E, Standard.ISO_39794: 0x7F2E}

NAMES_OF_DG11: Final = 0x5F0F
NAMES_OF_DG12: Final = 0x5F1A


def com(groups: Iterable[int]) -> bytes:
    """EF.COM: which groups there are. Unsigned, and so believed by nobody."""
    tags = bytes(data_group(number).tag for number in groups)
    return write(0x60, write(0x5F01, b"0107") + write(0x5F36, b"040000") + write(0x5C, tags))


def directory(*application_ids: bytes) -> bytes:
    """EF.DIR; without arguments, the eMRTD application alone."""
    return b"".join(write(0x61, write(0x4F, each)) for each in application_ids or (APPLICATION_ID,))


def atr_info(max_command_bytes: int, max_response_bytes: int) -> bytes:
    """EF.ATR/INFO of a chip that takes short file ids and extended lengths."""
    lengths = b"".join(write(0x02, each.to_bytes(3, "big")) for each in (max_command_bytes, max_response_bytes))
    return write(0x43, b"\xf8") + write(0x47, bytes.fromhex("F70160")) + write(0x7F66, lengths)


def dg1(mrz: Sequence[str]) -> bytes:
    return write(0x61, write(0x5F1F, "".join(mrz).encode("ascii")))


def dg2(portrait: bytes, sex: str, form: FaceForm = PLAIN, further: Sequence[bytes] = ()) -> bytes:
    """The face; further pictures, if any, each in an envelope of its own."""
    records = [face_record([each], sex, form) for each in (portrait, *further)]
    return write(0x75, _envelopes(FACE, form.standard, records))


def dg3(fingers: Sequence[tuple[int, bytes]], standard: Standard = Standard.ISO_19794) -> bytes:
    """Fingers as (position, picture), each in an envelope of its own; none for whoever could give none."""
    return write(0x63, _envelopes(FINGER, standard, [finger_record([each], standard) for each in fingers]))


def dg4(irises: Sequence[tuple[int, bytes]]) -> bytes:
    """Irises as (eye, picture): 1 is the right one, 2 the left one."""
    return write(0x76, _envelopes(IRIS, Standard.ISO_19794, [iris_record([each]) for each in irises]))


def dg5(*portraits: bytes) -> bytes:
    """As printed."""
    return _displayed(0x65, 0x5F40, portraits)


def dg7(*signatures: bytes) -> bytes:
    """As signed."""
    return _displayed(0x67, 0x5F43, signatures)


def dg11(fields: Mapping[int, str | bytes], other_names: Sequence[str] = ()) -> bytes:
    """Additional personal details, by tag; texts as UTF-8, and what comes as bytes as it comes."""
    return write(0x6B, _fields(fields, NAMES_OF_DG11, other_names))


def dg12(fields: Mapping[int, str | bytes], other_persons: Sequence[str] = ()) -> bytes:
    """Additional document details, by tag."""
    return write(0x6C, _fields(fields, NAMES_OF_DG12, other_persons))


def dg14(security_infos: bytes) -> bytes:
    return write(0x6E, security_infos)


def dg15(public_key_info: bytes) -> bytes:
    return write(0x6F, public_key_info)


def dg16(persons: Sequence[Mapping[int, str | bytes]]) -> bytes:
    """Persons to notify, each by tag (5F50 to 5F53)."""
    templates = b"".join(write(0xA1 + number, _each(person)) for number, person in enumerate(persons))
    return write(0x70, write(0x02, bytes([len(persons)])) + templates)


def raw(number: int, content: bytes) -> bytes:
    """DG6, 8, 9, 10, 13: whatever an issuer puts there."""
    return write(data_group(number).tag, content)


def _envelopes(kind: int, standard: Standard, records: Sequence[bytes]) -> bytes:
    """Each record in its CBEFF envelope, counted."""
    header = write(
        0xA1,
        write(0x80, b"\x01\x01")  # header version
        + write(0x81, bytes([kind]))
        + write(0x82, b"\x00")  # no subtype
        + write(0x87, FORMAT_OWNER)
        + write(0x88, FORMAT_TYPES[kind, standard].to_bytes(2, "big")),
    )
    envelopes = b"".join(write(0x7F60, header + write(RECORD_TAGS[standard], record)) for record in records)
    return write(0x7F61, write(0x02, bytes([len(records)])) + envelopes)


def _displayed(group_tag: int, tag: int, pictures: Sequence[bytes]) -> bytes:
    return write(group_tag, write(0x02, bytes([len(pictures)])) + b"".join(write(tag, picture) for picture in pictures))


def _fields(fields: Mapping[int, str | bytes], several_tag: int, several: Sequence[str]) -> bytes:
    tags = (*fields, *((several_tag,) if several else ()))
    names = b"".join(write(several_tag, name.encode()) for name in several)
    block = write(0xA0, write(0x02, bytes([len(several)])) + names) if several else b""
    return write(0x5C, b"".join(tag.to_bytes(2, "big") for tag in tags)) + _each(fields) + block


def _each(fields: Mapping[int, str | bytes]) -> bytes:
    return b"".join(write(tag, value.encode() if isinstance(value, str) else value) for tag, value in fields.items())
