"""Which doors does a stranger's byte come through? Each has true input to spoil, and the exceptions it documents."""

import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from edge.cage.picture import PortraitRefused, size_within_limits
from edge.decision.lists import ListError, load_list
from edge.decision.names import name_keys
from edge.decision.rules import DEFAULT, RulesError, load_rules
from edge.face.talk import LENGTHS, Compare, Hinted, TalkGarbledError, decode_body, decode_lengths, encode
from edge.inspection.inspect import judge
from edge.inspection.trust import TrustStore
from firmware.barrier import frame as barrier_frame
from firmware.barrier import words
from firmware.barrier.link import Link
from hardware.wires import vpcd
from hardware.wires.barrier import HostSession
from hardware.wires.frames import HEADER, FrameGarbledError, decode_header, encode_frame
from hardware.wires.page_reader import Laid, Lifted, Lines, PageFramer
from hardware.wires.page_reader import encode as page_bytes
from icao import tlv
from icao.chip import apdu
from icao.chip.apdu import Silent
from icao.chip.bac import AccessDenied
from icao.chip.reading import Manner, read_chip
from icao.lds import data_groups
from icao.lds.sod import parse_sod
from icao.mrz import zone
from icao.passive import verify
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.trust import TrustedSet
from icao.tlv import Garbled
from simulators.chip.control import parse as parse_order
from simulators.chip.emrtd import EmrtdChip
from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import State, open_states, write_trust
from simulators.lists import ListedDocument, ListedPerson, write_lists
from simulators.people.citizens import citizens, live, portrait
from tests.fuzz import chip_proofs, delivery, joining, lds, mrz, pace, pki, reading, seals, trust
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Make, Target

TODAY = date(2026, 11, 24)
NONCE_BYTES = 16
LINK_KEY = b"\x05" * 32
LISTS_KEY = b"\x06" * 32


def targets(folder: Path) -> list[Target]:
    """Everything that parses what others wrote."""
    states = open_states(folder / "states", TODAY)
    anchors = _anchors(states, folder / "trust")
    office = Office(states, TODAY, random.Random(7))
    passports = [
        office.issue("honest", holder_of("u01"), holder_of("u02"), code) for code in ("UTO", *list(states)[:2])
    ]
    return [
        *_paper(passports, anchors),
        *_wires(),
        *delivery.targets(),
        *joining.targets(),
        *_files(folder),
        *_pictures(),
        *lds.targets(portrait(citizens()[0]), TODAY),
        *pki.targets(states["UTO"], TODAY),
        *trust.targets(states, TODAY),
        *reading.targets(states["UTO"], TrustedSet(anchors)),
        *seals.targets(states["UTO"], TODAY),
    ]


def _anchors(states: Mapping[str, State], folder: Path) -> Sequence[Certificate]:
    write_trust(states, folder)
    with closing(TrustStore.open(folder)) as store:
        return store.anchors


def _spoilt(*seeds: bytes) -> Make:
    return lambda chance: garbage(seeds, chance)


