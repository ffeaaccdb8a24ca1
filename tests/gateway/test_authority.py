"""Keys and certificates: made once, kept closed, given to those who prove their key, and to nobody twice."""

import argparse
import json
import stat
import tomllib
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from borderpost import device, gateway
from borderpost.errors import Fault
from edge.identity.identity import read_identity
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.authority import set_up
from gateway.identity.register import Register
from gateway.store.sqlite import connect
from messages.keys import DeviceKey


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers()
    gateway.add_parser(verbs)
    device.add_parser(verbs)
    args = parser.parse_args(words)
    return int(args.run(args))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "store" not in path.name}


def test_setting_up_twice_keeps_what_exists(region: Any) -> None:
    before = contents(region.state)
    assert set_up(region.state, "north", region.now) == []
    assert contents(region.state) == before


def test_setting_up_again_repairs_what_is_missing(region: Any) -> None:
    (region.state / "broker" / "broker.crt").unlink()
    assert set_up(region.state, "north", region.now) == ["broker"]


@pytest.mark.parametrize(
    ("key", "made"),
    [("broker/broker.key", "broker"), ("secrets/enrolment.key", "enrolment"), ("secrets/gateway-1.key", "gateway-1")],
)
def test_a_certificate_that_lost_its_key_is_made_anew_with_one(region: Any, key: str, made: str) -> None:
    (region.state / key).unlink()
    assert set_up(region.state, "north", region.now) == [made]
    assert set_up(region.state, "north", region.now) == []


