"""The built wheel works by itself, outside this tree: nothing of it was left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's own files in a folder of their own; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True, cwd=folder)
    return folder / "site"


def run(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *words], cwd=installed.parent, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_wheel_is_found_first_and_holds_every_package(installed: Path) -> None:
    packages = ("borderpost", "edge", "firmware", "gateway", "hardware", "icao", "messages", "simulators", "web")
    program = f"import {', '.join(packages)}; print(*(p.__file__ for p in ({', '.join(packages)},)))"
    places = run(installed, "-c", program).stdout.split()
    assert [Path(place).parent for place in places] == [installed / package for package in packages]


def test_a_traveller_crosses_from_the_wheel_alone(installed: Path) -> None:
    crossing = ("--travellers", "1", "--scenario", "honest", "--speed", "10", "--json")
    done = run(installed, "-m", "borderpost", "sim", "lane", *crossing)
    account = json.loads(done.stdout)
    assert (account["granted"], account["events"]["lost"]) == (1, 0), done.stderr
