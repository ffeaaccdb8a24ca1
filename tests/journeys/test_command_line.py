"""The command line as its user meets it: help for every verb, errors that are sentences, and never a traceback."""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from borderpost.__main__ import build, main
from edge.config import ConfigError
from edge.opening import officer_key, raw_key
from tests.open_files import holds

LIMIT_S = 30.0
HEAVY = {
    "asyncio",
    "cv2",
    "numpy",
    "aiomqtt",
    "cryptography",
    "starlette",
    "uvicorn",
    "sqlite3",
    "PIL",
    "serial",
    "nacl",
}
START_CPU_LIMIT_S = 0.6  # of a process that shows help: 0.1 s on a quiet machine


def verbs(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, child in action.choices.items():
                yield from verbs(child, (*words, word))


def run(*words: str, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "borderpost", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code, and the one sentence or two that stand on standard error."""
    code = main(words)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    return code, told.err.strip()


def refusal_as_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    code = main((*words, "--json"))
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message", "cure"}
    assert re.fullmatch(r"[a-z][a-z-]*", answer["error"]["code"])
    assert answer["error"]["message"].endswith(".")
    return code, answer["error"]


def test_help_starts_fast_and_imports_nothing_heavy() -> None:
    spy = (
        "import sys, time, resource\n"
        "from borderpost.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('\\n' + repr((sorted(sys.modules), used.ru_utime + used.ru_stime)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", spy], capture_output=True, text=True, timeout=LIMIT_S, check=True
    ).stdout
    modules, cpu_s = eval(said.splitlines()[-1])  # noqa: S307  (our own repr)
    assert set(modules) & HEAVY == set()
    assert cpu_s < START_CPU_LIMIT_S
    assert "demo" in said


@pytest.mark.parametrize("words", sorted(verbs(build())), ids=" ".join)
def test_every_verb_explains_itself(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main((*words, "--help"))
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: borderpost")


@pytest.mark.parametrize("words", sorted(verbs(build())), ids=" ".join)
def test_every_verb_that_does_something_takes_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    if any(other[: len(words)] == words and other != words for other in verbs(build())):
        return  # only a group of verbs
    with pytest.raises(SystemExit):
        main((*words, "--help"))
    assert "--json" in capsys.readouterr().out


LANE = ("sim", "lane", "--travellers")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((*LANE, "1", "--scenario", "dragon"), "no-such-scenario", "honest, expired-document"),
        ((*LANE, "0"), "bad-number", "between 1 and"),
        ((*LANE, "1000000"), "bad-number", "between 1 and"),
        ((*LANE, "many"), "usage", "many"),
        ((*LANE, "1", "--speed", "0"), "bad-speed", "between"),
        ((*LANE, "1", "--speed", "1e9"), "bad-speed", "between"),
        ((*LANE, "1", "--speed", "nan"), "bad-speed", "between"),
        ((*LANE, "1", "--speed", "-3"), "bad-speed", "between"),
        (("sim", "lane"), "usage", "--travellers"),
        (("sim", "issue", "--into", "/proc/nowhere", "--scenario", "dragon"), "", "dragon"),
        (("demo", "--speed", "0"), "bad-speed", "between"),
        (("demo", "--gateway-port", "99999"), "bad-port", "65535"),
        (("demo", "--gateway-port", "8123", "--display-port", "8123"), "bad-port", "two"),
        (("fly",), "usage", "fly"),
        ((), "usage", "VERB"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_make_no_sense_are_answered_with_a_sentence_and_two(
    words: tuple[str, ...], code: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    number, sentence = refusal(capsys, *words)
    assert number == 2
    assert says in sentence
    number, error = refusal_as_json(capsys, *words)
    assert number == 2
    assert error["code"] == (code or error["code"])
    assert says in error["message"] + error["cure"]


CONFIG = """\
[device]
region = "utopia"
post = "north"
device = "gate-1"
[wires]
reader = "/dev/null"
chip = "socket://127.0.0.1:1"
barrier = "/dev/null"
[face]
camera = "frames://127.0.0.1:1"
threshold = 0.5
[uplink]
host = "127.0.0.1"
port = 1
[pages]
port = 8123
"""


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (None, "no configuration"),
        ("[device", "not valid TOML"),
        ("\x00\xff", "not valid TOML"),
        (CONFIG.replace('post = "north"', 'posst = "north"'), "no setting 'posst'"),
        (CONFIG.replace('device = "gate-1"\n', ""), "lacks device"),
        (CONFIG.replace("threshold = 0.5", 'threshold = "high"'), "threshold must be a"),
        (CONFIG.replace("threshold = 0.5", "threshold = 7"), "between 0 and 1"),
        (CONFIG.replace("[wires]", "[wire]"), "no section [wire]"),
        (CONFIG[: CONFIG.index("[pages]")], "[pages] is missing"),
        (CONFIG + "[colour]\nred = 1\n", "no section [colour]"),
        (CONFIG.replace("port = 8123", "port = 812300"), "port"),
        (CONFIG.replace("port = 1\n", "port = -1\n"), "port"),
        (CONFIG.replace('device = "gate-1"', 'device = "Gate 1"'), "device must be small letters"),
        (CONFIG.replace("[wires]", "[wires]\nreader_profile = 3"), "reader_profile"),
        (CONFIG.replace('"gate-1"', '"gate-1"\nretention_days = 0'), "retention_days"),
        (CONFIG.replace('"gate-1"', '"gate-1"\nretention_days = 10000000000'), "retention_days"),
        (CONFIG + 'host = "0.0.0.0"\n', "nothing listens beyond"),
        (CONFIG, "not enrolled"),
    ],
)
def test_an_edge_that_cannot_start_says_which_setting_and_why(
    config: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edge.toml"
    if config is not None:
        path.write_bytes(config.encode("latin-1"))
    number, sentence = refusal(capsys, "edge", "run", "--config", str(path))
    assert number == 2
    assert says in sentence
    number, error = refusal_as_json(capsys, "edge", "run", "--config", str(path))
    assert (number, error["code"]) == (2, "bad-config")
    assert error["cure"]


def test_an_edge_with_a_chip_reader_of_no_kind_says_which_kinds_there_are(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = lane_with_a_reader_of_no_kind(enrolled, tmp_path)
    number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert number == 2
    assert "pcsc:" in sentence


def test_an_edge_whose_configuration_is_a_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number, sentence = refusal(capsys, "edge", "run", "--config", str(tmp_path))
    assert number == 2
    assert "cannot be read" in sentence


def write_closed(path: Path, content: str) -> None:
    path.touch(0o600)
    path.write_text(content)


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enrolled")
    assert main(("gateway", "init", "--state", str(folder / "gateway"), "--region", "utopia")) == 0
    words = (
        "--gateway",
        str(folder / "gateway"),
        "--edge",
        str(folder / "edge"),
        "--post",
        "north",
        "--device",
        "gate-1",
    )
    assert main(("device", "enrol", *words)) == 0
    (folder / "edge" / "edge.toml").write_text(CONFIG)
    return folder


def lane_with_keys(enrolled: Path, tmp_path: Path, key: str) -> Path:
    """The folder of an enrolled lane of its own, in which each of the three keys says ``key``."""
    edge = tmp_path / "edge"
    shutil.copytree(enrolled / "edge", edge)
    for name in ("officer.key", "lists.key", "barrier.key"):
        write_closed(edge / name, key)
    return edge


def lane_with_a_reader_of_no_kind(enrolled: Path, tmp_path: Path) -> Path:
    """All is there, but its chip reader."""
    edge = lane_with_keys(enrolled, tmp_path, "5e" * 32 + "\n")
    (edge / "trust").mkdir()
    (edge / "edge.toml").write_text(CONFIG.replace("socket:", "telepathy:"))
    return edge


def test_an_edge_without_its_keys_names_the_file(enrolled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number, sentence = refusal(capsys, "edge", "run", "--config", str(enrolled / "edge" / "edge.toml"))
    assert number == 2
    assert "officer.key is missing" in sentence
    assert "edge.toml" not in sentence  # nothing there is to be corrected


@pytest.mark.parametrize("name", ["officer.key", "lists.key", "barrier.key"])
@pytest.mark.parametrize("mode", [0o644, 0o620])
def test_an_edge_with_a_key_that_others_can_read_or_change_does_not_start(name: str, mode: int, tmp_path: Path) -> None:
    path = tmp_path / name
    write_closed(path, "5e" * 32 + "\n")
    read_key = officer_key if name == "officer.key" else raw_key
    assert read_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"{name} .* can be read or changed by others. Close it .chmod 600"):
        read_key(path)


def test_an_edge_whose_officers_key_is_open_to_others_says_how_to_close_it(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = tmp_path / "edge"
    shutil.copytree(enrolled / "edge", edge)
    (edge / "officer.key").write_text("12345678\n")
    (edge / "officer.key").chmod(0o644)
    number, error = refusal_as_json(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert (number, error["code"]) == (2, "bad-config")
    assert f"chmod 600 {edge / 'officer.key'}" in error["cure"]


def test_an_edge_without_a_trust_store_names_the_command_that_makes_one(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = lane_with_keys(enrolled, tmp_path, "5e" * 32 + "\n")
    number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert number == 4
    assert sentence.count("document trust import") == 1
    assert sentence.endswith("Then start the lane again.")


def test_an_edge_that_does_not_start_leaves_nothing_open(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = lane_with_a_reader_of_no_kind(enrolled, tmp_path)
    assert refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))[0] == 2
    assert not holds(edge / "outbox.db")


def test_an_edge_with_a_damaged_key_says_so_and_not_what_it_holds(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = lane_with_keys(enrolled, tmp_path, "5ec2e7 is no key\n")
    number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert number == 2
    assert "lists.key" in sentence
    assert "edge.toml" not in sentence
    assert "5ec2e7" not in sentence


@pytest.mark.parametrize("key", ["", "\n", "1234567\n"])
def test_an_edge_with_an_officers_key_that_can_be_guessed_does_not_start(
    key: str, enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = tmp_path / "edge"
    shutil.copytree(enrolled / "edge", edge)
    write_closed(edge / "officer.key", key)
    number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert number == 2
    assert "officer.key" in sentence


def test_an_edge_with_the_identity_of_another_lane_does_not_start(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = tmp_path / "edge"
    shutil.copytree(enrolled / "edge", edge)
    (edge / "edge.toml").write_text(CONFIG.replace('post = "north"', 'post = "south"'))
    number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
    assert number == 2
    assert "utopia/north/gate-1" in sentence


def test_an_edge_whose_identity_breaks_the_contract_says_so(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = tmp_path / "edge"
    shutil.copytree(enrolled / "edge", edge)
    known = edge / "identity" / "identity.toml"
    for told in (known.read_text().replace('"north"', '"North"'), known.read_text().replace('"north"', "3")):
        known.write_text(told)
        number, sentence = refusal(capsys, "edge", "run", "--config", str(edge / "edge.toml"))
        assert number == 2
        assert "damaged" in sentence


def test_a_gateway_that_was_never_set_up_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number, sentence = refusal(capsys, "gateway", "run", "--state", str(tmp_path / "nothing"))
    assert number in (2, 4)
    assert "gateway init" in sentence
    number, error = refusal_as_json(capsys, "gateway", "run", "--state", str(tmp_path / "nothing"))
    assert "gateway init" in error["message"] + error["cure"]


def test_a_gateway_shows_its_pages_to_its_own_machine_alone(enrolled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("gateway", "run", "--state", str(enrolled / "gateway"), "--pages")
    for address in ("0.0.0.0:0", "192.0.2.1:8080"):
        number, error = refusal_as_json(capsys, *words, address)
        assert (number, error["code"]) == (2, "not-local")
        assert error["cure"]


def test_the_doctor_answers_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    number = main(("doctor", "--json"))
    told = json.loads(capsys.readouterr().out)
    assert (number == 0) is told["ok"]
    assert {"python", "broker", "pcsc", "face", "disk", "ports"} <= {check["id"] for check in told["checks"]}
    for check in told["checks"]:
        assert check["message"].endswith(".")
        assert check["ok"] or check["cure"], "what is missing comes with its cure"


def test_an_unknown_error_gives_a_sentence_and_the_traceback_only_with_debug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("somebody's name")

    monkeypatch.setattr("borderpost.doctor.examine", fail)
    number, sentence = refusal(capsys, "doctor")
    assert number == 70
    assert "ZeroDivisionError" in sentence
    assert "--debug" in sentence
    assert "somebody" not in sentence
    number, error = refusal_as_json(capsys, "doctor")
    assert (number, error["code"]) == (70, "unexpected")
    with pytest.raises(ZeroDivisionError):
        main(("--debug", "doctor"))


def test_as_a_process_a_wrong_word_is_a_sentence_on_standard_error() -> None:
    ended = run("sim", "lane", "--travellers", "1", "--scenario", "dragon")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("There is no scenario 'dragon'. Choose one of honest")
