"""Examples in docstrings are promises: they run."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("icao", "messages", "web", "hardware", "edge", "gateway", "simulators")
APART = ("simulators.barrier.board", "simulators.people.faces", "__main__")  # MicroPython's side, tools, programs


def modules() -> list[str]:
    found = []
    for package in PACKAGES:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not any(part in module.name for part in APART):
                found.append(module.name)
    return found


@pytest.mark.parametrize("name", modules())
def test_the_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
