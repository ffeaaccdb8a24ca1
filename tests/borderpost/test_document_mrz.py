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
        "meanings": {"issuing_state": "Utopia (specimen)", "nationality": "Utopia (specimen)"},
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


def test_what_was_misread_is_repaired_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    misread = (TD3[0].replace("UTO", "UT0"), TD3[1].replace("L898902C3", "L8989O2C3"))
    assert run(*misread, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"]
    assert answer["fields"]["document_number"] == "L898902C3"
    assert answer["repairs"] == [
        {"line": 1, "place": 5, "read": "0", "repaired": "O"},
        {"line": 2, "place": 6, "read": "O", "repaired": "0"},
    ]
    run(*misread)
    assert "REPAIRED         line 2, place 6          O was read, 0 agrees" in capsys.readouterr().out.splitlines()


def test_a_long_number_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(
            "I<UTOD23145890<7349<<<<<<<<<<<",
            "3407127M9507122UTO<<<<<<<<<<<2",
            "STEVENSON<<PETER<JOHN<<<<<<<<<",
            "--json",
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["fields"]["document_number"] == "D23145890734"


def test_an_unknown_code_is_said_and_does_not_make_the_zone_bad(capsys: pytest.CaptureFixture[str]) -> None:
    stateless = TD3[1].replace("UTO", "XXA")
    assert run(TD3[0].replace("UTO", "QQQ"), stateless) == 0
    table = capsys.readouterr().out.splitlines()
    assert "issuing_state    QQQ                      unknown code" in table
    assert "nationality      XXA                      stateless person (1954 convention)" in table
    assert run(TD3[0].replace("UTO", "QQQ"), stateless, "--json") == 0
    assert json.loads(capsys.readouterr().out)["meanings"]["issuing_state"] is None


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
    assert run(TD3[0].replace("<<", "\u00ab") + "\r", TD3[1]) == 0


def test_what_is_no_zone_is_one_sentence_and_its_cure() -> None:
    with pytest.raises(Fault) as caught:
        run("Utopia")
    assert caught.value.exit_code == 2
    assert caught.value.code == "not-a-zone"
    assert "3 lines of 30" in caught.value.message
    assert caught.value.cure
