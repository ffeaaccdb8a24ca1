"""What ``./run`` does to a machine that is no trial: it fetches what is missing, and leaves alone what is there."""

import re
import subprocess
from pathlib import Path

RUN = Path(__file__).parents[2] / "run"
STOOD_IN = 'say() { :; }; apt_get() { :; }; as_root() { [ "$1" != systemctl ] || echo "$*"; }\n'


def told(*packages: str) -> list[str]:
    """What systemctl is told while these are fetched, on a machine that is not touched."""
    [fetched] = re.findall(r"^fetched\(\) \(.*?^\)$", RUN.read_text(), flags=re.MULTILINE | re.DOTALL)
    script = f'set -euo pipefail\n{STOOD_IN}{fetched}\nfetched "$@"'
    done = subprocess.run(["bash", "-c", script, "run", *packages], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_service_that_comes_with_a_package_does_not_run_at_the_next_start() -> None:
    assert told("pcscd", "mosquitto", "swig") == ["systemctl disable --quiet mosquitto.service"]
    assert told("postgresql", "nats-server") == [
        "systemctl disable --quiet postgresql.service",
        "systemctl disable --quiet nats-server.service",
    ]


def test_a_broker_that_was_there_before_stays_a_service() -> None:
    """A region's host fetches one more package after an update: without its broker it would wake up deaf."""
    assert told("pcscd", "mosquitto-clients") == []
