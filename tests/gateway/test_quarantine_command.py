"""Whoever looks at what was set aside sees how much there is, and comes to the end of it page by page."""

import json
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.state import StateFolder

COUNT = 7
TOPIC = "bp/1/north/harbour/lane-1/evt\x1b[2J"


@pytest.fixture
def state(new_region: Callable[[str], Any]) -> Path:
    region = new_region("north")
    with closing(region.authority.open_store()) as connection:
        for number in range(COUNT):
            connection.execute(
                "INSERT INTO quarantine (reason, detail, topic, sender, boot, first, last, digest, size_bytes, body,"
                " retain_until, received_ms) VALUES ('bad-cbor', 'cut', ?, '', '', 0, 0, ?, 1, x'00', '2030-01-01', ?)",
                (TOPIC, bytes([number]) * 32, number),
            )
    path: Path = region.state
    return path


def told(capsys: pytest.CaptureFixture[str], state: Path, *words: str) -> dict[str, Any]:
    assert main(["gateway", "quarantine", "--state", str(state), *words, "--json"]) == 1
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_pages_follow_one_another_to_the_end_and_each_row_is_on_one_of_them(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, more, after = [], True, []
    while more:
        page = told(capsys, state, "--limit", "3", *after)
        rows += [row["row"] for row in page["quarantine"]]
        assert page["total"] == COUNT
        more, after = page["next"] is not None, ["--after", str(page["next"])]
    assert len(rows) == COUNT
    assert all(newer > older for newer, older in pairwise(rows))


def test_a_page_that_ends_where_all_ends_has_none_after_it(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = told(capsys, state, "--limit", str(COUNT))
    assert (len(page["quarantine"]), page["next"]) == (COUNT, None)
    beyond = told(capsys, state, "--after", str(page["quarantine"][-1]["row"]))  # something is set aside all the same
    assert beyond == {"quarantine": [], "total": COUNT, "next": None, "not_kept": 0}
    assert len(told(capsys, state, "--after", str(10**30))["quarantine"]) == COUNT
    assert told(capsys, state, "--after", str(-(10**30))) == beyond


def test_a_person_reads_how_many_there_are_and_how_to_see_the_rest(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gateway", "quarantine", "--state", str(state), "--limit", "2"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert last == f"2 of {COUNT} are shown; the next: --after {COUNT - 1}."
    assert "\x1b" not in "".join(lines)
    assert main(["gateway", "quarantine", "--state", str(state), "--after", "2"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"1 of {COUNT} are shown."
    assert main(["gateway", "quarantine", "--state", str(state)]) == 1
    assert "shown" not in capsys.readouterr().out


def test_what_was_only_counted_is_said(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "quarantine", "--state", str(state)]) == 1
    assert "only counted" not in capsys.readouterr().out
    with closing(StateFolder(state).open_store()) as connection:
        connection.execute("INSERT INTO lanes (device, unkept) VALUES ('', 12)")
    assert told(capsys, state)["not_kept"] == 12
    assert main(["gateway", "quarantine", "--state", str(state)]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("12 more came from unproven senders")


def test_a_line_says_its_row_and_why_and_where_in_which_boot(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boot = "ab" * 16
    with closing(StateFolder(state).open_store()) as connection:
        connection.execute("UPDATE quarantine SET detail = '' WHERE row = 1")
        connection.execute(
            "UPDATE quarantine SET sender = 'lane-1', boot = ?, first = 4, last = 9 WHERE row = 2", (boot,)
        )
        connection.execute(
            "UPDATE quarantine SET sender = 'lane-1', boot = ?, first = 4, last = 4 WHERE row = 3", (boot,)
        )
    assert main(["gateway", "quarantine", "--state", str(state), "--after", "4"]) == 1
    one, several, unproven, _ = capsys.readouterr().out.splitlines()
    assert one.startswith("row 3  1970-01-01T00:00:00+00:00  bad-cbor (cut): lane-1 on bp/1/")
    assert one.endswith(f", boot {boot}, number 4, 1 bytes")
    assert several.startswith("row 2  ")
    assert several.endswith(f", boot {boot}, numbers 4 to 9, 1 bytes")
    assert "bad-cbor: an unproven sender on bp/1/north/harbour/lane-1/evt?[2J, 1 bytes" in unproven
    assert main(["gateway", "quarantine", "--state", str(state), "--after", unproven.split()[1]]) == 1
    assert capsys.readouterr().out.splitlines()[0] == "Nothing comes after this row."


@pytest.mark.parametrize("limit", ["0", "-1", "100001"])
def test_a_page_has_a_size_that_a_page_may_have(state: Path, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    assert main(["gateway", "quarantine", "--state", str(state), "--limit", limit]) == 2
    assert "--limit must be 1 to 100000." in capsys.readouterr().err
