"""The files of a mosquitto as the command writes them, and the broker told of a revocation by the operator's words."""

import argparse
import json
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from borderpost import device as device_command
from borderpost import gateway as gateway_command
from borderpost.__main__ import main
from borderpost.errors import Fault
from gateway.identity.rotation import add_worker
from simulators.network.broker import READY, RELOADED, find_program, free_port
from simulators.network.broker_files import DAEMON_USER


def command(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers()
    gateway_command.add_parser(verbs)
    device_command.add_parser(verbs)
    args = parser.parse_args([*words, "--json"])
    assert args.run(args) == 0
    return json.loads(capsys.readouterr().out)


def test_the_broker_gets_what_the_region_has_and_a_revocation_tells_it(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, into, told = str(region.state), tmp_path / "mosquitto", tmp_path / "told"
    region.lane("lane-1")
    add_worker(region.authority, "gateway-2", region.now)
    words = ["borderpost", "gateway", "broker", "--state", state, "--into", str(into), "--then", f"touch {told}"]
    first = command(capsys, *words[1:-2])
    assert (first["workers"], first["revoked"], first["told"]) == (["gateway-1", "gateway-2"], [], False)
    assert "user gateway-2" in (into / "acl").read_text()
    # The operator's own words, run by ``device revoke``: this very command, then the signal.
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "words"}\n')
    hook.chmod(0o755)
    config = region.state / "gateway.toml"
    config.write_text(config.read_text().replace("[broker]", f'[broker]\nreload = ["{hook}", "{told}"]'))
    assert command(capsys, "device", "revoke", "lane-1", "--state", state)["broker_told"]
    assert (tmp_path / "words").read_text().split() == [str(told)]
    second = command(capsys, *words[1:])
    assert (second["revoked"], second["told"], told.exists()) == (["lane-1"], True, True)
    assert (into / "acl").read_text().startswith("user lane-1\ntopic deny #\n")
    assert (into / "clients.crl").read_bytes() == (region.state / "broker" / "clients.crl").read_bytes()


def test_mosquitto_takes_the_files(region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, port, program = region.state / "gateway.toml", free_port(), find_program()
    config.write_text(config.read_text().replace("port = 8883", f"port = {port}"))
    assert program is not None
    written = command(capsys, "gateway", "broker", "--state", str(region.state), "--into", str(tmp_path / "m"))[
        "config"
    ]
    text = Path(written).read_text()
    assert f"listener {port} 127.0.0.1" in text
    started = subprocess.run(["timeout", "1", program, "-c", written], capture_output=True, text=True, check=False)
    assert READY.search(started.stderr.encode())


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that everybody may pass, as /etc/mosquitto is."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def narrow() -> Iterator[None]:
    """As borderpost-broker.service has it."""
    before = os.umask(0o077)
    yield
    os.umask(before)


Write = Callable[[Path], str]  # into a folder; the path of the settings


@pytest.fixture
def write(region: Any, capsys: pytest.CaptureFixture[str]) -> Write:
    config = region.state / "gateway.toml"
    config.write_text(config.read_text().replace("port = 8883", f"port = {free_port()}"))

    def written(into: Path) -> str:
        made: str = command(capsys, "gateway", "broker", "--state", str(region.state), "--into", str(into))["config"]
        return made

    return written


def runs_as(config: str) -> str:
    """Whose mosquitto is with these settings, when it has read its lists again."""
    program = find_program()
    assert program is not None
    with subprocess.Popen([program, "-c", config], stderr=subprocess.PIPE) as broker:
        assert broker.stderr is not None
        heard = iter(broker.stderr.readline, b"")
        try:
            assert any(READY.search(line) for line in heard)
            broker.send_signal(signal.SIGHUP)
            assert any(RELOADED.search(line) for line in heard)
            owner = Path(f"/proc/{broker.pid}").stat().st_uid
        finally:
            broker.terminate()
        assert not any(b"Error" in line for line in heard)
    return pwd.getpwuid(owner).pw_name


OWN_USER = DAEMON_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def test_a_unit_with_a_narrow_umask_leaves_mosquitto_its_own_user(outside: Path, narrow: None, write: Write) -> None:
    into = outside / "new" / "borderpost"
    assert runs_as(write(into)) == OWN_USER
    assert {path.stat().st_mode & 0o007 for path in (into.parent, into)} == {0}  # and nobody else a way in


def test_a_folder_that_was_closed_to_mosquitto_is_opened_to_it(outside: Path, narrow: None, write: Write) -> None:
    into = outside / "borderpost"
    write(into)
    os.chown(into, os.geteuid(), os.getegid())
    into.chmod(0o700)
    (into / "acl.new").write_text("")  # a call before was cut
    assert runs_as(write(into)) == OWN_USER


def test_a_folder_that_holds_more_than_the_brokers_files_stays_as_closed_as_it_was(
    outside: Path, narrow: None, write: Write
) -> None:
    home = outside / "home"
    home.mkdir(mode=0o700)
    (home / "diary").write_text("")
    write(home)
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_broker_that_must_stay_root_is_said_aloud(
    region: Any, tmp_path: Path, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o700)
    parser = argparse.ArgumentParser()
    gateway_command.add_parser(parser.add_subparsers())
    said = []
    for into in (tmp_path / "m", outside / "m"):
        args = parser.parse_args(["gateway", "broker", "--state", str(region.state), "--into", str(into)])
        assert args.run(args) == 0
        said.append("stays root" in capsys.readouterr().err)
    assert said == [os.geteuid() == 0, False]


def test_a_folder_that_cannot_be_written_is_a_sentence(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Fault) as caught:
        command(capsys, "gateway", "broker", "--state", str(region.state), "--into", str(blocked))
    assert caught.value.code == "unwritable"
    assert os.fspath(blocked) in caught.value.message


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--then", 'echo "unclosed'), "quotation mark"),
        (("--most", "0"), "--most"),
        (("--then", "false"), "The files are written"),  # nobody was revoked
    ],
)
def test_a_wrong_word_for_the_broker_is_a_sentence(
    region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], says: str
) -> None:
    with pytest.raises(Fault, match=says):
        command(capsys, "gateway", "broker", "--state", str(region.state), "--into", str(tmp_path / "m"), *words)


