"""Who lives in Utopia: enough of a person for a passport, and never a real one."""

from datetime import date
from io import BytesIO

import pytest
from PIL import Image

from simulators.people.citizens import LIVE_SHOTS, LOOK_ALIKES, citizen, citizens, live, portrait


def test_there_are_twelve_and_each_has_all_pictures() -> None:
    assert len({one.id for one in citizens()}) == 12
    for one in citizens():
        assert all(live(one, shot).startswith(b"\xff\xd8") for shot in LIVE_SHOTS)


def test_a_portrait_is_of_a_size_that_a_chip_holds() -> None:
    for one in citizens():
        with Image.open(BytesIO(portrait(one))) as image:
            assert (image.format, image.size) == ("JPEG", (240, 320))
        assert 8_000 < len(portrait(one)) < 20_000
    assert portrait(citizen("u01")) is portrait(citizen("u01"))


def test_names_are_of_the_mrz_and_no_two_persons_are_one() -> None:
    for one in citizens():
        assert set(one.surname + one.given_names) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        assert one.sex in {"M", "F"}
    assert len({(one.surname, one.given_names, one.birth_date) for one in citizens()}) == 12


def test_ten_are_grown_up_and_two_are_children_for_years_to_come() -> None:
    grown = {one.id for one in citizens() if one.birth_date <= date(2006, 1, 1)}
    children = {one.id for one in citizens() if one.birth_date >= date(2016, 1, 1)}
    assert children == {"u09", "u10"}
    assert len(grown | children) == 12


def test_the_look_alikes_live_here_and_a_stranger_does_not() -> None:
    assert [citizen(id).id for id in LOOK_ALIKES] == list(LOOK_ALIKES)
    with pytest.raises(KeyError, match="no citizen"):
        citizen("u99")
    with pytest.raises(ValueError, match="no shot"):
        live(citizen("u01"), 4)
