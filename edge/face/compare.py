"""How is one traveller compared? A straight line: portrait, then frame after frame until there is an answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.cage.decoding import decoded
from edge.cage.picture import PortraitRefused
from edge.face.evidence import Evidence, is_due, weigh
from edge.face.eyes import Eyes
from edge.face.protocols import Compare, Found, Image, Liveness, Matcher, Pad
from edge.face.quality import hint_of
from edge.gate.events import Face
from hardware.drivers.camera import CameraLost

PAD_FRAMES = 5  # the latest good frames that a PAD is shown


@dataclass(slots=True)
class Comparison:
    """What is known so far of one work, and in the end its answer."""

    evidence: Evidence
    outcome: Face | None = None
    hint: str = ""
    frames: int = 0
    good: list[tuple[Image, Found]] = field(default_factory=list)
    compared: int = 0
    compare_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparer:
    matcher: Matcher
    eyes: Eyes
    threshold: float
    pad: Pad | None = None

    def compare(
        self, portrait: bytes, until_s: float, wanted: Callable[[], bool], say: Callable[[str], None]
    ) -> Comparison:
        """Look until there is an answer, the time is over, or nobody wants it. ``say`` hears each change of hint."""
        comparison = Comparison(Evidence(self.threshold))
        try:
            alike = self._portrait(portrait)
            while comparison.outcome is None and wanted() and time.monotonic() < until_s:
                self._frame(comparison, alike, say)
        except CameraLost:
            comparison.outcome = Face.ABORTED
        except PortraitRefused as refused:
            comparison.outcome, comparison.hint = Face.ABORTED, f"portrait-{refused.reason}"
        # No match, and not evidence enough for a no-match: nobody has been seen well enough.
        comparison.outcome = comparison.outcome or Face.NOT_CAPTURED
        return comparison

    def _portrait(self, portrait: bytes) -> Compare:
        image = decoded(portrait)
        faces = self.matcher.find(image)
        if not faces:
            raise PortraitRefused("without-face")
        return self.matcher.against(image, faces[0])

    def _frame(self, comparison: Comparison, alike: Compare, say: Callable[[str], None]) -> None:
        image = self.eyes.look()
        if not is_due(comparison.evidence, time.monotonic()):
            return
        faces = self.matcher.find(image)
        hint = hint_of(image, faces)
        comparison.frames += 1
        if hint != comparison.hint:
            comparison.hint = hint
            say(hint)
        if not hint:
            self._weigh(comparison, alike, image, faces[0])

    def _weigh(self, comparison: Comparison, alike: Compare, image: Image, face: Found) -> None:
        begun_s = time.monotonic()
        score = alike(image, face)
        now_s = time.monotonic()
        comparison.compared += 1
        comparison.compare_s += now_s - begun_s
        comparison.good = [*comparison.good, (image, face)][-PAD_FRAMES:] if self.pad else []
        comparison.evidence, comparison.outcome = weigh(comparison.evidence, score, now_s)
        if comparison.outcome is Face.MATCH and self.pad is not None:
            comparison.outcome = _alive(self.pad, comparison.good)


def _alive(pad: Pad, good: list[tuple[Image, Found]]) -> Face:
    """A match holds only for a living face: attacks B01 to B03 end here where a PAD is plugged in."""
    try:
        liveness = pad.judge(good)
    except Exception:  # Whatever a plug-in fails of, it did not say "genuine".
        return Face.ABORTED
    return {Liveness.GENUINE: Face.MATCH, Liveness.ATTACK: Face.NO_MATCH}.get(liveness, Face.ABORTED)
