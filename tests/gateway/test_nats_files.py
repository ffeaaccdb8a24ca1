"""What the nodes of a cluster are given: each certificate its own topics, each door its own, and nothing twice."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from borderpost.__main__ import main
from gateway.config import load
from gateway.errors import GatewayError
from gateway.links.nats_files import write_nodes
from gateway.links.nats_users import users_text
from messages.keys import KeyRecord
from simulators.network.cluster import CONFIG

NOW = datetime.now(UTC)


def record(device: str, *, revoked: bool = False) -> KeyRecord:
    return KeyRecord(device, b"\x01" * 32, "north", "harbour", revoked=revoked)


def test_a_device_has_its_own_full_topics_and_the_door_of_devices_alone() -> None:
    (line,) = [line for line in users_text("north", [record("lane-1")], []).splitlines() if "lane-1" in line]
    assert 'user: "CN=lane-1"' in line
    assert 'allowed_connection_types: ["MQTT"]' in line
    own = "bp.1.north.harbour.lane-1"
    assert f'publish: ["{own}.evt", "{own}.tel", "{own}.res"]' in line
    assert f'subscribe: ["{own}.ack", "{own}.cmd", "{own}.list"]' in line
    assert "*" not in line
    assert ">" not in line


def test_a_key_that_followed_another_is_of_the_same_device() -> None:
    assert "bp.1.north.harbour.lane-1.evt" in users_text("north", [record("lane-1.2")], [])


def test_d30_a_revoked_device_is_nobody() -> None:
    assert "lane-1" not in users_text("north", [record("lane-1", revoked=True)], [])


def test_a_worker_asks_about_the_stream_of_frames_and_about_nothing_else() -> None:
    (line,) = [line for line in users_text("north", [], ["gateway-2"]).splitlines() if "gateway-2" in line]
    assert 'allowed_connection_types: ["STANDARD"]' in line
    words = line.replace("]", "").replace("[", "").replace(",", " ").replace('"', "").split()
    api = [word for word in words if word.startswith("$JS")]
    assert api
    assert all(word.split(".")[-1] == "frames-north" or ".frames-north.intake" in word for word in api)
    assert "_INBOX.gateway-2.>" in words


def test_what_is_there_stays_and_what_changed_is_told(region: Any, tmp_path: Path) -> None:
    region.lane("lane-1")
    nodes = {"nats-1": ["nats-1.example", "10.0.0.1"]}
    first = write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW)
    key = (tmp_path / "nats-1" / "node.key").read_bytes()
    assert "nats-1/node.crt" in first
    assert write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW) == []
    region.lane("lane-2")
    assert write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW) == ["nats-1/users.conf"]
    assert (tmp_path / "nats-1" / "node.key").read_bytes() == key
    assert (tmp_path / "nats-1" / "node.key").stat().st_mode & 0o077 == 0
    nodes["nats-1"].append("10.0.0.2")
    assert write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW) == ["nats-1/node.crt"]
    assert write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW) == []
    assert write_nodes(region.authority, tmp_path, nodes, CONFIG, NOW + timedelta(days=300)) == ["nats-1/node.crt"]


def test_e16_a_node_is_a_client_of_its_fellows_and_of_no_other_door(region: Any, tmp_path: Path) -> None:
    """Its certificate is the servers' CA's, which the doors of devices and workers do not trust."""
    write_nodes(region.authority, tmp_path, {"nats-1": ["nats-1.example"]}, CONFIG, NOW)
    node = x509.load_pem_x509_certificate((tmp_path / "nats-1" / "node.crt").read_bytes())
    servers = x509.load_pem_x509_certificate((tmp_path / "nats-1" / "servers-ca.crt").read_bytes())
    node.verify_directly_issued_by(servers)
    usage = node.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    names = node.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "nats-1.example" in names.get_values_for_type(x509.DNSName)
    config = (tmp_path / "nats-1" / "nats-server.conf").read_text()
    routes = config[config.index("cluster {") :]
    assert 'ca_file: "./servers-ca.crt"' in routes
    assert config.count('ca_file: "./clients-ca.crt"') == 2


@pytest.mark.parametrize("name", ["Nats_1", "", "a/b"])
def test_a_node_has_a_name_of_the_contract(region: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(GatewayError) as caught:
        write_nodes(region.authority, tmp_path, {name: []}, CONFIG, NOW)
    assert caught.value.code == "bad-name"
    assert list(tmp_path.glob("*/node.key")) == []


def test_the_command_says_what_it_wrote(region: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["gateway", "nats", "--state", str(region.state), "--into", str(tmp_path / "nodes"), "--json"]
    assert main([*words, "--config", str(CONFIG), "--node", "nats-1=10.0.0.1", "--node", "nats-2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["nodes"] == ["nats-1", "nats-2"]
    assert "nats-2/users.conf" in told["changed"]
    assert main([*words, "--config", str(tmp_path / "missing.conf"), "--node", "nats-1"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no-config"


@pytest.mark.parametrize(
    "broker",
    ['kind = "nats"', 'kind = "kafka"', 'nodes = ["nats-1:4222"]', 'kind = "nats"\nnodes = ["nats-1"]',
     'kind = "nats"\nnodes = ["nats-1:70000"]', 'kind = "nats"\nnodes = "nats-1:4222"'],
)  # fmt: skip
def test_half_a_cluster_is_no_configuration(tmp_path: Path, broker: str) -> None:
    (tmp_path / "gateway.toml").write_text(f'region = "north"\n[broker]\n{broker}\n')
    with pytest.raises(GatewayError, match="names no broker and no cluster"):
        load(tmp_path / "gateway.toml")


def test_a_cluster_is_named_by_its_nodes(tmp_path: Path) -> None:
    text = 'region = "north"\n[broker]\nkind = "nats"\nnodes = ["nats-1:4222", "10.0.0.2:4222"]\n'
    (tmp_path / "gateway.toml").write_text(text)
    assert load(tmp_path / "gateway.toml").nodes == (("nats-1", 4222), ("10.0.0.2", 4222))
