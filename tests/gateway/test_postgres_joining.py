"""The register on PostgreSQL answers as on a file, and one claim lets one device in, at however many doors."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gateway.identity.joining
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.authority import Authority, set_up
from gateway.identity.joining import Joining
from gateway.identity.register import Register
from gateway.store.connection import StoreFault
from messages.enrolment import EnrolRequest, RenewRequest, enrol_text, renew_text
from messages.keys import DeviceKey
from simulators.network.postgres import Postgres

NOW = datetime.now(UTC)
DOORS = 6
TLS_KEY = certificates.new_key()
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


@pytest.fixture
def authority(postgres: Postgres, tmp_path: Path) -> Authority:
    set_up(tmp_path / "state", "north", NOW, postgres.fresh())
    return Authority(tmp_path / "state")


def asked(code: str) -> EnrolRequest:
    key, csr = DeviceKey.generate("lane-1"), certificates.request_pem("lane-1", certificates.new_key())
    proof = key.sign(enrol_text("lane-1", "harbour", csr, key.public))
    return EnrolRequest(claim=code, device="lane-1", post="harbour", csr=csr, public=key.public, proof=proof)


def test_of_many_machines_with_one_claim_at_many_doors_one_comes_in(authority: Authority) -> None:
    code = Joining(authority).claim("harbour", "lane-1", NOW).code
    requests, outcomes = [asked(code) for _ in range(DOORS)], []
    together = threading.Barrier(DOORS)

    def knock(request: EnrolRequest) -> None:
        together.wait()
        try:
            Joining(authority).enrol(request, NOW)
            outcomes.append(request.public)
        except (GatewayError, StoreFault) as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=knock, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    let_in = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
    assert len(outcomes) == DOORS
    with closing(authority.open_store()) as connection:
        keys = [record.public for record in Register(connection).snapshot().values()]
    assert keys == let_in
    assert len(let_in) == 1


def test_a_device_is_renewed_rotated_shown_and_revoked(authority: Authority) -> None:
    joining = Joining(authority)
    first, second = DeviceKey.generate("lane-1"), DeviceKey.generate("lane-1")
    csr = certificates.request_pem("lane-1", certificates.new_key())
    authority.enrol(csr, first.public, "harbour", "lane-1", NOW)
    bare = RenewRequest(device="lane-1", kid="lane-1", nonce=b"", csr=csr, signature=b"", public=second.public)
    text = renew_text(bare)
    request = RenewRequest(
        device="lane-1",
        kid="lane-1",
        nonce=b"",
        csr=csr,
        signature=first.sign(text),
        public=second.public,
        proof=second.sign(text),
    )
    assert joining.renew(request, NOW + timedelta(days=20)).kid == "lane-1.2"
    (shown,) = joining.show(NOW)
    assert [key["state"] for key in shown["keys"]] == ["retired", "active"]
    joining.revoke("lane-1", "stolen", NOW)
    with closing(authority.open_store()) as connection:
        register = Register(connection)
        assert {record.revoked for record in register.snapshot().values()} == {True}
        assert len(register.revoked_certificates(NOW)) == 2
        assert register.version() > 1


def test_a_renewal_that_is_under_way_does_not_bring_a_revoked_device_back(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revocation comes while the renewal has read the keys and not written yet."""
    joining, key, csr = Joining(authority), DeviceKey.generate("lane-1"), certificates.request_pem("lane-1", TLS_KEY)
    authority.enrol(csr, key.public, "harbour", "lane-1", NOW)
    bare = RenewRequest(device="lane-1", kid="lane-1", nonce=b"", csr=csr, signature=b"")
    request = msgspec.structs.replace(bare, signature=key.sign(renew_text(bare)))
    revoking = threading.Thread(target=joining.revoke, args=("lane-1", "stolen", NOW))
    in_time = gateway.identity.joining._check_in_time

    def meanwhile(*told: Any) -> None:
        revoking.start()
        with closing(authority.open_store()) as onlooker:
            while revoking.is_alive() and not onlooker.execute(WAITING).fetchall():
                pass
        in_time(*told)

    monkeypatch.setattr("gateway.identity.joining._check_in_time", meanwhile)
    joining.renew(request, NOW)
    revoking.join()
    with closing(authority.open_store()) as connection:
        assert len(Register(connection).revoked_certificates(NOW)) == 2
