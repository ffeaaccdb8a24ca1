"""National letters on their way into the zone, and as far as the tables allow, back. (Doc 9303-3, section 6)"""

# ruff: noqa: RUF001  # letters that look alike are what this file is about

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.mrz.alphabets import ARABIC, CYRILLIC, Language
from icao.mrz.names import write_names
from icao.mrz.transliteration import MAX_NAME_CHARACTERS, arabic, may_stand_for, transliterated

# Table 6.A, every row: the letters, and what all of them become.
LATIN = {
    "ÀÁÂÃĀĂĄ": "A", "ÄÆ": "AE", "Å": "AA", "ÇĆĈĊČ": "C", "ÈÉÊËĒĔĖĘĚ": "E", "ÌÍÎÏĨĪĬĮİı": "I", "ÐĎĐ": "D",
    "ÑŃŅŇŊ": "N", "ÒÓÔÕŌŎŐ": "O", "ÖØŒ": "OE", "ÙÚÛŨŪŬŮŰŲ": "U", "Ü": "UE", "ÝŶŸ": "Y", "Þ": "TH", "ĜĞĠĢ": "G",
    "ĤĦ": "H", "Ĳ": "IJ", "Ĵ": "J", "Ķ": "K", "ĹĻĽĿŁ": "L", "ŔŖŘ": "R", "ŚŜŞŠ": "S", "ŢŤŦ": "T", "Ŵ": "W",
    "ŹŻŽ": "Z", "ẞß": "SS",
}  # fmt: skip


@pytest.mark.parametrize(
    ("letter", "spelled"), [(letter, spelled) for letters, spelled in LATIN.items() for letter in letters]
)
def test_every_latin_letter_of_the_table_is_spelled_as_recommended(letter: str, spelled: str) -> None:
    assert transliterated(letter) == transliterated(letter.lower()) == spelled
    assert may_stand_for(spelled, letter)


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("MULLER", "Müller"),
        ("MUXXLLER", "Müller"),
        ("ASA", "Åsa"),
        ("AASA", "Åsa"),
        ("CANXXON", "Cañon"),
        ("GROESS", "Größ"),
        ("GROSS", "Größ"),
        ("ANNA MARIA", "anna-maria"),
        ("ANNA<MARIA", "Anna Maria"),
        ("EBBAS", "عبّاس"),
        ("EBAS", "عبّاس"),
    ],
)
def test_a_spelling_that_the_table_allows_may_stand_for_the_name(printed: str, name: str) -> None:
    assert may_stand_for(printed, name)


@pytest.mark.parametrize(
    ("printed", "name"), [("MILLER", "Müller"), ("MULLERS", "Müller"), ("MULLE", "Müller"), ("ANNAMARIA", "Anna Maria")]
)
def test_any_other_spelling_may_not(printed: str, name: str) -> None:
    assert not may_stand_for(printed, name)


@pytest.mark.parametrize(
    ("name", "language", "spelled"),
    [
        ("Щербаков Хлёстов", "", "SHCHERBAKOV KHLESTOV"),
        ("Объедков Юрьевич", "", "OBIEEDKOV IUREVICH"),
        ("Ёлка Глеб", "be", "IOLKA HLEB"),
        ("Щерев", "bg", "SHTEREV"),
        ("Ѓорѓи Ќосев Џамбазов Хаџи Цветан", "mk", "GJORGJI KJOSEV DJAMBAZOV HADJI CVETAN"),
        ("Ђорђе Живковић Чолак Шарић Хрвоје Цане", "sr", "DORDE ZIVKOVIC COLAK SARIC HRVOJE CANE"),
        ("Їжакевич Єва Юрій Яна Йосип", "uk", "YIZHAKEVYCH YEVA YURII YANA YOSYP"),
        ("Наїзд Знаєв Гнат", "uk", "NAIZD ZNAIEV HNAT"),
        ("Љубомир Његош Ѕвезда", "", "LJUBOMIR NJEGOSH DZVEZDA"),
    ],
)
def test_cyrillic_is_spelled_by_the_table_and_its_national_exceptions(
    name: str, language: Language, spelled: str
) -> None:
    assert transliterated(name, language) == spelled


