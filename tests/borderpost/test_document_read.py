"""``borderpost document read``, against a chip process behind a port of its own."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from simulators.chip.control import Control
from simulators.chip.faults import Fault
from simulators.chip.pcsc import end, start_chip
from simulators.issuing.equipping import ONLY_BAC, USUAL, Mechanisms
from simulators.issuing.passports import Passport
from simulators.issuing.state import State, open_states, write_trust
from simulators.network.broker import free_port
from tests.edge.inspection.chips import modern
from tests.edge.inspection.desk import TODAY

CAN = "836254"


@dataclass
class Table:
    """A reader, a hand, and whom to trust."""

    url: str
    hand: Control
    trust: Path

    def lay(self, passport: Passport, fault: str | None = None) -> None:
        self.hand.lay(passport.files, passport.mrz_lines, fault, passport.secrets)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    return open_states(tmp_path_factory.mktemp("states"), TODAY)


@pytest.fixture(scope="module")
def table(states: dict[str, State], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    folder = tmp_path_factory.mktemp("table")
    write_trust(states, folder / "trust")
    port = free_port()
    process = start_chip(folder / "chip.sock", ["--listen", f"127.0.0.1:{port}"])
    with Control(folder / "chip.sock") as hand:
        yield Table(f"socket://127.0.0.1:{port}", hand, folder / "trust")
    end(process)


@pytest.fixture(scope="module")
def passport(states: dict[str, State]) -> Passport:
    return modern(states["UTO"], Mechanisms(can=CAN))


@pytest.fixture
def laid(table: Table, passport: Passport) -> Iterator[Passport]:
    table.lay(passport)
    yield passport
    table.hand.lift()


def zone(passport: Passport) -> list[str]:
    return [word for line in passport.mrz_lines for word in ("--mrz", line)]


def read(table: Table, *words: str) -> int:
    return main(["document", "read", "--reader", table.url, *words])


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_genuine_passport_is_read_and_proved(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(table, *zone(laid), "--trust", str(table.trust), "--json") == 0
    answer = told(capsys)
    assert answer["result"] == "successful"
    ids = [check["id"] for check in answer["checks"]]
    assert {"access", "pa.sod_signature", "pa.dg_hash.14", "pa.chain", "lds.dg_list", "aa", "ca", "mrz.match"} <= set(
        ids
    )
    assert answer["access"] == "pace-ecdh-gm-aes128"
    assert (answer["apdus"], answer["proof_apdus"]) == (17, 3)
    assert answer["bytes"] > 16_000
    assert answer["files"] == sorted(laid.files)
    assert {"access", "files", "pa", "ca", "aa", "total"} <= answer["timings_ms"].keys()
    assert "document" not in answer
    assert "OBERLIN" not in json.dumps(answer)


def test_without_a_trust_store_nothing_is_decided(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(table, *zone(laid), "--json") == 3
    by_id = {check["id"]: check for check in told(capsys)["checks"]}
    assert (by_id["pa.chain"]["result"], by_id["pa.chain"]["mode"]) == ("undetermined", "mandatory")
    assert by_id["aa"]["code"] == "aa-not-bound"


def test_the_card_access_number_will_do_and_then_there_is_no_page_to_compare(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(table, "--can", CAN, "--trust", str(table.trust), "--json") == 0
    assert "mrz.match" not in {check["id"] for check in told(capsys)["checks"]}


def test_an_expert_sees_what_stands_there_when_asked_for(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(table, *zone(laid), "--trust", str(table.trust), "--show") == 0
    said = capsys.readouterr().out
    assert "OBERLIN" in said
    assert "PACE-ECDH-GM-AES128" in said
    assert read(table, *zone(laid), "--trust", str(table.trust), "--show", "--json") == 0
    assert told(capsys)["document"]["DG1"]["surname"] == "OBERLIN"


def test_what_was_read_is_kept_when_asked_for_and_for_its_owner_alone(
    table: Table, laid: Passport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, picture = tmp_path / "made" / "here", tmp_path / "face.png"
    words = ["--files", str(folder), "--portrait", str(picture), "--trust", str(table.trust), "--json"]
    assert read(table, *zone(laid), *words) == 0
    assert {path.stem: path.read_bytes() for path in folder.iterdir()} == dict(laid.files)
    assert {path.stat().st_mode & 0o777 for path in (*folder.iterdir(), picture)} == {0o600}
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_chosen_groups_are_read(table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(table, *zone(laid), "--dg", "1", "--dg", "11", "--trust", str(table.trust), "--json") == 0
    assert "DG2" not in told(capsys)["files"]


def test_an_expert_reads_everything(
    table: Table, states: dict[str, State], passport: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"DIR": bytes.fromhex("61094F07A0000002471001"), "ATR": bytes.fromhex("4303F741E0")}
    table.hand.lay({**passport.files, **more}, passport.mrz_lines, None, passport.secrets)
    assert read(table, *zone(passport), "--all", "--trust", str(table.trust), "--json") == 0
    assert set(told(capsys)["files"]) == {*passport.files, *more}
    table.hand.lift()


def test_a_record_stands_in_the_verdicts_place(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(table, *zone(laid), "--trust", str(table.trust), "--record", "standard") == 0
    made = told(capsys)
    assert made["chip"]["protocol"] == "pace-ecdh-gm-aes128"
    assert made["signer"]["country"] == "UT"


def test_an_old_chip_is_opened_by_basic_access_control(
    table: Table, states: dict[str, State], capsys: pytest.CaptureFixture[str]
) -> None:
    old = modern(states["UTO"], ONLY_BAC)
    table.lay(old)
    assert read(table, *zone(old), "--trust", str(table.trust), "--json") == 0
    assert told(capsys)["access"] == "bac"
    table.hand.lift()


@pytest.mark.parametrize(
    ("fault", "code", "check"),
    [
        (Fault.DENIES_ACCESS, 1, "access"),
        (Fault.ENDLESS_FILE, 1, "chip.read"),
        (Fault.UNPROTECTED, 1, "chip.read"),
        (Fault.ERROR_6F00, 1, "chip.read"),
    ],
)
def test_a_chip_that_misbehaves_is_a_verdict(
    table: Table, passport: Passport, capsys: pytest.CaptureFixture[str], fault: Fault, code: int, check: str
) -> None:
    table.lay(passport, fault)
    assert read(table, *zone(passport), "--json") == code
    answer = told(capsys)
    assert [each["id"] for each in answer["checks"]] == [check]
    assert answer["checks"][0]["code"]
    table.hand.lift()


def test_another_documents_zone_does_not_open_it(
    table: Table, states: dict[str, State], laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    other = modern(states["UTO"], USUAL, number="U87654321")
    assert read(table, *zone(other), "--json") == 1
    assert told(capsys)["checks"][0]["code"] == "wrong-key"


def test_a_document_that_is_laid_down_later_is_waited_for(
    table: Table, passport: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    table.hand.lift()
    threading.Timer(0.3, lambda: table.lay(passport)).start()
    assert read(table, *zone(passport), "--trust", str(table.trust), "--wait", "10", "--json") == 0
    table.hand.lift()


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (["--mrz", "P<UTO"], "not-a-zone", 2),
        (["--can", "12"], "not-a-can", 2),
        (["--can", CAN, "--trust", "/nowhere/at/all"], "trust-store", 2),
        (["--can", CAN, "--wait", "0.1"], "no-chip", 2),
        (["--can", CAN, "--dg", "17"], "usage", 2),
        ([], "usage", 2),
        (["--can", CAN, "--mrz", "P<UTO"], "usage", 2),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    table: Table, capsys: pytest.CaptureFixture[str], words: list[str], code: str, exit_code: int
) -> None:
    table.hand.lift()
    assert read(table, *words, "--json") == exit_code
    assert told(capsys)["error"]["code"] == code


def test_a_zone_with_a_wrong_digit_troubles_no_chip(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    line = laid.mrz_lines[1]
    wrong = line[:9] + ("1" if line[9] != "1" else "2") + line[10:]
    assert read(table, "--mrz", laid.mrz_lines[0], "--mrz", wrong, "--json") == 2
    assert told(capsys)["error"]["code"] == "zone-wrong"


def test_a_line_of_a_zone_that_stands_in_the_wrong_place_is_not_repeated(
    table: Table, laid: Passport, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = laid.mrz_lines
    assert read(table, "--mrz", first, second, "--fast=" + second, "--json") == 2
    error = told(capsys)["error"]
    assert (error["code"], error["message"]) == ("usage", "Unrecognized arguments: --fast.")
    assert read(table, "--mrz", first, second, "--json") == 2
    assert second not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "code", "exit_code"), [("usb:0", "not-a-reader", 2), ("socket://127.0.0.1:1", "reader-lost", 4)]
)
def test_a_reader_that_is_not_there_is_one_sentence(
    capsys: pytest.CaptureFixture[str], url: str, code: str, exit_code: int
) -> None:
    assert main(["document", "read", "--reader", url, "--can", CAN, "--json"]) == exit_code
    assert told(capsys)["error"]["code"] == code


def test_a_place_that_cannot_be_written_to_is_one_sentence(
    table: Table, laid: Passport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    for words in (["--files", str(tmp_path / "file")], ["--portrait", str(tmp_path / "none" / "face.png")]):
        assert read(table, *zone(laid), *words, "--json") == 2
        assert told(capsys)["error"]["code"] == "not-written"
