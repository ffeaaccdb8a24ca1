"""Whoever is revoked comes in by no certificate, also after a restore, also by one that the backup had never seen."""

import asyncio
import os
from contextlib import closing
from datetime import timedelta
from typing import Any

import aiomqtt
import pytest
from cryptography import x509

from gateway.care.certificates_since import certificate_line
from gateway.care.ledger import LEDGER_NAME, Entry, entries, write_down
from gateway.identity.joining import Joining
from gateway.store.connection import StoreFault
from messages.enrolment import Enrolled
from tests.gateway.test_joining import DAY, refused, renewed
from tests.gateway.test_keys_since import Region, back, server, tape
from tests.gateway.test_revocation import broker_of, device

__all__ = ["server"]


def renewal(region: Any, lane: Any, days: int = 0) -> Enrolled:
    return Joining(region.authority).renew(renewed(lane), region.now + days * DAY)


def serial(enrolled: Enrolled) -> int:
    return x509.load_pem_x509_certificate(enrolled.certificate_pem).serial_number


def listed(region: Any) -> set[int]:
    crl = x509.load_pem_x509_crl((region.state / "broker" / "clients.crl").read_bytes())
    return {entry.serial_number for entry in crl}


def lists_what_came_after_the_backup(region: Any) -> None:
    """Of one that was there before, and of one that enrolled after it."""
    early, other = region.lane("lane-1"), region.lane("lane-3")
    source = tape(region)
    late = region.lane("lane-2")
    given = {serial(each) for each in (early.enrolled, late.enrolled, renewal(region, early), renewal(region, late))}
    renewal(region, other)
    for lane in (early, late):
        Joining(region.authority).revoke(lane.name, "stolen", region.now)
    (region.state / "broker" / "clients.crl").unlink()
    back(region, source)
    assert listed(region) == given
    back(region, tape(region))  # what is known already is known once
    assert listed(region) == given


def test_a_restore_lists_the_certificates_of_the_revoked_that_came_after_the_backup(region: Any) -> None:
    lists_what_came_after_the_backup(region)


def test_it_lists_them_from_a_postgres(server: Region) -> None:
    lists_what_came_after_the_backup(server)


def test_a_device_that_is_revoked_after_the_restore_has_all_of_them_on_the_list(region: Any) -> None:
    lane = region.lane()
    source = tape(region)
    later = renewal(region, lane)
    back(region, source)
    Joining(region.authority).revoke(lane.name, "stolen", region.now)
    assert listed(region) == {serial(lane.enrolled), serial(later)}


def test_d30_a_certificate_from_after_the_backup_opens_no_connection_to_the_broker(region: Any) -> None:
    source, lane = tape(region), region.lane()

    async def comes_in(broker: Any) -> None:
        async with device(broker, lane):
            pass

    with broker_of(region) as broker:
        asyncio.run(comes_in(broker))
        Joining(region.authority).revoke(lane.name, "stolen", region.now)
        back(region, source)
        broker.restart()
        with pytest.raises(aiomqtt.MqttError):
            asyncio.run(comes_in(broker))


def test_a_device_that_was_renewed_after_the_backup_keeps_its_days_of_grace(region: Any) -> None:
    lane = region.lane()
    source = tape(region)
    renewal(region, lane, days=25)
    back(region, source, region.now + 70 * DAY)
    renewal(region, lane, days=80)
    assert refused(lambda: renewal(region, lane, days=200)) == "too-late"


def test_a_certificate_is_not_given_unless_its_line_is_on_the_disk(
    region: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = region.lane()
    before = (region.state / LEDGER_NAME).read_bytes()

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        with pytest.raises(StoreFault, match="ENOSPC"):
            renewal(region, lane)
    assert (region.state / LEDGER_NAME).read_bytes() == before
    with closing(region.authority.open_store()) as connection:
        given = connection.execute("SELECT serial FROM certificates WHERE name = 'lane-1'").fetchall()
    assert [row[0] for row in given] == [f"{serial(lane.enrolled):x}"]
    renewal(region, lane)
    assert len(entries(region.state, "certificate")) == 2


@pytest.mark.parametrize("subject", ["", "12", "heron 1766577600", "0a 1766577600 harbour", f"0a {'9' * 12}", "0a ٣٣"])
def test_a_line_that_names_no_certificate_is_passed_over(region: Any, subject: str) -> None:
    known = _known(region)
    write_down(region.state, Entry("certificate", "lane-1", subject, 1))
    back(region, tape(region))
    assert _known(region) == known


def test_what_ended_long_ago_is_not_taken_back(region: Any) -> None:
    known = _known(region)
    for days in (-31, -29):
        write_down(region.state, certificate_line("lane-1", 1000 - days, region.now + timedelta(days=days), 1))
    back(region, tape(region))
    assert _known(region) == known + 1


def _known(region: Any) -> int:
    with closing(region.authority.open_store()) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM certificates").fetchall()
    return int(count)