# --- the paper and its chip ---
def _paper(passports: Sequence[Passport], anchors: Sequence[Certificate]) -> list[Target]:
    zones = ["\n".join(passport.mrz_lines).encode() for passport in passports]
    dg1, dg2, sod = ([passport.files[name] for passport in passports] for name in ("DG1", "DG2", "SOD"))
    trusted = TrustedSet(anchors)
    certificates = [anchor.der for anchor in anchors]
    answers = [b"\x90\x00", b"\x6a\x82", b"\x61\x10" + bytes(16) + b"\x90\x00"]
    return [
        Target(
            "mrz", _spoilt(*zones), lambda data: zone.parse(data.decode("latin-1").split("\n"), TODAY), (zone.MrzError,)
        ),
        *mrz.targets(zones, TODAY),
        *pace.targets(passports[0].mrz_lines),
        *chip_proofs.targets(passports[0].mrz_lines),
        Target("mrz typed", _spoilt(*zones), lambda data: zone.tidied(data.decode("latin-1"))),
        Target("tlv", _spoilt(*dg1, *dg2, *sod), tlv.read_all, (Garbled,)),
        Target("tlv survey", _spoilt(*sod, *certificates), tlv.survey, (Garbled,)),
        Target("apdu answer", _spoilt(*answers), apdu.parse_response, (Garbled,)),
        Target(
            "apdu command",
            _spoilt(bytes.fromhex("00a4040c07a0000002471001"), b"\0\xb0\0\0\0\x10\0"),
            apdu.parse_command,
            (Garbled,),
        ),
        Target("dg1", _spoilt(*dg1), data_groups.mrz_lines, (Garbled,)),
        Target("dg2", _spoilt(*dg2), data_groups.portrait, (Garbled,)),
        Target("sod", _spoilt(*sod), parse_sod, (Garbled,)),
        Target("certificate", _spoilt(*certificates), parse_certificate, (Garbled,)),
        Target(
            "passive authentication", _spoilt(*sod), lambda data: verify(data, {1: dg1[0], 2: dg2[0]}, trusted, TODAY)
        ),
        Target(
            "inspection",
            _files_of(passports[0]),
            lambda files: judge(zone.parse(passports[0].mrz_lines, TODAY), files, trusted, TODAY),
        ),
        Target(
            "chip conversation",
            lambda chance: chance,
            lambda chance: _converse(passports[0], chance),
            (Garbled, Silent, AccessDenied),
        ),
    ]


def _files_of(passport: Passport) -> Make:
    def make(chance: random.Random) -> dict[str, bytes]:
        files = dict(passport.files)
        for name in chance.sample(sorted(files), chance.randint(1, 2)):
            files[name] = garbage([files[name]], chance)
        if chance.random() < 0.1:
            del files[chance.choice(sorted(files))]
        return files

    return make


