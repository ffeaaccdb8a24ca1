"""The board's configuration: whole and within its limits, or not at all."""

import json
from pathlib import Path

import pytest

from firmware.barrier import config


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert config.load(str(tmp_path / "none.json")) == (config.defaults(), True)


def test_what_the_file_sets_is_set_and_the_rest_is_default(tmp_path: Path) -> None:
    path = tmp_path / "barrier.json"
    path.write_text(json.dumps({"lease_ms": 800, "unknown": 3}))
    assert config.load(str(path)) == (config.defaults() | {"lease_ms": 800}, True)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"lease_ms": 100}', '{"lease_ms": 5000}', '{"tries": "3"}', '{"tries": 3, "calm_ms": null}'],
)
def test_one_bad_entry_and_none_of_it_is_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "barrier.json"
    path.write_text(text)
    assert config.load(str(path)) == (config.defaults(), False)


@pytest.mark.parametrize("name", config.NAMES)
def test_every_default_stands_within_its_own_limits(name: str) -> None:
    default, least, most = config.ENTRIES[name]
    assert least <= default <= most
    assert config.read({name: least})[1]
    assert config.read({name: most})[1]
    assert not config.read({name: most + 1})[1]
    assert not config.read({name: least - 1})[1]
