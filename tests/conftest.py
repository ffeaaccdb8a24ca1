"""What holds for every test: chance that repeats, no clock that fails on a busy machine, and what is left out."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from simulators.chip.pcsc import PcscStack, available
from simulators.network.postgres import Postgres

settings.register_profile(
    "same-everywhere", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("same-everywhere")

LEFT_OUT = pytest.StashKey[int]()
MARKERS = {
    "namespaces": "needs a mount and a network namespace of its own",
    "mounts": "needs a file system of its own in the test's own process",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, need in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {need}; left out where the system gives none, and that is said")


@cache
def refused(marker: str) -> str:
    """What the system says to somebody who wants this; nothing when it gives it to him."""
    root = os.geteuid() == 0
    if marker == "mounts" and not root:
        return "only root mounts"
    words = ["unshare", *([] if root else ["--map-root-user"]), "--mount", "--net", "true"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("CI"):
        return  # there nothing is left out: it fails instead
    needing = [item for item in items if any(item.get_closest_marker(name) and refused(name) for name in MARKERS)]
    if needing:
        items[:] = [item for item in items if item not in needing]
        config.stash[LEFT_OUT] = len(needing)
        config.hook.pytest_deselected(items=needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(LEFT_OUT, 0):
        why = "; ".join(sorted({refused(name) for name in MARKERS} - {""}))
        terminalreporter.write_line(
            f"{count} tests were LEFT OUT: this system gives this user no namespace or mount of his own ({why}). "
            "Run them as root; a container needs CAP_SYS_ADMIN.",
            yellow=True,
        )


@pytest.fixture(scope="session")
def pcsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PcscStack, Path]]:
    """One stack for the whole run: libpcsclite reads its socket's name once in a process."""
    assert available() is None, available()
    state = tmp_path_factory.mktemp("pcsc")
    before = os.environ.get("PCSCLITE_CSOCK_NAME")
    with PcscStack() as stack:
        stack.start(state, state / "chip.sock")
        os.environ.update(stack.environment)
        yield stack, state
    os.environ.pop("PCSCLITE_CSOCK_NAME")
    if before is not None:
        os.environ["PCSCLITE_CSOCK_NAME"] = before


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One for the whole run, a database of its own for each test (``fresh``); who kills it starts it again."""
    with Postgres(tmp_path_factory.mktemp("postgres"), synced=False) as running:
        yield running