def _converse(passport: Passport, chance: random.Random) -> object:
    """An honest chip at first; from a random answer on, what comes back is spoilt now and then."""
    chip, spoilt_from = EmrtdChip(passport.files, passport.mrz_lines, chance.randbytes), chance.randint(0, 12)
    asked = 0

    def transceive(command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        answer = chip.answer(command)
        return garbage([answer], chance) if asked > spoilt_from and chance.random() < 0.5 else answer

    return read_chip(transceive, zone.parse(passport.mrz_lines, TODAY), manner=Manner(random_bytes=chance.randbytes))


# --- wires of devices ---
def _wires() -> list[Target]:
    lines = Lines(("P<UTOOBERLIN<<MIRA<SOLEDA<<<<<<<<<<<<<<<<<<<", "X1234567<6UTO8803149F3511230<<<<<<<<<<<<<<06"))
    framed = b"".join(page_bytes(event, "framed") for event in (Laid(), lines, Lifted()))
    plain = page_bytes(lines, "plain")
    host = HostSession(LINK_KEY, 7, 1000, bytes(NONCE_BYTES))
    barrier = [barrier_frame.wrap(bytes(range(1, 40))), host.hello()]
    order = b'{"do":"lay","files":{"DG1":"YQA="},"mrz":["P<UTO"],"fault":null}'
    return [
        Target("page reader, framed", _spoilt(framed, framed * 3), lambda data: PageFramer("framed").feed(data)),
        Target("page reader, plain", _spoilt(plain, plain * 3), lambda data: PageFramer("plain").feed(data)),
        Target("barrier frame", _spoilt(*barrier), lambda data: barrier_frame.Decoder().feed(data)),
        Target("barrier link, the lane's end", _link_words, _feed_host),
        Target("barrier link, the board's end", _link_words, _feed_board),
        Target(
            "camera header",
            lambda chance: garbage([encode_frame(1, 2, b"\xff\xd8")], chance)[: HEADER.size].ljust(HEADER.size, b"\0"),
            decode_header,
            (FrameGarbledError,),
        ),
        Target("vpcd", _spoilt(vpcd.message(b"\x90\x00") * 3), lambda data: vpcd.Messages().feed(data)),
        Target("chip control", _spoilt(order), parse_order, (ValueError,)),
    ]


def _link_words(chance: random.Random) -> tuple[bytes, bytes, bytes]:
    """A word, a payload and noise: the payload is signed in the session, the noise is not."""
    return (
        chance.randbytes(1),
        chance.randbytes(chance.randint(0, 90)),
        garbage([barrier_frame.wrap(b"\x01" * 30)], chance),
    )


def _session() -> tuple[Link, HostSession]:
    board = Link(LINK_KEY, 1, bytes(8), 1000, lambda: b"\x09" * NONCE_BYTES)
    host = HostSession(LINK_KEY, 7, 1000, b"\x08" * NONCE_BYTES)
    _, welcome = board.receive(0, host.hello())
    assert host.feed(welcome), "an honest greeting must be understood, or nothing behind it is tried"
    return board, host


def _feed_board(drawn: tuple[bytes, bytes, bytes]) -> None:
    word, payload, noise = drawn
    board, host = _session()
    board.receive(1, noise)
    board.receive(2, host.say(word[0], payload)[1])
    board.receive(3, noise[::-1])


def _feed_host(drawn: tuple[bytes, bytes, bytes]) -> None:
    word, payload, noise = drawn
    board, host = _session()
    board.receive(1, host.say(words.BEAT)[1])
    host.feed(noise)
    host.feed(board._say(word[0], payload))
    host.feed(noise[::-1])


# --- files that others write ---
def _files(folder: Path) -> list[Target]:
    when = datetime(2026, 11, 24, tzinfo=UTC)
    lists, spoilt = folder / "lists", folder / "spoilt"
    write_lists(
        lists, [ListedDocument("U12345678", "UTO")], [ListedPerson("OBERLIN", "MIRA", "1988-03-14")], LISTS_KEY, when
    )
    documents, persons = ((lists / f"{kind}.json").read_bytes() for kind in ("documents", "persons"))

    def written(data: bytes) -> Path:
        spoilt.write_bytes(data)
        return spoilt

    return [
        Target("rules file", _spoilt(DEFAULT.read_bytes()), lambda data: load_rules(written(data)), (RulesError,)),
        Target(
            "list of documents",
            _spoilt(documents),
            lambda data: load_list(written(data), "documents", LISTS_KEY),
            (ListError,),
        ),
        Target(
            "list of persons",
            _spoilt(persons),
            lambda data: load_list(written(data), "persons", LISTS_KEY),
            (ListError,),
        ),
        Target(
            "names",
            _spoilt("OBERLIN<MÜLLER-STRØM ß".encode()),
            lambda data: name_keys(data.decode("utf-8", "replace"), data.decode("latin-1")),
        ),
    ]


# --- pictures and the face process ---
def _pictures() -> list[Target]:
    faces = [portrait(one) for one in citizens()[:3]] + [live(citizens()[0], 1)]
    codestream = bytes.fromhex("ff4fff51002f0000000000f00000014000000000000000000000") + bytes(30)
    said = [encode(Hinted(7, "nobody"))[LENGTHS.size :], encode(Compare(7, 3.0))[LENGTHS.size :]]
    return [
        Target(
            "portrait header",
            _spoilt(*(face[:4000] for face in faces), codestream),
            size_within_limits,
            (PortraitRefused,),
        ),
        Target(
            "face process, lengths",
            lambda chance: garbage([encode(Hinted(7, "nobody"))], chance)[: LENGTHS.size].ljust(LENGTHS.size, b"\0"),
            decode_lengths,
            (TalkGarbledError,),
        ),
        Target("face process, words", _spoilt(*said), decode_body, (TalkGarbledError,)),
    ]
