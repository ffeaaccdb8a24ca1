"""Which faces does DG2 hold? After ISO/IEC 19794-5:2005 or ISO/IEC 39794-5, as pictures that nobody has decoded.

(Doc 9303-10, 4.7.2) Everything but the picture is what the issuer claims of it; the picture's own header decides
(``images.look_at``), and what does not agree with it is an oddity, not a forgery.
"""

from dataclasses import dataclass
from typing import Final

from icao.lds import faces_19794, faces_39794
from icao.lds.biometric_templates import templates
from icao.lds.face_record import FaceRecord, FeaturePoint
from icao.lds.files import EF_DG2
from icao.lds.images import ImageFormat, NoImage, image_format, look_at, without_padding
from icao.tlv import Garbled

MAX_FACES: Final = 8  # in the whole group
MAX_PORTRAIT_BYTES: Final = 128 * 1024

CLAIMED_AS: Final = {ImageFormat.JPEG: "jpeg", ImageFormat.JP2: "jpeg2000", ImageFormat.J2K: "jpeg2000"}


@dataclass(frozen=True, slots=True, repr=False)
class Face:
    """``image`` ends where the picture ends; ``format`` is what its first bytes say.

    The rest is claimed: ``claimed_format`` ("jpeg", "jpeg2000" or "other"), a size in pixels (0: not stated), and
    points of the face as MPEG-4 numbers them ("12.1" is the right pupil).
    """

    image: bytes
    format: ImageFormat
    standard: str
    claimed_format: str
    claimed_width_px: int
    claimed_height_px: int
    points: tuple[FeaturePoint, ...]


def faces(dg2: bytes) -> tuple[Face, ...]:
    """At least one, in the order in which they stand there. Raises Garbled."""
    records = [record for template in templates(EF_DG2, dg2) for record in _records(template.record)]
    if not 1 <= len(records) <= MAX_FACES:
        raise Garbled(f"DG2 holds {len(records)} faces, and 1 to {MAX_FACES} are read")
    return tuple(_face(record) for record in records)


def oddities(face: Face) -> tuple[str, ...]:
    """What the record says and the picture does not bear out, as kebab-case words.

    Met in genuine documents: for an expert to look at, and no reason to refuse anybody.
    """
    try:
        header = look_at(face.image)
    except NoImage as no_image:
        return (f"image-{no_image.reason}",)
    claimed = (face.claimed_width_px, face.claimed_height_px)
    differing = {
        "format-differs": face.claimed_format != CLAIMED_AS[face.format],
        "size-not-stated": claimed == (0, 0),
        "size-differs": claimed not in ((0, 0), (header.width_px, header.height_px)),
    }
    return tuple(word for word, true in differing.items() if true)


def _records(record: bytes) -> tuple[FaceRecord, ...]:
    """Told apart by the first bytes: no 39794-5 record, which is DER, begins with the letters FAC."""
    if record.startswith(faces_19794.FORMAT_ID):
        return faces_19794.parse(record)
    return faces_39794.parse(record)


def _face(record: FaceRecord) -> Face:
    image = without_padding(record.image)
    format = image_format(image)
    if format is None:
        raise Garbled("the portrait is neither JPEG nor JPEG 2000")
    if len(image) > MAX_PORTRAIT_BYTES:
        raise Garbled(f"the portrait has {len(image)} bytes, and {MAX_PORTRAIT_BYTES} is the most that is read")
    return Face(
        image=image,
        format=format,
        standard=record.standard,
        claimed_format=record.format,
        claimed_width_px=record.width_px,
        claimed_height_px=record.height_px,
        points=record.points,
    )