def test_a_region_that_is_opened_to_a_network_gets_certificates_for_its_new_address(region: Any) -> None:
    config = region.state / "gateway.toml"
    config.write_text(config.read_text().replace("127.0.0.1", "region.example"))
    assert set_up(region.state, "north", region.now) == ["broker", "enrolment"]
    for path in (region.state / "broker" / "broker.crt", region.state / "enrolment.crt"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert certificates.is_for(certificate, ["region.example", "127.0.0.1"])
        assert not certificates.is_for(certificate, ["another.example"])
    assert set_up(region.state, "north", region.now) == []


def test_another_store_than_the_configured_one_is_said_and_not_ignored(region: Any) -> None:
    with pytest.raises(GatewayError, match="names another store"):
        set_up(region.state, "north", region.now, "postgresql://nobody@127.0.0.1/none")


def test_every_secret_can_be_read_by_its_owner_alone(region: Any) -> None:
    secrets = [
        path for path in region.state.rglob("*") if path.suffix == ".key" or path.name.startswith("store.sqlite")
    ]
    assert len(secrets) >= 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert stat.S_IMODE(region.state.stat().st_mode) == 0o700


def test_two_regions_share_no_secret(region: Any, other_region: Any) -> None:
    first, second = contents(region.state), contents(other_region.state)
    secrets = [{value for name, value in made.items() if name.endswith(".key")} for made in (first, second)]
    assert not secrets[0] & secrets[1]


def test_servers_and_clients_have_issuers_of_their_own_and_say_what_they_are_for(region: Any) -> None:
    lane = region.lane()
    broker = x509.load_pem_x509_certificate((region.state / "broker" / "broker.crt").read_bytes())
    own = x509.load_pem_x509_certificate(lane.enrolled.certificate_pem)
    assert broker.issuer != own.issuer
    assert list(usage(broker)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert list(usage(own)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert own.subject.rfc4514_string() == "CN=lane-1"


def usage(certificate: x509.Certificate) -> x509.ExtendedKeyUsage:
    return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value


def test_no_serial_is_given_twice(region: Any) -> None:
    for number in range(20):
        region.lane(f"lane-{number}")
    with closing(connect(region.authority.store_path())) as connection:
        rows = connection.execute("SELECT count(*), count(DISTINCT serial) FROM certificates").fetchone()
    assert tuple(rows) == (23, 23)


def test_the_same_device_with_the_same_key_may_ask_again(region: Any) -> None:
    key, tls = DeviceKey.generate("lane-1"), certificates.new_key()
    request = certificates.request_pem("lane-1", tls)
    first, second = (region.authority.enrol(request, key.public, "harbour", "lane-1", region.now) for _ in range(2))
    assert first.certificate_pem != second.certificate_pem
    assert first.region_public == second.region_public


@pytest.mark.parametrize(("post", "key"), [("harbour", None), ("airport", "same")])
def test_a_second_machine_under_a_known_name_is_refused(region: Any, post: str, key: str | None) -> None:
    lane = region.lane("lane-1", "harbour")
    public = lane.key.public if key else DeviceKey.generate("lane-1").public
    request = certificates.request_pem("lane-1", certificates.new_key())
    with pytest.raises(GatewayError) as caught:
        region.authority.enrol(request, public, post, "lane-1", region.now)
    assert caught.value.code == "device-known"


def test_a_revoked_device_does_not_come_back(region: Any) -> None:
    lane = region.lane()
    with closing(connect(region.authority.store_path())) as connection:
        Register(connection).revoke("lane-1")
    with pytest.raises(GatewayError) as caught:
        region.authority.enrol(
            certificates.request_pem("lane-1", certificates.new_key()), lane.key.public, "harbour", "lane-1", region.now
        )
    assert caught.value.code == "revoked"


@pytest.mark.parametrize("name", ["gateway-2", "gateway", "Lane", "a/b", "#", "+", "", "lane_1", "x" * 32])
def test_names_that_could_pass_for_another_are_refused(region: Any, name: str) -> None:
    request = certificates.request_pem("lane-1", certificates.new_key())
    with pytest.raises(GatewayError) as caught:
        region.authority.enrol(request, DeviceKey.generate("lane-1").public, "harbour", name, region.now)
    assert caught.value.code in ("bad-name", "reserved-name")


def test_a_request_for_another_name_is_refused(region: Any) -> None:
    request = certificates.request_pem("lane-2", certificates.new_key())
    with pytest.raises(GatewayError) as caught:
        region.authority.enrol(request, DeviceKey.generate("lane-1").public, "harbour", "lane-1", region.now)
    assert caught.value.code == "bad-request"


def test_certificates_end(region: Any) -> None:
    lane = region.lane()
    assert lane.enrolled.not_after < region.now + timedelta(days=certificates.DEVICE_DAYS + 1)


def test_init_and_enrol_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, edge = str(tmp_path / "gateway"), str(tmp_path / "edge")
    words = ("device", "enrol", "--gateway", state, "--edge", edge, "--post", "harbour", "--device", "lane-1", "--json")
    assert command("gateway", "init", "--state", state, "--region", "north", "--json") == 0
    assert command(*words) == 0
    assert command(*words) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["region"] == "north"
    assert [entry["new"] for entry in told[1:]] == [True, False]
    identity = tmp_path / "edge" / "identity"
    facts = tomllib.loads((identity / "identity.toml").read_text())
    assert (facts["region"], facts["post"], facts["device"]) == ("north", "harbour", "lane-1")
    assert (facts["region_kid"], facts["gateway_kid"]) == ("region-1", "gateway-1")
    for name, mode in (("device.key", 0o600), ("sign.key", 0o600), ("device.crt", 0o644), ("region.pub", 0o644)):
        assert stat.S_IMODE((identity / name).stat().st_mode) == mode
    assert len(bytes.fromhex((identity / "sign.key").read_text())) == 32


def test_a_fleet_is_enrolled_at_once_and_every_device_has_keys_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, edges = str(tmp_path / "gateway"), tmp_path / "edges"
    words = (
        "device",
        "enrol",
        "--gateway",
        state,
        "--edges",
        str(edges),
        "--post",
        "harbour",
        "--many",
        "20",
        "--json",
    )
    command("gateway", "init", "--state", state, "--region", "north", "--json")
    assert (command(*words), command(*words)) == (0, 0)
    names = json.loads(capsys.readouterr().out.splitlines()[-1])["devices"]
    assert names == [f"lane-{number}" for number in range(1, 21)]
    for file in ("sign.key", "device.key", "device.crt"):
        assert len({(edges / name / "identity" / file).read_bytes() for name in names}) == 20
    assert {read_identity(edges / name / "identity").topic.device for name in names} == set(names)


def test_an_identity_from_before_the_tables_is_still_read(tmp_path: Path) -> None:
    state, edge = str(tmp_path / "gateway"), tmp_path / "edge"
    command("gateway", "init", "--state", state, "--region", "north")
    words = ("--post", "harbour", "--device", "lane-1")
    command("device", "enrol", "--gateway", state, "--edge", str(edge), *words)
    path = edge / "identity" / "identity.toml"
    new = read_identity(path.parent)
    path.write_text(path.read_text().partition("\n[files]")[0].replace('kid = "lane-1"\n', "", 1))
    assert "files" not in path.read_text()
    old = read_identity(path.parent)
    assert (old.region, old.gateways, old.device_key.kid) == (new.region, new.gateways, "lane-1")


def test_an_enrolment_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    state, edge = str(tmp_path / "gateway"), str(tmp_path / "edge")
    words = ("device", "enrol", "--gateway", state, "--edge", edge, "--post", "harbour", "--device", "lane-1", "--json")
    command("gateway", "init", "--state", state, "--region", "north")
    command(*words)
    identity = tmp_path / "edge" / "identity"
    key = (identity / "sign.key").read_bytes()
    for name in ("identity.toml", "device.crt", "gateway.pub"):
        (identity / name).unlink()
    assert command(*words) == 0
    assert (identity / "sign.key").read_bytes() == key
    assert (identity / "identity.toml").exists()


def test_errors_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        command("gateway", "gaps", "--state", str(tmp_path))
    assert caught.value.code == "no-gateway"
    assert "gateway init" in caught.value.cure
    with pytest.raises(Fault) as caught:
        command("gateway", "run")
    assert caught.value.code == "usage"


def test_gaps_and_quarantine_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "gateway")
    command("gateway", "init", "--state", state, "--region", "north")
    capsys.readouterr()
    assert command("gateway", "gaps", "--state", state, "--json") == 0
    assert command("gateway", "quarantine", "--state", state, "--json") == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"gaps": [], "boots_missing": [], "awaited": [], "declared_drops": 0},
        {"quarantine": [], "total": 0, "next": None, "not_kept": 0},
    ]


