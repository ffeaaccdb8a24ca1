"""Who lives in Utopia: twelve persons who never were, with their portraits and camera pictures.

The pictures are computer-made (``faces/README.md``), and so are the names. Birth dates are fixed, so that a document
issued today and one issued next year name the same person; the two children stay under age until 2034.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

FACES = Path(__file__).parent / "faces"
LIVE_SHOTS = (1, 2, 3)  # 1 and 2 are good frames; 3 is dim, far and behind glasses: a frame to try again after.
# DG2 as issuers write it: small, because the chip is read at a few kilobytes a second.
PORTRAIT_WIDTH_PX, PORTRAIT_HEIGHT_PX, PORTRAIT_QUALITY = 240, 320, 92
# Measured on these pictures with SFace (faces/README.md). Renders resemble each other more than people do, so this
# threshold belongs to the simulators alone and must never be used for real travellers.
SIMULATED_THRESHOLD = 0.58


@dataclass(frozen=True, slots=True)
class Citizen:
    id: str
    sex: str  # M | F, as in the MRZ
    surname: str
    given_names: str
    birth_date: date


CITIZENS = (
    Citizen("u01", "F", "OBERLIN", "MIRA SOLEDA", date(1988, 3, 14)),
    Citizen("u02", "M", "TARQUEST", "JONAS EMERY", date(1988, 9, 2)),
    Citizen("u03", "F", "LINDMOOR", "ELSE VIOLA", date(1998, 5, 27)),
    Citizen("u04", "M", "ASHENDAL", "KOFFI BRAM", date(1981, 1, 19)),
    Citizen("u05", "F", "VANTERRE", "NAOMI ISOLDE", date(1974, 7, 8)),
    Citizen("u06", "M", "SERRAKIN", "TOMO ANSEL", date(1988, 12, 5)),
    Citizen("u07", "F", "QUILLMERE", "ADA BEATRIX", date(1960, 4, 30)),
    Citizen("u08", "M", "HOLLENBY", "OTTO REMUS", date(1952, 10, 11)),
    Citizen("u09", "M", "SERRAKIN", "PIM LAURIN", date(2016, 6, 21)),
    Citizen("u10", "F", "LINDMOOR", "JUNA MAE", date(2016, 2, 3)),
    Citizen("u12", "F", "OKERSTED", "RUNE AMARA", date(2005, 8, 16)),
    Citizen("u14", "F", "FENWYCK", "HELGA CORIN", date(1968, 11, 23)),
)
# The two adults whom the recogniser finds most alike (0.537): the look-alike scene.
LOOK_ALIKES = ("u01", "u04")


def citizens() -> tuple[Citizen, ...]:
    return CITIZENS


def citizen(id: str) -> Citizen:
    """The citizen of that id. Raises KeyError."""
    for one in CITIZENS:
        if one.id == id:
            return one
    raise KeyError(f"no citizen {id!r}: there are {', '.join(one.id for one in CITIZENS)}")


@lru_cache(maxsize=len(CITIZENS))
def portrait(citizen: Citizen) -> bytes:
    """The JPEG that the issuing state writes into DG2."""
    with Image.open(FACES / f"{citizen.id}_portrait.jpg") as image:
        width = image.height * PORTRAIT_WIDTH_PX // PORTRAIT_HEIGHT_PX
        left = (image.width - width) // 2
        cut = image.convert("RGB").crop((left, 0, left + width, image.height))
    small = cut.resize((PORTRAIT_WIDTH_PX, PORTRAIT_HEIGHT_PX), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "JPEG", quality=PORTRAIT_QUALITY, optimize=True)
    return out.getvalue()


def live(citizen: Citizen, shot: int) -> bytes:
    """What a gate's camera sees of that citizen, 640x480 JPEG. ``shot`` is one of LIVE_SHOTS."""
    if shot not in LIVE_SHOTS:
        raise ValueError(f"there is no shot {shot}: take one of {LIVE_SHOTS}")
    return (FACES / f"{citizen.id}_live{shot}.jpg").read_bytes()
