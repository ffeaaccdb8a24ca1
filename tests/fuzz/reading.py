"""The doors of a reading: a chip that lies within its own session, files that were spoilt, what a reader says."""

import random
from collections.abc import Callable

from edge.inspection.judging import judge
from hardware.wires import pcsc_part10
from icao.chip.apdu import Response, Silent
from icao.chip.bac import AccessDenied
from icao.chip.blocks import blocks_for
from icao.chip.kept import Kept
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.chip.secure_messaging import Session
from icao.lds.atr_info import atr_capabilities, parse_atr_info
from icao.mrz.zone import parse
from icao.pki.trust import Trust
from icao.tlv import Garbled
from simulators.chip.emrtd import EmrtdChip
from simulators.issuing.card_access import CHIP_MAPPING
from simulators.issuing.equipping import Mechanisms
from simulators.issuing.passports import Passport
from simulators.issuing.state import State
from tests.edge.inspection.chips import modern
from tests.edge.inspection.desk import TODAY
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Make, Target

ATR_INFO = bytes.fromhex("4301F8 4703F741E0 7F6608 020205F0 020205F0")
ATRS = [bytes.fromhex("3B8880010073F741E000000000"), bytes.fromhex("3b8980014d52544420763100000043")]
FEATURES = bytes.fromhex("1204423300120A0400000100")


def targets(state: State, trust: Trust) -> list[Target]:
    passports = [modern(state), modern(state, Mechanisms(pace=CHIP_MAPPING)), modern(state, Mechanisms(pace=""))]
    raises = (Garbled, Silent, AccessDenied)
    return [
        Target("chip that lies", lambda chance: chance, lambda chance: _read(passports, chance), raises),
        Target("modern files", _spoilt_files(passports), lambda files: _judge(passports[0], files, trust)),
        Target("reader's features", lambda chance: garbage([FEATURES], chance), _features),
        Target("atr", lambda chance: garbage(ATRS, chance), lambda atr: blocks_for(atr_capabilities(atr))),
        Target("ef.atr/info", lambda chance: garbage([ATR_INFO], chance), _blocks, (Garbled,)),
    ]


class Liar(EmrtdChip):
    """Honest up to a command; from then on what it says under its own MAC is spoilt now and then."""

    chance: random.Random
    honest = 0
    said = 0

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        self.said += 1
        if self.said > self.honest and self.chance.random() < 0.3:
            spoilt = garbage([response.encode()], self.chance)
            response = Response(spoilt[:-2][:4000], int.from_bytes(spoilt[-2:].rjust(2, b"\0"), "big"))
        return super()._protect(session, response, ins)


def _read(passports: list[Passport], chance: random.Random) -> ChipContents:
    """Lifted once, perhaps, and read on."""
    (passport,) = chance.choices(passports, (1, 1, 8))  # PACE is slow on both ends, and has doors of its own
    kept = Kept()
    manner = Manner(random_bytes=chance.randbytes, blocks_bytes=chance.choice([(4096, 231, 160), (231, 112)]))
    zone = parse(passport.mrz_lines, TODAY)
    try:
        return read_chip(_talk(passport, chance, chance.randint(0, 30)), zone, kept=kept, manner=manner)
    except Silent:
        return read_chip(_talk(passport, chance, None), zone, kept=kept, manner=manner)


def _talk(passport: Passport, chance: random.Random, lifted_after: int | None) -> Callable[[bytes], bytes]:
    chip = Liar(passport.files, passport.mrz_lines, chance.randbytes, passport.secrets)
    chip.chance, chip.honest = chance, chance.randint(0, 20)
    asked = 0

    def transceive(command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        if asked == lifted_after:
            raise Silent("The chip was taken away.")
        return chip.answer(command)

    return transceive


def _spoilt_files(passports: list[Passport]) -> Make:
    def make(chance: random.Random) -> dict[str, bytes]:
        files = dict(chance.choice(passports).files)
        for name in chance.sample(sorted(files), chance.randint(1, 3)):
            files[name] = garbage([files[name]], chance)
        if chance.random() < 0.1:
            del files[chance.choice(sorted(files))]
        return files

    return make


def _judge(passport: Passport, files: dict[str, bytes], trust: Trust) -> None:
    found = judge(parse(passport.mrz_lines, TODAY), files, trust, TODAY)
    if not found.reasons:
        raise AssertionError("a chip that was never asked to prove itself was believed")


def _features(data: bytes) -> None:
    pcsc_part10.properties_code(data)
    pcsc_part10.longest_apdu(data)


def _blocks(data: bytes) -> None:
    blocks_for(None, parse_atr_info(data))