def test_what_a_state_leaves_of_its_exceptions_may_still_stand_for_the_name() -> None:
    assert may_stand_for("ZIVKOVIC", "Живковић", "sr")
    assert may_stand_for("ZHIVKOVIC", "Живковић", "sr")
    assert not may_stand_for("ZIVKOVIC", "Живковић")


# Appendix B of Doc 9303-3, and its note on the shadda.
ARABIC_NAMES = {
    "ابو بكر محمد بن زكريا الرازي": "ABW BKR MXHMD BN ZKRYA ALRAZY",
    "جمال": "JMAL",
    "عبّاس": "EBBAS",
    "فضّة": "FXDZXDZXAH",
    "فاطمة": "FAXTTMXAH",
}


@pytest.mark.parametrize(("name", "spelled"), ARABIC_NAMES.items())
def test_arabic_goes_into_the_zone_and_comes_back(name: str, spelled: str) -> None:
    assert transliterated(name) == spelled
    assert arabic(spelled) == name


def test_no_arabic_code_begins_another_so_that_the_way_back_is_one() -> None:
    codes = {*ARABIC.values(), "XAH"}
    assert not [(one, other) for one in codes for other in codes if one != other and other.startswith(one)]


@pytest.mark.parametrize("letter", [chr(number) for number in ARABIC])
def test_every_arabic_letter_comes_back(letter: str) -> None:
    same = {"\u06d0": "\u064a"}  # Pashto's yeh is the standard one, says the table
    other = "د" if letter == "ب" else "ب"  # the same letter twice is read as a shadda
    assert arabic(transliterated(letter + other)) == same.get(letter, letter) + other


def test_teh_marbuta_within_a_name_has_a_code_of_its_own() -> None:
    assert transliterated("ةب") == "XTAB"
    assert arabic("XTAB<BXAH") == "ةب بة"
    assert may_stand_for("BXTA", "بة")


def test_vowels_and_stretches_are_not_written_and_presentation_forms_are_their_letters() -> None:
    assert transliterated("مُحَمَّد") == "MXHMMD"
    assert transliterated("محـــمد") == transliterated("\ufee3\ufea4\ufee4\ufeaa") == "MXHMD"


@pytest.mark.parametrize("printed", ["ERIKSSON OLE", "X", "XQ", "A1", "MX"])
def test_what_is_no_transliteration_of_arabic_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match="no transliteration"):
        arabic(printed)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("D'Artagnan", "DARTAGNAN"),
        ("O\u2019Mally", "OMALLY"),
        ("O\u00b4Mally", "OMALLY"),
        ("Marie-Elise", "MARIE ELISE"),
        ("Anna,Maria", "ANNA MARIA"),
        ("Gal·la Jr.", "GALLA JR"),
        ("Nu\u0301n\u0303ez", "NUNEZ"),
        ("A\u202enna\u200b", "ANNA"),  # marks that turn the text round, or are not to be seen, go
        ("", ""),
        ("- '", ""),
        ("Ь", ""),
    ],
)
def test_hyphens_divide_and_other_signs_leave_no_trace(name: str, spelled: str) -> None:
    assert transliterated(name) == spelled


@pytest.mark.parametrize("name", ["Ελένη", "山田", "A1", "A€", "🙂", "A" * (MAX_NAME_CHARACTERS + 1)])
def test_what_has_no_place_in_the_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name"):
        transliterated(name)


def test_the_names_field_takes_every_script() -> None:
    assert write_names("Юрченко", "Юлія", 20, "uk") == "YURCHENKO<<YULIIA<<<"
    assert write_names("الرازي", "محمد", 20) == "ALRAZY<<MXHMD<<<<<<<"


FUZZ = settings(max_examples=200, deadline=None, derandomize=True)


@given(st.text(), st.sampled_from(["", "be", "bg", "mk", "sr", "uk"]))
@FUZZ
def test_any_name_is_spelled_in_a_to_z_or_refused(name: str, language: Language) -> None:
    try:
        spelled = transliterated(name, language)
    except ValueError:
        return
    assert all(word.isascii() and word.isalpha() and word.isupper() for word in spelled.split(" ") if spelled)
    assert may_stand_for(spelled, name, language)


@given(st.text(sorted(CYRILLIC), min_size=1, max_size=20))
@FUZZ
def test_every_cyrillic_name_has_a_spelling(name: str) -> None:
    assert may_stand_for(transliterated(name), name)
