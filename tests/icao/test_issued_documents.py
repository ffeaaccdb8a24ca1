"""A passport from an issuing state in a box, read and verified: two parts that share only Doc 9303."""

import io
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from icao.checks import Result, overall
from icao.chip.reading import read_chip
from icao.lds.data_groups import mrz_lines, portrait
from icao.mrz.zone import parse
from icao.passive import verify
from icao.pki.certificates import parse_certificate
from icao.pki.trust import TrustedSet
from simulators.chip.emrtd import EmrtdChip
from simulators.issuing.passports import Holder, Passport, Term, issue, with_other_face
from simulators.issuing.state import State
from simulators.issuing.states import STATES

TODAY = date(2026, 11, 24)


def picture(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (120, 160), colour).save(made, "JPEG")
    return made.getvalue()


@pytest.fixture(scope="module")
def utopia(tmp_path_factory: pytest.TempPathFactory) -> State:
    folder: Path = tmp_path_factory.mktemp("utopia")
    return State.make(STATES["UTO"], folder, TODAY)


@pytest.fixture
def passport(utopia: State) -> Passport:
    holder = Holder("Eriksson", "Anna Maria", date(1974, 8, 12), "F", picture("grey"))
    return issue(utopia, holder, "L898902C3", Term(date(2024, 1, 1), date(2033, 12, 31)))


def test_an_issued_passport_is_read_and_proved(utopia: State, passport: Passport) -> None:
    printed = parse(passport.mrz_lines, TODAY)
    files = read_chip(EmrtdChip(passport.files, passport.mrz_lines).answer, printed).files
    assert files == dict(passport.files)
    groups = {1: files["DG1"], 2: files["DG2"]}
    assert (
        overall(verify(files["SOD"], groups, TrustedSet([parse_certificate(utopia.csca_der)]), TODAY))
        is Result.SUCCESSFUL
    )
    assert parse(mrz_lines(files["DG1"]), TODAY) == printed
    assert portrait(files["DG2"]) == picture("grey")


def test_another_face_on_the_chip_is_told(utopia: State, passport: Passport) -> None:
    files = with_other_face(passport, picture("red"), "F").files
    checks = verify(
        files["SOD"], {1: files["DG1"], 2: files["DG2"]}, TrustedSet([parse_certificate(utopia.csca_der)]), TODAY
    )
    assert [each.id for each in checks if each.result is Result.FAILED] == ["pa.dg_hash.2"]
