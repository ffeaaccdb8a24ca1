"""What a post may be told before it starts, and what is said when a word is misspelt."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edge.config import ConfigError, Device, FaceSettings, Pages, Uplink, Wires, read

TEXT = """
[device]
region = "north"
post = "harbour"
device = "lane-1"
direction = "entry"
[wires]
reader = "/dev/ttyUSB0"
chip = "pcsc:Reader 0"
barrier = "/dev/ttyACM0"
[face]
camera = "v4l2:/dev/video0"
threshold = 0.4
[pages]
port = 8081
[uplink]
host = "nats-1"
port = 8883
"""


def written(folder: Path, more: str = "") -> Path:
    path = folder / "edge.toml"
    path.write_text(TEXT + more)
    return path


def test_a_post_speaks_mqtt_5_to_one_broker_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    uplink = read(written(tmp_path)).uplink
    assert (uplink.protocol, uplink.others) == ("5", [])


def test_a_post_may_be_told_of_the_other_nodes_of_a_cluster(tmp_path: Path) -> None:
    uplink = read(written(tmp_path, 'protocol = "3.1.1"\nmore = ["nats-2:8883", "10.0.0.3:8884"]\n')).uplink
    assert (uplink.protocol, uplink.others) == ("3.1.1", [("nats-2", 8883), ("10.0.0.3", 8884)])


@pytest.mark.parametrize("section", [Device, Wires, FaceSettings, Pages, Uplink])
def test_a_misspelt_setting_is_named_with_the_one_that_was_meant(tmp_path: Path, section: type[Any]) -> None:
    name = {FaceSettings: "face"}.get(section, section.__name__.lower())
    for setting in fields(section):
        path = written(tmp_path)
        path.write_text(TEXT.replace(f"[{name}]", f"[{name}]\n{setting.name}s = 1"))
        with pytest.raises(ConfigError, match=rf"^\[{name}\] has no setting '{setting.name}s', but {setting.name}\.$"):
            read(path)


def test_a_misspelt_section_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^There is no section \[pagse\], but pages\.$"):
        read(written(tmp_path, "[pagse]\n"))


@pytest.mark.parametrize("line", ['protocol = "4"', 'more = ["nats-2"]', 'more = "nats-2:8883"', "more = [5]"])
def test_what_is_no_way_to_the_region_is_refused_in_a_sentence(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"\[uplink\] (protocol|more)"):
        read(written(tmp_path, line))
