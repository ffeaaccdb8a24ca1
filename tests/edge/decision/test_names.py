"""Two hands, one name: what must be found, and what must not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decision.lists import births, document_texts, person_texts
from edge.decision.names import name_keys, parts
from icao.mrz.compose import compose_td3
from icao.mrz.zone import Mrz, parse
from simulators.lists import ListedDocument, ListedPerson

TODAY = datetime(2026, 11, 24, tzinfo=UTC).date()
NAMES = st.text(st.characters(codec="utf-8", categories=("L", "Zs", "Pd")), max_size=30)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=9)


def traveller(surname: str, given_names: str, birth_date: str = "1974-08-12") -> Mrz:
    lines = compose_td3(
        issuing_state="UTO",
        document_number="L898902C3",
        surname=surname,
        given_names=given_names,
        nationality="UTO",
        birth_date=birth_date,
        sex="X",
        expiry_date="2036-04-15",
    )
    return parse(lines, TODAY)


def same(listed: tuple[str, str], shown: tuple[str, str]) -> bool:
    """A listed person and a traveller of one birth date."""
    texts = ListedPerson(*listed, "1974-08-12").texts()
    return not texts.isdisjoint(person_texts(traveller(*shown)))


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        (("ERIKSSON", "ANNA MARIA"), ("ERIKSSON", "ANNA MARIA")),
        (("Eriksson", "anna maria"), ("ERIKSSON", "ANNA MARIA")),
        (("ERIKSSON", "MARIA ANNA"), ("ERIKSSON", "ANNA MARIA")),  # another order
        (("ANNA MARIA", "ERIKSSON"), ("ERIKSSON", "ANNA MARIA")),  # surname and given names changed places
        (("ERIKSSON", "ANNA"), ("ERIKSSON", "ANNA MARIA")),  # the list knows fewer given names
        (("ERIKSSON", "ANNA MARIA LOUISA"), ("ERIKSSON", "ANNA")),  # the list knows more
        (("ERIKSSON", "ANNA LOUISA"), ("ERIKSSON", "MARIA ANNA")),  # one of them is shared
        (("VAN DER BERG", "JAN"), ("VANDERBERG", "JAN")),
        (("Berg-Olsen", "Kari"), ("BERG OLSEN", "KARI")),
        (("OKERSTED", "ANNA-MARIA"), ("OKERSTED", "ANNAMARIA")),
        (("O'MALLY", "UNA"), ("OMALLY", "UNA")),
        (("Müller", "Jürgen"), ("MUELLER", "JUERGEN")),
        (("MULLER", "JURGEN"), ("MUELLER", "JUERGEN")),
        (("Strøm", "Åse"), ("STROEM", "AASE")),
        (("Weiß", "Eva"), ("WEISS", "EVA")),
        (("Čapek", "Noémi"), ("CAPEK", "NOEMI")),
        (("TIMOTEUS", ""), ("TIMOTEUS", "")),
        (("", "TIMOTEUS"), ("TIMOTEUS", "")),
    ],
)
def test_one_person_is_found_however_the_name_is_written(listed: tuple[str, str], shown: tuple[str, str]) -> None:
    assert same(listed, shown)


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        (("ERIKSSON", "ANNA"), ("ERIKSSON", "MARIA")),
        (("ERIKSSON", "ANNA"), ("ERIKSEN", "ANNA")),
        (("ERIKSSON", ""), ("ERIKSSON", "ANNA")),
        (("LINDMOOR", "ELSE"), ("LINDMOOR", "JUNA")),
    ],
)
def test_another_person_is_not_found(listed: tuple[str, str], shown: tuple[str, str]) -> None:
    assert not same(listed, shown)


@pytest.mark.parametrize(
    ("listed", "shown", "found"),
    [
        ("1974-08-12", "1974-08-12", True),
        ("1974-08-12", "1974-08-13", False),
        ("1974-08", "1974-08-12", True),
        ("1974-08", "1974-09-12", False),
        ("1974", "1974-08-12", True),
        ("1974", "1975-08-12", False),
        ("1974-08-12", "1974-XX-XX", True),  # the document knows less: in doubt, an officer looks
        ("1974-08-12", "1974-09-XX", True),
        ("1974-08-12", "1975-XX-XX", False),
        ("1974", "1974-XX-XX", True),
        ("1974-08-12", "XXXX-XX-XX", False),
    ],
)
def test_a_birth_date_is_compared_as_far_as_both_know_it(listed: str, shown: str, found: bool) -> None:
    texts = ListedPerson("ERIKSSON", "ANNA", listed).texts()
    assert found is not texts.isdisjoint(person_texts(traveller("ERIKSSON", "ANNA", shown)))


@given(NAMES, NAMES)
def test_reader_and_writer_make_the_same_keys_of_any_name(surname: str, given_names: str) -> None:
    try:
        written = ListedPerson(surname, given_names, "1974").keys()
    except ValueError:
        written = set()
    assert name_keys(surname, given_names) == written


@given(WORDS, st.lists(WORDS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_given_names_does_not_matter(surname: str, given_names: list[str], chance: object) -> None:
    shuffled = list(given_names)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    assert name_keys(surname, " ".join(given_names)) & name_keys(surname, " ".join(shuffled))


@given(NAMES)
def test_parts_are_plain_letters_and_stay_as_they_are(name: str) -> None:
    once = parts(name)
    assert all(word.isascii() and word.isalpha() and word.isupper() for word in once)
    assert len(parts(" ".join(once))) == len(once)


def test_nobody_without_a_name_is_listed_or_looked_up() -> None:
    assert name_keys("", "-'") == frozenset()
    with pytest.raises(ValueError, match="has a name"):
        ListedPerson("", "--", "1974").texts()


def test_a_number_is_looked_up_as_it_stands_on_the_chip() -> None:
    mrz = traveller("ERIKSSON", "ANNA")
    assert set(document_texts(mrz)) == ListedDocument("L898902C3", "UTO").texts()
    assert set(document_texts(mrz)).isdisjoint(ListedDocument("L8989O2C3", "UTO").texts())


def test_a_birth_that_is_wholly_unknown_has_no_form() -> None:
    assert births("XXXX-XX-XX") == ()
