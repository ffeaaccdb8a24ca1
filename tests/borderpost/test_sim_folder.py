"""A simulation keeps everything in a folder of its own, and never in a region's."""

from pathlib import Path

import pytest

from borderpost.__main__ import main
from borderpost.sim_folder import OWN, expect_own


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ["sim", "fleet", "--devices", "1", "--backlog", "1"],
        ["sim", "lane", "--travellers", "1"],
        ["demo", "--gateway-port", "0", "--display-port", "0"],
    ],
)
def test_a_regions_folder_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    state = tmp_path / "region"
    assert main(["gateway", "init", "--state", str(state), "--region", "north"]) == 0
    before = contents(state)
    assert main([*words, "--state", str(state)]) == 2
    assert "no simulation has put there: clients-ca.crt. Name an empty folder" in capsys.readouterr().err
    assert contents(state) == before


def test_what_a_simulation_left_behind_is_its_own(tmp_path: Path) -> None:
    for name in OWN:
        (tmp_path / name.replace("*", "1")).touch()
    expect_own(tmp_path)
    expect_own(tmp_path / "none-yet")
