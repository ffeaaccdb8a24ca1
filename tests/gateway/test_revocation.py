"""A revoked device: silenced while it is connected, refused when it comes anew, and refused at the store, too.

Measured with mosquitto 2.0.11: SIGHUP reads the revocation list and the access list again; a connection that stands is
not closed, but says and hears nothing from then on.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography import x509

from borderpost.__main__ import main
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.authority import load_issuer, set_up
from gateway.identity.joining import Joining
from gateway.identity.register import Register
from gateway.identity.revocation import revocation_list, tell_broker
from gateway.intake.judge import judge
from gateway.links.broker_link import client_tls
from messages.errors import Quarantine
from messages.keys import DeviceKey
from simulators.network.broker import Broker, Certificates
from tests.gateway.hearing import heard_until
from tests.gateway.test_joining import asked

ARRIVES_S = 5


def broker_of(region: Any) -> Broker:
    own = region.state / "broker"
    tls = Certificates(
        own / "broker.crt",
        own / "broker.key",
        region.state / "clients-ca.crt",
        own / "clients.crl",
        own / "revoked",
    )
    return Broker(region.folder / "broker", tls, region="north")


@asynccontextmanager
async def connected(broker: Broker, name: str, ca: Path, certificate: Path, key: Path) -> AsyncIterator[aiomqtt.Client]:
    tls = client_tls(ca, certificate, key)
    version = aiomqtt.ProtocolVersion.V5
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, identifier=name, protocol=version, tls_context=tls, timeout=ARRIVES_S
    ) as client:
        yield client


def device(broker: Broker, lane: Any) -> Any:
    folder = lane.folder
    return connected(broker, lane.name, folder / "ca.crt", folder / "device.crt", folder / "device.key")


def worker(broker: Broker, region: Any) -> Any:
    state = region.state
    return connected(
        broker, "gateway-1", state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key"
    )


def test_d30_a_revoked_device_that_is_connected_says_and_hears_nothing_more(region: Any) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")

    async def story(broker: Broker) -> tuple[list[bytes], list[bytes]]:
        async with worker(broker, region) as inbox, device(broker, lane) as thief, device(broker, other) as good:
            await inbox.subscribe("bp/1/north/+/+/evt", qos=1)
            await thief.subscribe(f"{lane.topic.source}/cmd", qos=1)
            await thief.publish(str(lane.topic), b"before", qos=1)
            before = await heard_until(inbox, b"before")
            Joining(region.authority).revoke("lane-1", "stolen", region.now)
            await asyncio.to_thread(broker.read_again)
            with contextlib.suppress(aiomqtt.MqttError):
                await thief.publish(str(lane.topic), b"after", qos=1)
            await inbox.publish(f"{lane.topic.source}/cmd", b"order", qos=1)
            await good.publish(str(other.topic), b"other", qos=1)
            heard = await heard_until(inbox, b"other")
            assert len(thief.messages) == 0
            return before, heard

    with broker_of(region) as broker:
        assert asyncio.run(story(broker)) == ([b"before"], [b"other"])


def test_a_revoked_certificate_opens_no_new_connection_and_the_others_do(region: Any) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")

    async def welcome(broker: Broker, who: Any) -> bool:
        with contextlib.suppress(aiomqtt.MqttError):
            async with device(broker, who):
                return True
        return False

    with broker_of(region) as broker:
        assert asyncio.run(welcome(broker, lane))
        Joining(region.authority).revoke("lane-1", "stolen", region.now)
        broker.read_again()
        assert not asyncio.run(welcome(broker, lane))
        assert asyncio.run(welcome(broker, other))
        broker.restart()
        assert not asyncio.run(welcome(broker, lane))


def test_d30_frames_of_every_key_of_a_revoked_device_are_refused(region: Any) -> None:
    lane = region.lane()
    frame = lane.frame([lane.granted(1)])
    Joining(region.authority).revoke("lane-1", "", region.now)
    with closing(region.authority.open_store()) as connection:
        verdict = judge(str(lane.topic), frame, Register(connection).snapshot(), region.authority.region_keys())
    assert [kept.reason for kept in verdict.kept] == [Quarantine.REVOKED_KEY]


def test_the_list_names_every_certificate_the_device_ever_had_until_it_has_ended(region: Any) -> None:
    lane = region.lane()
    later = region.now + timedelta(days=20)
    request = certificates.request_pem("lane-1", certificates.new_key())
    region.authority.enrol(request, lane.key.public, "harbour", "lane-1", later)
    Joining(region.authority).revoke("lane-1", "", later)
    assert len(listed(region.state / "broker" / "clients.crl")) == 2
    with closing(region.authority.open_store()) as connection:
        still = Register(connection).revoked_certificates(region.now + timedelta(days=31))
    assert len(still) == 1


def listed(path: Path) -> list[int]:
    return [entry.serial_number for entry in x509.load_pem_x509_crl(path.read_bytes())]


def test_a_list_never_ends_before_its_ca_for_that_would_shut_out_everybody(region: Any) -> None:
    crl = x509.load_pem_x509_crl((region.state / "broker" / "clients.crl").read_bytes())
    ca = x509.load_pem_x509_certificate((region.state / "clients-ca.crt").read_bytes())
    assert crl.next_update_utc is not None
    assert crl.next_update_utc >= ca.not_valid_after_utc
    assert crl.is_signature_valid(ca.public_key())


def test_the_lists_number_rises(region: Any) -> None:
    issuer = load_issuer(region.state, "clients-ca")

    def number(now: datetime) -> int:
        crl = x509.load_pem_x509_crl(revocation_list(issuer, [], now))
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    assert number(region.now + timedelta(seconds=1)) > number(region.now)


def test_a_revoked_name_is_never_given_again(region: Any) -> None:
    region.lane("lane-1")
    joining = Joining(region.authority)
    joining.revoke("lane-1", "", region.now)
    for attempt in (
        lambda: joining.claim("harbour", "lane-1", region.now),
        lambda: region.authority.enrol(
            certificates.request_pem("lane-1", certificates.new_key()),
            DeviceKey.generate("lane-1").public,
            "harbour",
            "lane-1",
            region.now,
        ),
    ):
        with pytest.raises(GatewayError) as caught:
            attempt()
        assert caught.value.code == "revoked"


def test_nobody_is_revoked_who_is_not_there(region: Any) -> None:
    with pytest.raises(GatewayError) as caught:
        Joining(region.authority).revoke("lane-9", "", region.now)
    assert caught.value.code == "unknown-device"


def test_whoever_was_invited_alone_comes_no_more_by_that_code_and_its_name_stays_free(
    region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-7", datetime.now(UTC)).code
    assert main(["device", "revoke", "lane-7", "--state", str(region.state)]) == 0
    assert "lane-7 was invited, and has not come: its claim is void now." in capsys.readouterr().out
    with pytest.raises(GatewayError) as caught:
        joining.enrol(asked(code, "lane-7"), datetime.now(UTC))
    assert caught.value.code == "claim-unknown"
    assert [shown["device"] for shown in joining.show(datetime.now(UTC))] == []
    assert main(["device", "revoke", "lane-7", "--state", str(region.state), "--json"]) == 2
    assert "unknown-device" in capsys.readouterr().out
    joining.claim("harbour", "lane-7", datetime.now(UTC))
    assert main(["device", "revoke", "lane-7", "--state", str(region.state), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"device": "lane-7", "revoked": False, "broker_told": False}


def test_the_broker_is_told_by_the_operators_own_command_and_a_failure_is_a_sentence(tmp_path: Path) -> None:
    tell_broker([])
    tell_broker(["touch", str(tmp_path / "told")])
    assert (tmp_path / "told").exists()
    for words in (["false"], [str(tmp_path / "no-such-program")]):
        with pytest.raises(GatewayError) as caught:
            tell_broker(words)
        assert caught.value.code == "broker-not-told"
        assert words[0] in caught.value.cure


def test_a_folder_from_before_there_were_lists_gets_them_at_the_next_set_up(region: Any) -> None:
    (region.state / "broker" / "clients.crl").unlink()
    set_up(region.state, "north", region.now)
    assert listed(region.state / "broker" / "clients.crl") == []
