import re
from pathlib import Path

import pytest

from edge.gate.events import Reason
from edge.gate.states import STATES
from edge.pages import words
from edge.pages.catalogue import read, read_all, shipped
from edge.pages.protocols import Sign
from gateway.pages import words as region_words
from gateway.pages.condition import SCREENS

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"
WORDS_LIMIT = 8
every_language = pytest.mark.parametrize("code", shipped())


def test_english_french_and_arabic_are_spoken() -> None:
    assert {"en", "fr", "ar"} <= set(shipped())


@every_language
def test_every_language_holds_the_same_messages_and_placeholders(code: str) -> None:
    model, other = read("en").messages, read(code).messages
    assert other.keys() == model.keys()
    for key, text in other.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", model[key]), key
        assert text.strip(), key


@every_language
def test_no_sentence_is_longer_than_eight_words(code: str) -> None:
    for key, text in read(code).messages.items():
        for sentence in re.split(r"[.!?]\s*", text):
            assert len(sentence.split()) <= WORDS_LIMIT, f"{key}: {sentence}"


@every_language
def test_every_sign_of_the_contract_has_a_sentence(code: str) -> None:
    line = re.search(r"Screens: (.*)\(drawn by the page itself\)", CONTRACT.read_text("utf-8"))
    assert line is not None
    signs = re.findall(r"`([a-z-]+)`", line[1])
    assert sorted(signs) == sorted(sign.value for sign in Sign)
    assert {f"sentence.{sign}" for sign in signs} <= read(code).messages.keys()


@every_language
def test_no_sentence_to_a_traveller_tells_why_somebody_is_referred(code: str) -> None:
    said = " ".join(read(code).messages.values()).lower()
    for telling in ("list", "police", "match", "refus", "chip", "puce", "liste", "شريحة", "قائمة", "رفض"):
        assert telling not in said


def test_languages_keep_the_order_of_the_post() -> None:
    assert [each.code for each in read_all(("ar", "en", "fr"))] == ["ar", "en", "fr"]
    assert [each.direction for each in read_all(("ar", "en", "fr"))] == ["rtl", "ltr", "ltr"]


def test_every_reason_has_words_for_the_officer_of_the_lane_and_of_the_region() -> None:
    assert set(words.REASONS) == set(Reason)
    assert set(region_words.REASONS) == {reason.value for reason in Reason}


def test_every_alarm_of_the_contract_has_words() -> None:
    line = re.search(r"^ALARM: (.*?)\n\n", CONTRACT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert line is not None
    assert set(re.findall(r"`([a-z-]+)`", line[1])) <= set(words.ALARMS)


def test_every_state_of_the_gate_has_words() -> None:
    assert {words.kebab(state.__name__) for state in STATES} <= set(words.STATES)


def test_every_sign_has_a_word_in_the_region() -> None:
    assert set(SCREENS) == {sign.value for sign in Sign} - {"stale"}
