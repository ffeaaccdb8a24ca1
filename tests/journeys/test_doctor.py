"""The doctor speaks first: before there is an environment, to a user who may install nothing, and changing nothing."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from borderpost import doctor
from simulators.chip.pcsc import Lacking

ROOT = Path(__file__).parents[2]


def findings() -> dict[str, doctor.Finding]:
    return {finding.id: finding for finding in doctor.examine()}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Python alone."""
    monkeypatch.setattr(doctor.shutil, "which", lambda name, **_: "/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor.Path, "exists", lambda path: False)


@pytest.mark.usefixtures("bare")
def test_to_root_nothing_that_run_can_fetch_stands_in_the_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0)
    monkeypatch.setattr(doctor, "_ports", doctor._rights)
    found = findings()
    for name in ("environment", "broker", "pcsc"):
        assert not found[name].ok
        assert not found[name].needed
        assert doctor.FETCHED in found[name].cure


@pytest.mark.usefixtures("bare")
def test_a_user_who_may_install_nothing_is_told_what_to_ask_root_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    found = findings()
    for name, package in (("environment", "python3-venv"), ("broker", "mosquitto")):
        assert found[name].needed
        assert f"as root: apt-get install --no-install-recommends {package}" in found[name].cure
    assert not found["pcsc"].needed, "the chip is read over a socket then"


def test_what_a_system_forbids_is_not_cured_by_installing() -> None:
    assert Lacking("A program is missing.").installable
    assert not Lacking("No namespaces.", "Run it as root.").installable


def test_it_says_when_strace_may_look_at_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container without CAP_SYS_PTRACE it is installed, and refuses."""
    for name, answer in (("strace", 1), ("gcc", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {answer}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = findings()["faults"]
    assert (found.ok, found.needed) == (False, False)
    assert "CAP_SYS_PTRACE" in found.cure


def test_without_an_environment_it_speaks_all_the_same_and_makes_none(tmp_path: Path) -> None:
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-pcsc.lock"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (path.parent.name for path in ROOT.glob("*/__init__.py")):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(tmp_path.rglob("*"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(tmp_path / "run"), "doctor", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    told: dict[str, Any] = json.loads(ended.stdout)
    assert [check["ok"] for check in told["checks"] if check["id"] == "environment"] == [False]
    assert "a minute or more" in ended.stdout or "python3-venv" in ended.stdout
    assert sorted(tmp_path.rglob("*")) == before
