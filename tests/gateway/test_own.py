"""A region's folder with certificates or a name of another region in it: that is said before anything is made."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.errors import GatewayError
from gateway.identity.authority import set_up


@pytest.mark.parametrize("name", ["broker/broker.crt", "enrolment.crt", "gateway-1.crt"])
def test_a_certificate_from_elsewhere_is_named_and_gone_when_that_was_done_which_is_told(
    region: Any, other_region: Any, name: str
) -> None:
    shutil.copyfile(other_region.state / name, region.state / name)
    with pytest.raises(GatewayError, match="own CA") as caught:
        set_up(region.state, "north", region.now)
    assert (caught.value.code, f": {name}." in caught.value.message) == ("foreign-certificate", True)
    (region.state / name).unlink()
    assert set_up(region.state, "north", region.now) == [Path(name).stem]
    assert set_up(region.state, "north", region.now) == []


@pytest.mark.parametrize(
    ("ca", "named"), [("servers-ca.crt", "broker/broker.crt"), ("clients-ca.crt", "gateway-1.crt")]
)
def test_a_ca_that_was_lost_is_never_made_anew_beside_what_it_gave(region: Any, ca: str, named: str) -> None:
    """Every device would have to be enrolled again."""
    (region.state / ca).unlink()
    with pytest.raises(GatewayError, match="restore that from the backup") as caught:
        set_up(region.state, "north", region.now)
    assert named in caught.value.message
    assert not (region.state / ca).exists()


def test_a_broker_gets_no_certificate_of_another_region(
    region: Any, other_region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(other_region.state / "broker/broker.crt", region.state / "broker/broker.crt")
    assert main(["gateway", "broker", "--state", str(region.state), "--into", str(tmp_path / "m")]) == 2
    assert "broker/broker.crt" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["gateway", "init", "--region", "south"],
        ["gateway", "run", "--pages", "127.0.0.1:0"],
        ["device", "claim", "--post", "harbour", "--device", "lane-1"],
    ],
    ids=" ".join,
)
def test_another_regions_name_in_the_settings_is_refused_and_both_are_named(
    region: Any, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    settings = region.state / "gateway.toml"
    settings.write_text(settings.read_text().replace('region = "north"', 'region = "south"'))
    assert main([*words, "--state", str(region.state)]) == 2
    said = capsys.readouterr().err
    assert f"{settings} says region south" in said
    assert "those of region north" in said
