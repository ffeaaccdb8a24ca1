"""The launcher's own promises: settings, rights of files, ports, ends. Attacks on the broker: tests/gateway."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.identity.authority import set_up
from simulators.network.broker import PORTS, Broker, BrokerFailed, Certificates, free_port
from simulators.network.broker_files import access_list, daemon_user, settings


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    state = tmp_path / "state"
    set_up(state, "north", datetime.now(UTC))
    return Certificates.of_region(state)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_broker_starts_is_killed_and_comes_back_on_its_port(tmp_path: Path, certificates: Certificates) -> None:
    broker = Broker(tmp_path / "broker", certificates, region="north")
    assert not answers(broker.port)
    with broker:
        assert answers(broker.port)
        first = broker.pid
        broker.kill()
        assert not answers(broker.port)
        broker.start()
        assert answers(broker.port)
        assert broker.pid != first
    assert not answers(broker.port)
    assert not broker.running


def test_a_port_for_later_is_none_that_the_kernel_gives_to_somebody_else_meanwhile() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        assert somebody.getsockname()[1] not in PORTS
    assert free_port() in PORTS


def test_a_daemon_that_can_reach_its_folder_drops_its_rights(certificates: Certificates) -> None:
    with TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        with Broker(Path(name) / "broker", certificates, region="north") as broker:
            owner = Path(f"/proc/{broker.pid}").stat().st_uid
            assert answers(broker.port)
            assert (owner == 0) is (daemon_user(Path(name)) == "root")
            for file in ("broker.key", "acl", "mosquitto.conf"):
                status = (Path(name) / "broker" / file).stat()
                assert (status.st_mode & 0o777, status.st_uid) == (0o600, owner)


def test_a_folder_behind_a_closed_door_keeps_the_daemon_as_it_is(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "broker").mkdir(parents=True)
    closed.chmod(0o700)
    assert daemon_user(closed / "broker") == ("root" if os.geteuid() == 0 else None)


def test_the_original_key_stays_as_closed_as_it_was(tmp_path: Path, certificates: Certificates) -> None:
    before = certificates.key.stat()
    with Broker(tmp_path / "broker", certificates, region="north"):
        pass
    after = certificates.key.stat()
    assert (before.st_mode, before.st_uid) == (after.st_mode, after.st_uid)


def test_a_taken_port_is_a_sentence(tmp_path: Path, certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(BrokerFailed, match=str(port)):
            Broker(tmp_path / "broker", certificates, region="north", port=port).start()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, certificates: Certificates) -> None:
    certificates.key.write_text("no key")
    with pytest.raises(BrokerFailed, match="key"):
        Broker(tmp_path / "broker", certificates, region="north").start()


def test_the_broker_listens_on_loopback_only(tmp_path: Path) -> None:
    lines = settings(tmp_path, free_port(), None).splitlines()
    assert [line.split()[2] for line in lines if line.startswith("listener")] == ["127.0.0.1"]
    assert "allow_anonymous false" in lines


def test_the_access_list_gives_a_device_its_own_and_the_gateway_the_reverse() -> None:
    lines = access_list("north", ("gateway-1",)).splitlines()
    assert lines[:7] == [
        "user gateway-1",
        "topic read bp/1/north/+/+/evt",
        "topic read bp/1/north/+/+/tel",
        "topic read bp/1/north/+/+/res",
        "topic write bp/1/north/+/+/ack",
        "topic write bp/1/north/+/+/cmd",
        "topic write bp/1/north/+/+/list",
    ]
    assert lines[8:] == [
        "pattern write bp/1/north/+/%u/evt",
        "pattern write bp/1/north/+/%u/tel",
        "pattern write bp/1/north/+/%u/res",
        "pattern read bp/1/north/+/%u/ack",
        "pattern read bp/1/north/+/%u/cmd",
        "pattern read bp/1/north/+/%u/list",
    ]