def most_of(into: Path) -> str:
    return next(line for line in (into / "mosquitto.conf").read_text().splitlines() if "max_connections" in line)


def test_a_broker_keeps_the_number_of_connections_it_was_given(region: Any, tmp_path: Path) -> None:
    into = tmp_path / "m"
    for words, most in (([], 200), (["--most", "3000"], 3000), ([], 3000), (["--most", "7"], 7)):
        assert main(["gateway", "broker", "--state", str(region.state), "--into", str(into), *words]) == 0
        assert most_of(into) == f"max_connections {most}"


def test_the_settings_name_their_files_wherever_mosquitto_starts(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = Path(write(Path("m")))
    assert written == tmp_path / "m" / "mosquitto.conf"
    paths = [line.split()[1] for line in written.read_text().splitlines() if "file " in line or "location" in line]
    assert len(paths) == 6
    assert [path for path in paths if not path.startswith(f"{tmp_path}/m/")] == []


def test_no_regions_folder_is_given_to_a_broker(
    region: Any, other_region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """mosquitto's user would own the region's certificates, or another region's devices be shut out."""

    def looks(folder: Path) -> dict[Path, tuple[int, ...]]:
        """All but when it was last read: the command may read its own certificate."""
        stats = {path: path.stat() for path in folder.rglob("*")}
        return {path: (was.st_mode, was.st_uid, was.st_gid, was.st_ino, was.st_mtime_ns) for path, was in stats.items()}

    for into in (region.state / "broker", other_region.state, other_region.state / "broker", region.state / "new"):
        before = looks(into)
        assert main(["gateway", "broker", "--state", str(region.state), "--into", str(into)]) == 2
        assert "lies in the folder of a region" in capsys.readouterr().err
        assert looks(into) == before
