"""``borderpost document mrz``, as a technician types it."""

import argparse
import json

import pytest

from borderpost.document import add_parser
from borderpost.errors import Fault

TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["document", "mrz", *words])
    return int(arguments.run(arguments))


def test_a_good_zone_is_told_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*TD3, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": "TD3",
        "fields": {
            "document_code": "P",
            "issuing_state": "UTO",
            "document_number": "L898902C3",
            "surname": "ERIKSSON",
            "given_names": "ANNA MARIA",
            "nationality": "UTO",
            "birth_date": "1974-08-12",
            "sex": "F",
            "expiry_date": "2012-04-15",
            "optional_1": "ZE184226B",
            "optional_2": "",
            "names_truncated": False,
        },
        "check_digits": {
            "document_number": True,
            "birth_date": True,
            "expiry_date": True,
            "optional_1": True,
            "composite": True,
        },
        "faults": [],
        "ok": True,
        "repairs": [],
    }


def test_a_wrong_digit_is_told_by_the_exit_code_and_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TD3[0], TD3[1].replace("C36", "C37")) == 1
    table = capsys.readouterr().out.splitlines()
    assert "document_number  L898902C3                CHECK DIGIT IS WRONG" in table
    assert "composite        WRONG" in table


def test_a_day_that_does_not_exist_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TD3[0], TD3[1].replace("740812", "741312")) == 1
    assert "NOT POSSIBLE" in capsys.readouterr().out


def test_a_visa_has_no_composite_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<") == 0
    assert "composite" not in capsys.readouterr().out


def test_lower_case_and_blanks_are_forgiven() -> None:
    assert run(f" {TD3[0].lower()} ", TD3[1]) == 0
    assert run("".join(TD3)) == 0


def test_what_is_no_zone_is_one_sentence_and_its_cure() -> None:
    with pytest.raises(Fault) as caught:
        run("Utopia")
    assert caught.value.exit_code == 2
    assert caught.value.code == "not-a-zone"
    assert "3 lines of 30" in caught.value.message
    assert caught.value.cure
