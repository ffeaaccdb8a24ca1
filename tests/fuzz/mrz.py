"""The doors of the machine readable zone: reading, repairing, writing, and spelling names."""

import random
from collections.abc import Sequence
from datetime import date

from icao.mrz import compose, repairs, transliteration, zone
from icao.mrz.layout import LAYOUTS
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target

FIELDS = {
    "document_code": "I", "issuing_state": "UTO", "document_number": "D23145890734", "surname": "Müller",
    "given_names": "Юлія", "nationality": "XXA", "birth_date": "1974-08-XX", "sex": "X", "expiry_date": "2036-04-15",
    "optional_1": "AB 12", "optional_2": "",
}  # fmt: skip
NAMES = [name.encode() for name in ("Müller-Weiß", "Щербаков", "Їжакевич", "فضّة", "D'Artagnan", "Nu\u0301n\u0303ez")]


def targets(zones: Sequence[bytes], today: date) -> list[Target]:
    """``zones`` are true zones, their lines divided by line feeds."""

    def typed(data: bytes) -> object:
        return repairs.read_ocr(zone.tidied(data.decode("latin-1")), today)

    def key(data: bytes) -> object:
        return zone.bac_key_information(zone.parse(data.decode("latin-1").split("\n"), today))

    return [
        Target("mrz repaired", lambda chance: _misread(zones, chance), typed, (zone.MrzError,)),
        Target("mrz key", lambda chance: garbage(zones, chance), key, (zone.MrzError,)),
        Target("mrz written", _fields, _compose, (zone.MrzError,)),
        Target("name spelled", lambda chance: garbage(NAMES, chance), _spell, (ValueError,)),
        Target("name read back", lambda chance: garbage([b"FXDZXDZXAH ALRAZY"], chance), _back, (ValueError,)),
    ]


def _misread(zones: Sequence[bytes], chance: random.Random) -> bytes:
    """A few characters taken for others, now and then garbage: so that most of it still is a zone."""
    if chance.random() < 0.2:
        return garbage(zones, chance)
    read = bytearray(chance.choice(zones))
    for _ in range(chance.randint(1, 5)):
        read[chance.randrange(len(read))] = chance.choice(b"ODQIZSGB01258<K")
    return bytes(read)


def _fields(chance: random.Random) -> dict[str, str]:
    fields = dict(FIELDS)
    for name in chance.sample(sorted(fields), chance.randint(0, 3)):
        fields[name] = garbage([fields[name].encode()], chance).decode("utf-8", "replace")
    return fields | {"format": chance.choice(sorted(LAYOUTS))}


def _compose(fields: dict[str, str]) -> None:
    compose.compose(**fields)  # type: ignore[arg-type]  # the format is one of LAYOUTS


def _spell(data: bytes) -> None:
    name = data.decode("utf-8", "replace")
    assert transliteration.may_stand_for(transliteration.transliterated(name), name)


def _back(data: bytes) -> None:
    transliteration.arabic(data.decode("latin-1"))
