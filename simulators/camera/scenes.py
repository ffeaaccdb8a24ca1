"""What stands before the camera? A scene is a handful of JPEGs that differ by noise, as real frames do."""

import random
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageEnhance, ImageFilter

from simulators.people.citizens import citizen, live

WIDTH_PX, HEIGHT_PX = 640, 480
VARIANTS = 4  # frames of a scene that differ; they are shown in turn
CACHED_SCENES = 24  # times four variants of about 60 KB
NOISE = 0.03  # share of noise in a frame
JPEG_QUALITY = 88
DARKNESS, BLUR_PX = 0.08, 14


class Kind(StrEnum):
    """How the person is seen."""

    LIVE = "live"  # two good frames in turn
    LIVE1 = "live1"
    LIVE2 = "live2"
    LIVE3 = "live3"  # hard: dim, far, glasses, motion blur
    TWO = "two"  # with another person beside
    DARK = "dark"
    BLURRED = "blurred"
    NOBODY = "nobody"
    FROZEN = "frozen"  # the picture and its counter stand still
    DEAD = "dead"  # the camera hangs up


@dataclass(frozen=True, slots=True)
class Scene:
    kind: Kind = Kind.NOBODY
    citizen_id: str = ""
    beside_id: str = ""


@lru_cache(maxsize=CACHED_SCENES)
def frames_of(scene: Scene) -> tuple[bytes, ...]:
    """The frames of a scene, encoded once. Takes some 100 ms: not for the event loop."""
    chance = random.Random(f"{scene.kind}{scene.citizen_id}{scene.beside_id}")
    pictures = _pictures(scene)
    return tuple(_jpeg(_noisy(pictures[n % len(pictures)], chance)) for n in range(VARIANTS))


def _pictures(scene: Scene) -> list[Image.Image]:
    match scene.kind:
        case Kind.NOBODY | Kind.DEAD:
            return [_empty()]
        case Kind.LIVE:
            return [_live(scene.citizen_id, 1), _live(scene.citizen_id, 2)]
        case Kind.LIVE2 | Kind.LIVE3:
            return [_live(scene.citizen_id, int(scene.kind[-1]))]
        case Kind.TWO:
            return [_side_by_side(_live(scene.citizen_id, 1), _live(scene.beside_id, 1))]
        case Kind.DARK:
            return [ImageEnhance.Brightness(_live(scene.citizen_id, 1)).enhance(DARKNESS)]
        case Kind.BLURRED:
            return [_live(scene.citizen_id, 1).filter(ImageFilter.GaussianBlur(BLUR_PX))]
        case Kind.LIVE1 | Kind.FROZEN:
            return [_live(scene.citizen_id, 1)]


def _live(citizen_id: str, shot: int) -> Image.Image:
    with Image.open(BytesIO(live(citizen(citizen_id), shot))) as image:
        return image.convert("RGB")


def _empty() -> Image.Image:
    """The gate's back wall."""
    return Image.linear_gradient("L").resize((WIDTH_PX, HEIGHT_PX)).point(lambda grey: 90 + grey // 4).convert("RGB")


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    half = WIDTH_PX // 2
    middle = (half // 2, 0, half // 2 + half, HEIGHT_PX)
    both = Image.new("RGB", (WIDTH_PX, HEIGHT_PX))
    both.paste(left.crop(middle), (0, 0))
    both.paste(right.crop(middle), (half, 0))
    return both


def _noisy(image: Image.Image, chance: random.Random) -> Image.Image:
    """The sensor's noise, as strong as the light: a dark frame stays dark."""
    noise = Image.frombytes("L", image.size, chance.randbytes(image.width * image.height)).convert("RGB")
    dimmed = ImageEnhance.Brightness(noise).enhance(2 * _mean(image) / 255)
    return Image.blend(image, dimmed, NOISE)


def _mean(image: Image.Image) -> float:
    histogram = image.convert("L").histogram()
    return sum(grey * count for grey, count in enumerate(histogram)) / sum(histogram)


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
