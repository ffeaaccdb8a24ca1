"""What an operator may set for a gateway, and what is said when a word is misspelt."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway import config
from gateway.config import load
from gateway.errors import GatewayError
from gateway.settings import SETTINGS

EVERYTHING = """
region = "north"
state = "region"
store = "postgresql://somebody@host/database"
worker = "gateway-2"
[broker]
host = "region.example"
port = 8884
kind = "nats"
nodes = ["nats-1:4222"]
reload = ["true"]
[pages]
host = "::1"
port = 8081
[enrolment]
host = "region.example"
port = 8445
[retention]
events_days = 30
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("table", "right"), [(table, word) for table in SETTINGS for word in SETTINGS[table]])
def test_a_misspelt_setting_is_named_with_the_file_and_the_one_that_was_meant(
    tmp_path: Path, table: str, right: str
) -> None:
    wrong = f"{right}s"
    path = written(tmp_path, f'[{table}]\n{wrong} = "x"\n' if table else f'{wrong} = "x"\n')
    with pytest.raises(GatewayError) as refused:
        load(path)
    said = f"{refused.value.message} {refused.value.cure}"
    assert repr(wrong) in said
    assert f"Did you mean {right!r}?" in said
    assert str(path) in said


def test_a_setting_that_is_like_none_is_answered_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, EVERYTHING + "colour = 7\n")
    assert main(["gateway", "run", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert said == f"Under [retention] in {path} there is no setting 'colour'. It has: events_days.\n"


class Asked(dict[str, Any]):
    """A table that remembers what was asked of it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({key: Asked(each) if isinstance(each, dict) else each for key, each in values.items()})
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_every_setting_that_is_known_is_read_and_every_one_that_is_read_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the reader would refuse what it needs itself, or pass over what it allows."""
    raw = Asked(tomllib.loads(EVERYTHING))
    monkeypatch.setattr(tomllib, "loads", lambda text: raw)
    monkeypatch.setattr(config, "expect_known", lambda path, raw: None)  # it looks at all of them
    load(written(tmp_path, ""))
    read = {table: (raw if not table else raw[table]).asked for table in SETTINGS}
    assert read == {table: set(words) for table, words in SETTINGS.items()}


@pytest.mark.parametrize("port", ["true", "-1", "65536", "188830", '"8883"'])
@pytest.mark.parametrize("table", ["broker", "pages", "enrolment"])
def test_what_is_no_port_is_named_with_its_table_and_the_range(tmp_path: Path, table: str, port: str) -> None:
    path = written(tmp_path, f'region = "north"\n[{table}]\nport = {port}\n')
    with pytest.raises(GatewayError, match=rf"\[{table}\] port in .* is no port from 0 to 65535"):
        load(path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "*", ""])  # noqa: S104
@pytest.mark.parametrize("table", ["broker", "enrolment"])
def test_a_host_to_which_no_device_can_go_is_refused_in_the_file_and_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, host: str
) -> None:
    """Devices are told it with their certificates: each would look for the region on itself."""
    text = 'region = "north"\n[pages]\nhost = "192.0.2.1"\n'  # there it ends where it is not refused before
    path = written(tmp_path, f'{text}[{table}]\nhost = "{host}"\n')
    with pytest.raises(GatewayError, match=rf"\[{table}\] host in .* no device can go"):
        load(path)
    if host:
        written(tmp_path, text)
        assert main(["gateway", "run", "--config", str(path), f"--{table}", f"{host}:8884"]) == 2
        assert f"--{table} is '{host}'" in capsys.readouterr().err


@pytest.mark.parametrize("table", ["broker", "pages", "enrolment"])
def test_what_is_no_host_is_named_with_its_table(tmp_path: Path, table: str) -> None:
    path = written(tmp_path, f'region = "north"\n[{table}]\nhost = 7\n')
    with pytest.raises(GatewayError, match=rf"\[{table}\] host in .* is no name or address"):
        load(path)
