"""Is this frame good enough to compare? Simple checks, not a measure of ISO/IEC 29794-5.

The answer is a hint to the traveller, or nothing when the frame is good. A poor frame is evidence in neither direction.
"""

from collections.abc import Sequence
from math import atan2, degrees, hypot

import cv2

from edge.face.protocols import Found, Image

# Measured on the simulated citizens; good frames lie well inside, see tests/edge/face/test_quality.py.
DETECTOR_SCORE_MIN = 0.85
WIDTH_MIN_PX = 90
LUMINANCE_MIN = 25.0  # of 255, over the face: a dark skin in a dim gate gives 31
FRAME_LUMINANCE_MIN = 20.0  # of 255, over the frame: in such a gate nobody is found
SHARPNESS_MIN = 40.0  # variance of the Laplacian of the face at CROP_PX; blurred beyond use gives 16
CROP_PX = (112, 144)
ROLL_MAX_DEG = 20.0
TURN_MAX = 0.32  # how far the nose stands from the middle of the eyes, in eye distances
BESIDE_SHARE = 1 / 3  # a second face of at least this share of the width stands in the gate, not behind it
BESIDE_SCORE_MIN = 0.6


def hint_of(image: Image, faces: Sequence[Found]) -> str:
    """What the traveller should do: one hint, or "" when the frame is good. ``faces`` has the largest first."""
    if not faces:
        return "too-dark" if float(image.mean()) < FRAME_LUMINANCE_MIN else "nobody"
    face, *others = faces
    # Attack B06: two people behind one document; the nearer face alone must not decide.
    if any(_stands_beside(face, other) for other in others):
        return "several"
    luminance, sharpness = _light_and_sharpness(image, face)
    if luminance < LUMINANCE_MIN:
        return "too-dark"
    if sharpness < SHARPNESS_MIN:
        return "blurred"
    if face.width < WIDTH_MIN_PX:
        return "too-far"
    return "" if face.score >= DETECTOR_SCORE_MIN and _looks_straight(face) else "look-straight"


def _stands_beside(face: Found, other: Found) -> bool:
    return other.score >= BESIDE_SCORE_MIN and other.width >= face.width * BESIDE_SHARE


def _light_and_sharpness(image: Image, face: Found) -> tuple[float, float]:
    left, top = max(int(face.x), 0), max(int(face.y), 0)
    right, bottom = int(face.x + face.width), int(face.y + face.height)
    cut = image[top:bottom, left:right]
    if cut.size == 0:  # A box wholly outside the picture is no face.
        return 0.0, 0.0
    grey = cv2.resize(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), CROP_PX, interpolation=cv2.INTER_AREA)
    return float(grey.mean()), float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _looks_straight(face: Found) -> bool:
    (right_x, right_y), (left_x, left_y), (nose_x, _), *_ = face.points
    distance = hypot(left_x - right_x, left_y - right_y)
    if distance < 1:
        return False
    roll = degrees(atan2(left_y - right_y, left_x - right_x))
    turn = (nose_x - (left_x + right_x) / 2) / distance
    return abs(roll) <= ROLL_MAX_DEG and abs(turn) <= TURN_MAX
