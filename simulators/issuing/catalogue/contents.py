"""What if a state signs what nobody should have to read? Pictures, names and keys made to break their reader.

Here the signature is right: a careless state, or a forger at its desk. So only the reader's own limits stand.
"""

from collections.abc import Callable
from dataclasses import replace
from struct import pack
from typing import Final

from icao.lds.images import ImageFormat
from icao.lds.personal_details import FULL_NAME, PLACE_OF_BIRTH
from icao.lds.security_infos import AES_128, CA_ECDH, PK_ECDH
from icao.pki import points
from icao.pki.curves import BRAINPOOL_P256R1
from icao.tlv import write
from simulators.issuing import groups
from simulators.issuing.card_access import security_infos
from simulators.issuing.catalogue.entry import GENUINE, Case, Entry, Make, Right, failed, undetermined
from simulators.issuing.catalogue.world import World
from simulators.issuing.chip_keys import number, security_info
from simulators.issuing.equipping import BARE, Mechanisms
from simulators.issuing.odd_keys import named_key
from simulators.issuing.profile import Profile
from simulators.issuing.records import FaceForm

SOI, SIZ, COD, QCD, SOT, SOD = (bytes.fromhex(each) for each in ("FF4F", "FF51", "FF52", "FF5C", "FF90", "FF93"))
NO_PORTRAIT: Final = Right(failed(lds__portrait="portrait-missing"))
REFUSED: Final = Right(failed(lds__portrait="portrait-refused"))

# A28: what a name may hold to show something else than it is.
BIDI: Final = "OBERLIN<<MIRA\u202eAIRAM\u2066\u200b"
HEBREW: Final = "\u05d0\u05d1\u05d2"  # nothing is wrong with it, but it must not turn what stands beside it
MARKUP: Final = "<b>OBERLIN</b><<MIRA&amp;"
ESCAPES: Final = "Utopia\x1b[2J\r\nresult successful"


def codestream(width_px: int, height_px: int, tile_px: int = 0) -> bytes:
    """A JPEG 2000 codestream of that size as far as its header, and one empty tile."""
    tile_width, tile_height = tile_px or width_px, tile_px or height_px
    size = pack(">HIIIIIIIIH", 0, width_px, height_px, 0, 0, tile_width, tile_height, 0, 0, 3) + bytes((7, 1, 1)) * 3
    coding = bytes((0, 0, 0, 1, 1, 5, 4, 4, 0, 1))
    quantisation = bytes([0x40]) + bytes([0x48] * 16)
    segments = ((SIZ, size), (COD, coding), (QCD, quantisation))
    head = b"".join(marker + pack(">H", 2 + len(body)) + body for marker, body in segments)
    return SOI + head + SOT + pack(">HHIBB", 10, 0, 14, 0, 1) + SOD + b"\xff\xd9"


def _picture(picture: bytes) -> Make:
    """In place of the holder's, and to be decoded. What the record around it says is not believed anyway."""
    face = FaceForm(claimed_format=ImageFormat.J2K, claimed_size=(480, 640))
    return lambda world: replace(world.case(world.issue(profile=Profile(picture=picture, face=face))), portrait=True)


def _signed(
    number: int, content: Callable[[], bytes], *, portrait: bool = False, mechanisms: Mechanisms = BARE
) -> Make:
    """The state signs this beside, or instead of, what belongs there."""

    def make(world: World) -> Case:
        made = world.issue(profile=Profile(chip=mechanisms, groups={number: content()}))
        return replace(world.case(made), wanted=(1, 2, number), portrait=portrait)

    return make


def _no_zone() -> bytes:
    return groups.dg1(("P<UTOOBERLIN<<MIRA",))


def _no_face() -> bytes:
    """An envelope of biometric records with nothing in it."""
    return write(0x75, write(0x7F61, write(0x02, b"\0")))


def _names(*names: str) -> Callable[[], bytes]:
    return lambda: groups.dg11({FULL_NAME: names[0], PLACE_OF_BIRTH: names[-1]})


def _short_point() -> bytes:
    """The generator, without the first byte of a coordinate."""
    point = points.encode(BRAINPOOL_P256R1, BRAINPOOL_P256R1.generator)
    return named_key(BRAINPOOL_P256R1, point[:1] + point[2:])


def _off_curve() -> bytes:
    point = points.encode(BRAINPOOL_P256R1, BRAINPOOL_P256R1.generator)
    return named_key(BRAINPOOL_P256R1, point[:-1] + bytes([point[-1] ^ 1]))


def _announcing(key: bytes) -> bytes:
    """DG14 with chip authentication by this key."""
    way = security_info(f"{CA_ECDH}.{AES_128}", number(1))
    return groups.dg14(security_infos((way, security_info(PK_ECDH, key))))


def _without_key() -> bytes:
    return groups.dg14(security_infos((security_info(f"{CA_ECDH}.{AES_128}", number(1)),)))


UNREADABLE: Final = Right(undetermined(ca="ca-key-unreadable"))

ENTRIES: Final = (
    Entry("huge-jpeg2000", "The portrait claims 60,000 x 60,000 pixels.", _picture(codestream(60_000, 60_000)),
          REFUSED, "A23"),
    Entry("large-jpeg2000", "The portrait claims 9,000 x 9,000 pixels.", _picture(codestream(9_000, 9_000)),
          REFUSED, "A23"),
    Entry("tiled-jpeg2000", "The portrait is cut into four million tiles of one pixel.",
          _picture(codestream(2_000, 2_000, 1)), REFUSED, "A23"),
    Entry("crashing-codestream", "The portrait has the right size, and a body that breaks its decoder.",
          _picture(codestream(480, 640)), REFUSED, "A24"),
    Entry("no-picture", "The portrait is no picture.", _picture(b"#!/bin/sh\nexit 1\n"), NO_PORTRAIT),
    Entry("no-face", "DG2 holds no face at all.", _signed(2, _no_face, portrait=True),
          NO_PORTRAIT),
    Entry("garbled-zone", "DG1 is signed, and holds no zone.", _signed(1, _no_zone),
          Right(undetermined(mrz__match="no-zone", pa__country="group-garbled"))),
    Entry("bidi-names", "Names in DG11 turn the reading direction: shown so that they turn nothing.",
          _signed(11, _names(BIDI, HEBREW)), GENUINE, "A28"),
    Entry("markup-names", "Names in DG11 hold markup, and commands for a terminal: shown as text.",
          _signed(11, _names(MARKUP, ESCAPES)), GENUINE, "A28"),
    Entry("short-coordinate-dg14", "A coordinate of the key in DG14 lacks a byte.",
          _signed(14, lambda: _announcing(_short_point())), UNREADABLE, "A17"),
    Entry("invalid-point-dg14", "The key in DG14 lies beside its curve.",
          _signed(14, lambda: _announcing(_off_curve())), UNREADABLE, "A17"),
    Entry("dg14-without-key", "DG14 announces chip authentication, and holds no key.",
          _signed(14, _without_key), UNREADABLE),
    Entry("short-coordinate-dg15", "A coordinate of the key in DG15 lacks a byte.",
          _signed(15, lambda: groups.dg15(_short_point()), mechanisms=replace(BARE, active=True)),
          Right(undetermined(aa="aa-key-unreadable")), "A17"),
    Entry("garbled-dg15", "DG15 holds no key.", _signed(15, lambda: groups.dg15(b"no key")),
          Right(undetermined(aa="aa-key-unreadable"))),
)  # fmt: skip
