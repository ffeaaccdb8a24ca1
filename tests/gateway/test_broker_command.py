"""The files of a mosquitto as the command writes them, and the broker told of a revocation by the operator's words."""

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from borderpost import device as device_command
from borderpost import gateway as gateway_command
from borderpost.errors import Fault
from gateway.identity.rotation import add_worker
from simulators.network.broker import READY, find_program, free_port


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