def test_a_lost_key_is_named_and_its_content_is_not(region: Any) -> None:
    path = region.state / "secrets" / "store.key"
    path.write_text("not a key")
    with pytest.raises(GatewayError) as caught:
        region.authority.store_key()
    assert (caught.value.code, "store.key" in str(caught.value), "not a key" in str(caught.value)) == (
        "bad-key",
        True,
        False,
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
@pytest.mark.parametrize("name", ["store.key", "region.key", "ack.key", "clients-ca.key"])
def test_a_secret_that_others_can_read_is_refused_with_a_sentence(region: Any, name: str, mode: int) -> None:
    (region.state / "secrets" / name).chmod(mode)
    folder = region.authority
    calls = {"store.key": folder.store_key, "region.key": folder.region_key, "ack.key": folder.ack_key}
    with pytest.raises(GatewayError) as caught:
        calls.get(name, lambda: region.lane())()
    assert (caught.value.code, "chmod 600" in caught.value.cure) == ("open-key", True)


def test_a_store_that_is_no_database_is_a_sentence(region: Any) -> None:
    for path in region.state.glob("store.sqlite*"):
        path.write_bytes(b"this is no database at all " * 200)
    with pytest.raises(Fault) as caught:
        command("gateway", "gaps", "--state", str(region.state))
    assert caught.value.code == "bad-store"
