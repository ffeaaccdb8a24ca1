"""The doors of a chip's files: every data group, the files of the master file, pictures, and the caged decoder."""

import random
from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO

from PIL import Image

from edge.cage.picture import PortraitRefused
from edge.inspection.portrait import DecodeLimits, Decoder, PortraitAborted
from icao.lds import atr_info, com, contacts, data_groups, directory, faces, fingers, images, irises, personal_details
from icao.lds.summary import summary
from icao.lds.texts import day, moment, shown, text
from icao.tlv import Garbled
from simulators.issuing import groups
from simulators.issuing.records import FaceForm, Standard
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target

POINTS = (("12.1", 12, 20), ("12.2", 30, 20))
DETAILS = {
    0x5F0E: "OBERLIN<<MIRA",
    0x5F2B: bytes.fromhex("19880314"),
    0x5F11: "UTOPIA<CITY",
    0x5F42: "1 HILL ROAD<UTOPIA",
}
ISSUE = {0x5F19: "MINISTRY", 0x5F26: "20240301", 0x5F55: "20240301101500", 0x5F56: "SN-77"}
PERSON = {0x5F50: "20240301", 0x5F51: "LINDMOOR<<ELSE", 0x5F52: "+999 1", 0x5F53: "2 HILL ROAD"}
STILL = DecodeLimits(time_s=10.0, side_px=64)


def targets(portrait: bytes, today: date) -> list[Target]:
    small = _pictures(portrait)
    dg11, dg12 = groups.dg11(DETAILS, ["M<<O"]), groups.dg12(ISSUE, ["J<<L"])
    miswritten = dg12.replace(b"\x5f\x55", b"\x5f\x85")
    decoder = Decoder()  # kept from picture to picture; one that dies is followed by another
    return [
        _door("ef com", [groups.com([1, 2, 3, 11, 14, 15])], com.parse_com),
        _door("ef dir", [groups.directory(), groups.directory(b"\xa0\x01", b"\xa0\x02")], directory.parse_directory),
        _door("ef atr/info", [groups.atr_info(2_000, 40_000)], _atr_info),
        _door("dg2 faces", _faces(small), lambda data: [faces.oddities(face) for face in faces.faces(data)]),
        _door("dg3", [groups.dg3([(2, b"a"), (7, b"b")], standard) for standard in Standard], fingers.fingers),
        _door("dg4", [groups.dg4([(1, b"a"), (2, b"b")])], irises.irises),
        _door("dg5", [groups.dg5(*small)], data_groups.displayed_portraits),
        _door("dg7", [groups.dg7(small[0])], data_groups.displayed_signatures),
        _door("dg11", [dg11], personal_details.parse_dg11),
        _door("dg12", [dg12, miswritten], personal_details.parse_dg12),
        _door("dg13", [groups.raw(13, b"\x5f\xb0A")], lambda data: data_groups.content(13, data)),
        _door("dg16", [groups.dg16([PERSON, PERSON])], contacts.parse_dg16),
        Target(
            "summary", lambda chance: garbage([dg11, dg12], chance), lambda data: summary({11: data, 12: data}, today)
        ),
        _door("text", [b"OBERLIN\xe2\x80\xae<<MIRA", b"GR\xd6GER", b"\xd9\x85"], lambda data: shown(text(data))),
        _door("day", [b"19880314", bytes.fromhex("19880314"), b"1988<<<<"], day),
        _door("moment", [b"20240301101500", bytes.fromhex("20240301101500")], moment),
        _door("picture header", [each[:200] for each in small], images.look_at),
        Target(
            "caged decoder",
            lambda chance: _spoilt_inside(small, chance),
            lambda data: decoder.decode(data, STILL),
            (PortraitRefused, PortraitAborted),
        ),
    ]


def _door(name: str, seeds: Sequence[bytes], take: Callable[[bytes], object]) -> Target:
    return Target(name, lambda chance: garbage(seeds, chance), take, (Garbled,))


def _atr_info(data: bytes) -> object:
    return atr_info.atr_capabilities(data), atr_info.parse_atr_info(data)


def _faces(pictures: Sequence[bytes]) -> list[bytes]:
    forms = [FaceForm(standard, points=POINTS) for standard in Standard]
    return [groups.dg2(picture, "F", form, further=pictures[:1]) for form in forms for picture in pictures]


def _pictures(portrait: bytes) -> list[bytes]:
    """The same small face in every format."""
    with Image.open(BytesIO(portrait)) as face:
        small = face.resize((48, 64))
    found = []
    for format, options in (
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
    ):
        out = BytesIO()
        small.save(out, format, **options)
        found.append(out.getvalue())
    return found


def _spoilt_inside(pictures: Sequence[bytes], chance: random.Random) -> bytes:
    """Mostly with a header that passes: what lies behind it is for the decoder."""
    if chance.random() < 0.3:
        return garbage(pictures, chance)
    picture = chance.choice(pictures)
    at = chance.randrange(min(len(picture), 150), len(picture))
    return picture[:at] + garbage([picture[at:]], chance)
