"""What do both standards of facial records say of a face? What ISO/IEC 19794-5 and 39794-5 have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class FeaturePoint:
    """A point of the face in its picture. ``code`` as MPEG-4 numbers them, group and number."""

    code: str
    x_px: int
    y_px: int


@dataclass(frozen=True, slots=True, repr=False)
class FaceRecord:
    """As it is claimed. ``format`` is "jpeg", "jpeg2000" or "other"; a size of 0 is not stated."""

    standard: str
    image: bytes
    format: str
    width_px: int
    height_px: int
    points: tuple[FeaturePoint, ...] = ()
