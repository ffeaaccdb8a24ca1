"""The broker's certificate is judged by the post's own time, whatever the system's clock shows."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.identity.tls import context, expect_dates, unnamed_context
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from messages.events import Clock
from simulators.network.broker import Broker, Certificates
from tests.edge.uplink_world import ALARM, SEALER, TOPIC, Pki, post_at, region_at, settings_for, until

ROOT = Path(__file__).parents[2]
LIMIT_S = 60.0


@pytest.fixture(scope="session")
def wall_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Preloaded, it moves the wall clock of one process."""
    made = tmp_path_factory.mktemp("wall") / "wall_clock.so"
    source = ROOT / "tests" / "faults" / "wall_clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl"], check=True)
    return made


def at(time: datetime, clock: Clock = Clock.SYNCED) -> Stamp:
    return Stamp(time, 0, clock)


@pytest.fixture
def server_pem(pki: Pki) -> bytes:
    return pki.broker[0].read_bytes()


def test_e15_the_dates_of_a_certificate_are_kept(server_pem: bytes) -> None:
    certificate = load_pem_x509_certificate(server_pem)
    der = ssl.PEM_cert_to_DER_cert(server_pem.decode())
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    second = timedelta(seconds=1)
    for clock in Clock:
        expect_dates(der, at(begins, clock))
        expect_dates(der, at(ends, clock))
        with pytest.raises(ssl.SSLCertVerificationError, match="has ended"):
            expect_dates(der, at(ends + second, clock))
    for clock in (Clock.SYNCED, Clock.HOLDOVER):
        with pytest.raises(ssl.SSLCertVerificationError, match="begins later"):
            expect_dates(der, at(begins - second, clock))


def test_e15_a_certificate_that_has_not_begun_by_a_clock_that_is_kept_is_refused_behind_any_floor(
    server_pem: bytes,
) -> None:
    begins = load_pem_x509_certificate(server_pem).not_valid_before_utc
    der, floor = ssl.PEM_cert_to_DER_cert(server_pem.decode()), at(begins + timedelta(days=1), Clock.UNKNOWN)
    expect_dates(der, replace(floor, kept=begins))
    with pytest.raises(ssl.SSLCertVerificationError, match="begins later"):
        expect_dates(der, replace(floor, kept=begins - timedelta(seconds=1)))


def test_d06_a_clock_that_is_not_believed_cannot_say_that_a_certificate_has_not_begun(server_pem: bytes) -> None:
    der = ssl.PEM_cert_to_DER_cert(server_pem.decode())
    expect_dates(der, at(datetime(2026, 1, 1, tzinfo=UTC), Clock.UNKNOWN))


def test_a_clock_that_was_years_ahead_once_locks_nobody_out(server_pem: bytes) -> None:
    ends = load_pem_x509_certificate(server_pem).not_valid_after_utc
    der, own_end = ssl.PEM_cert_to_DER_cert(server_pem.decode()), ends - timedelta(hours=1)
    floor = at(ends + timedelta(days=3 * 365), Clock.UNKNOWN)
    expect_dates(der, floor, own_end)  # nobody knows how late it is, but it has been earlier than the device's own end
    expect_dates(der, replace(floor, kept=own_end))
    with pytest.raises(ssl.SSLCertVerificationError, match="has ended"):
        expect_dates(der, floor)
    for clock in (Clock.SYNCED, Clock.HOLDOVER):
        with pytest.raises(ssl.SSLCertVerificationError, match="has ended"):
            expect_dates(der, replace(floor, clock=clock), own_end)


def test_e15_a_time_in_doubt_is_a_floor_until_the_end_of_the_devices_own_certificate(server_pem: bytes) -> None:
    ends = load_pem_x509_certificate(server_pem).not_valid_after_utc
    der, later = ssl.PEM_cert_to_DER_cert(server_pem.decode()), ends + timedelta(seconds=1)
    with pytest.raises(ssl.SSLCertVerificationError, match="has ended"):
        expect_dates(der, at(later, Clock.UNKNOWN), later)
    with pytest.raises(ssl.SSLCertVerificationError, match="has ended"):
        expect_dates(der, replace(at(ends, Clock.UNKNOWN), kept=later), ends)


def test_a_line_judges_with_the_end_of_the_certificate_that_it_shows(pki: Pki) -> None:
    made = context(pki.servers_ca, *pki.device, now=lambda: at(datetime.now(UTC)))
    assert made.own_end == load_pem_x509_certificate(pki.device[0].read_bytes()).not_valid_after_utc
    assert unnamed_context(pki.servers_ca, made.now, pki.servers_ca.with_name("none.crt")).own_end is None


@pytest.fixture
def ended_broker(pki: Pki, tmp_path: Path) -> Iterator[Broker]:
    ended = pki.servers.issue("ended", ExtendedKeyUsageOID.SERVER_AUTH, begins_days=-10)
    with Broker(tmp_path / "broker", Certificates(*ended, pki.clients_ca), region=TOPIC.region) as broker:
        yield broker


def test_e15_a_broker_whose_certificate_has_ended_gets_nothing(
    ended_broker: Broker, pki: Pki, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with post_at(outbox, settings_for(ended_broker.port, pki)) as post:
            post.commit()
            await until(lambda: "certificate has ended" in caplog.text)
            assert not post.uplink.state.connected
            assert outbox.waiting_count == 1

    asyncio.run(story())


def test_a_post_behind_whose_floor_the_brokers_certificate_has_ended_comes_online(
    broker: Broker, pki: Pki, outbox: Outbox, tmp_path: Path
) -> None:
    outbox.commit(*ALARM, at(datetime.now(UTC) + timedelta(days=3 * 365)))
    outbox.close()
    again = Outbox.open(tmp_path / "edge" / "outbox.db", SEALER)

    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(again, settings_for(broker.port, pki)):
            await until(lambda: again.waiting_count == 0)
            assert len(region.stored) == 1

    asyncio.run(story())
    again.close()


def test_d06_a_post_that_wakes_in_1970_comes_online_and_stamps_from_its_floor(
    broker: Broker, pki: Pki, wall_clock: Path, tmp_path: Path
) -> None:
    floor = datetime.now(UTC).replace(microsecond=0)
    outbox = Outbox.open(tmp_path / "post" / "outbox.db", SEALER)
    outbox.commit(*ALARM, replace(at(floor)))
    outbox.close()
    (tmp_path / "shift").write_text(str(-int(floor.timestamp())))
    files = (broker.port, pki.servers_ca, *pki.device)
    command = [sys.executable, str(ROOT / "tests" / "edge" / "woken.py"), tmp_path / "post", *files]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "LD_PRELOAD": str(wall_clock),
        "WALL_CLOCK": str(tmp_path / "shift"),
    }

    async def story() -> dict[str, object]:
        async with region_at(broker.port, pki) as region:
            woken = await asyncio.create_subprocess_exec(
                *map(str, command), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            said, complained = await asyncio.wait_for(woken.communicate(), LIMIT_S)
            assert woken.returncode == 0, complained.decode()
            assert len(region.stored) == 2
            told: dict[str, object] = json.loads(said)
            return told

    told = asyncio.run(story())
    assert float(str(told["wall"])) < 86_400  # it did believe to live in 1970
    assert told["clock"] == "unknown"
    assert datetime.fromisoformat(str(told["time"])) >= floor
