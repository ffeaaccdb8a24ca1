"""The power goes while a device renews: the real command, twice, the second time with a new signing key."""

import re
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

from edge.config import ConfigError
from edge.identity.identity import read_identity
from gateway.identity.authority import set_up
from simulators.lane.processes import command

STATE = "gateway"  # beside the device's folder
NUMBER = re.compile(r"device(?:\.(\d+))?\.crt")


def prepare(edge: Path) -> None:
    import subprocess

    set_up(edge.parent / STATE, "utopia", datetime.now(UTC))
    place = ["--gateway", str(edge.parent / STATE), "--edge", str(edge), "--post", "harbour", "--device", "lane-1"]
    subprocess.run(command("device", "enrol", *place), check=True, capture_output=True)


def words(edge: Path) -> list[str]:
    renew = command("device", "renew", "--gateway", str(edge.parent / STATE), "--edge", str(edge), "--json")
    return ["sh", "-c", '"$@" && "$@" --new-key', sys.executable, *renew]


def judge(edge: Path, said: list[str]) -> str:
    """The old identity or the new one: certificate, key and signing key belong together."""
    renewed = sum(line.startswith("{") for line in said)
    try:
        identity = read_identity(edge / "identity")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(identity.cert, identity.key)
    except (ConfigError, OSError) as error:
        return f"corrupt: the identity cannot be used ({error})"
    found = NUMBER.fullmatch(identity.cert.name)
    number = int(found[1] or 1) if found else 0
    if number < renewed + 1:
        return f"lost: it was renewed {renewed} times, and certificate {number} counts"
    if (identity.device_key.kid == "lane-1") != (number < 3):
        return f"corrupt: certificate {number} stands beside the key {identity.device_key.kid}"
    return ""
