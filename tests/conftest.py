"""What holds for every test: chance that repeats, no clock that fails on a busy machine, and what is left out."""

import os
import subprocess
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same-everywhere", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("same-everywhere")

LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "namespaces: needs them; left out where the system gives none, and that is said")


@cache
def refused() -> str:
    """What the system says to somebody who wants a namespace; nothing when it gives him one."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    tried = subprocess.run(["unshare", *user, "--mount", "--net", "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("namespaces")]
    if needing and not os.environ.get("CI") and refused():  # in CI nothing is left out: it fails instead
        items[:] = [item for item in items if item not in needing]
        config.stash[LEFT_OUT] = len(needing)
        config.hook.pytest_deselected(items=needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{count} tests were LEFT OUT: this system gives no namespaces to this user ({refused()}). "
            "Run them as root or where users may make namespaces; a container needs CAP_SYS_ADMIN.",
            yellow=True,
        )
