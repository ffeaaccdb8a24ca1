"""The matcher that is delivered: YuNet finds, SFace compares, OpenCV runs both on one thread.

Scores are cosines of 128 numbers, higher is more alike. What SFace was trained on is not stated by its authors; the
threshold does not transfer from one population to another, so each post's profile carries its own.
"""

from typing import Any

import cv2
import numpy

from edge.face import weights
from edge.face.protocols import Compare, Found, Image

FACES_LIMIT = 20
DETECTOR_FLOOR = 0.5  # what is called a face at all; the quality gate asks for more
OVERLAP = 0.3
EMBEDDING_LENGTH = 128


class SFaceMatcher:
    name = "sface"
    version = "2021dec-int8bq+yunet-2023mar-int8bq"
    model_sha256 = weights.SFACE_CLEAN_SHA256

    def __init__(self) -> None:
        self._detector: Any = None  # Any: OpenCV 5 gives the two classes no types.
        self._recogniser: Any = None

    def load(self) -> None:
        cv2.setNumThreads(1)
        nothing = numpy.empty(0, numpy.uint8)
        self._detector = cv2.FaceDetectorYN.create(
            "onnx", _buffer(weights.yunet()), nothing, (320, 320), DETECTOR_FLOOR, OVERLAP, FACES_LIMIT
        )
        self._recogniser = cv2.FaceRecognizerSF.create("onnx", _buffer(weights.sface()), nothing)
        self._warm_up()

    def _warm_up(self) -> None:
        """The first run of a net takes several times longer: better now than with the first traveller."""
        self.find(numpy.zeros((480, 640, 3), numpy.uint8))
        self._recogniser.feature(numpy.zeros((112, 112, 3), numpy.uint8))

    def find(self, image: Image) -> tuple[Found, ...]:
        self._detector.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._detector.detect(image)
        found = [_found(row) for row in ([] if rows is None else rows)]
        return tuple(sorted(found, key=lambda face: face.width * face.height, reverse=True))

    def against(self, portrait: Image, face: Found) -> Compare:
        reference = self._embed(portrait, face)
        return lambda live, live_face: float(self._embed(live, live_face) @ reference)

    def _embed(self, image: Image, face: Found) -> Any:
        aligned = self._recogniser.alignCrop(image, _row(face))
        embedding = self._recogniser.feature(aligned).reshape(EMBEDDING_LENGTH).astype(numpy.float64)
        return embedding / max(float(numpy.linalg.norm(embedding)), 1e-9)


def _buffer(model: bytes) -> Any:
    return numpy.frombuffer(model, numpy.uint8)


def _found(row: Any) -> Found:
    numbers = [float(number) for number in row]
    points = tuple(zip(numbers[4:14:2], numbers[5:14:2], strict=True))
    return Found(numbers[0], numbers[1], numbers[2], numbers[3], points, numbers[14])


def _row(face: Found) -> Any:
    flat = (coordinate for point in face.points for coordinate in point)
    return numpy.array([[face.x, face.y, face.width, face.height, *flat, face.score]], numpy.float32)
