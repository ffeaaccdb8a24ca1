"""Claims that let in once, renewals signed by the device's own key, keys that follow one another."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.authority import make_worker, set_up
from gateway.identity.claims import Claims
from gateway.identity.joining import Joining
from gateway.identity.register import RETIRED_DAYS, Register
from gateway.intake.judge import judge
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from messages.claim import Claim
from messages.enrolment import EnrolRequest, RenewRequest, enrol_text, renew_text
from messages.errors import Quarantine
from messages.keys import DeviceKey

DAY = timedelta(days=1)


def asked(code: str, device: str = "lane-1", post: str = "harbour", key: DeviceKey | None = None) -> EnrolRequest:
    key = key or DeviceKey.generate(device)
    csr = certificates.request_pem(device, certificates.new_key())
    proof = key.sign(enrol_text(device, post, csr, key.public))
    return EnrolRequest(claim=code, device=device, post=post, csr=csr, public=key.public, proof=proof)


def renewed(lane: Any, key: DeviceKey | None = None, follower: DeviceKey | None = None, **changes: Any) -> RenewRequest:
    """A request of ``lane``, signed as it should be but for what is changed."""
    key = key or lane.key
    csr = certificates.request_pem(lane.name, certificates.new_key())
    public = None if follower is None else follower.public
    fields: dict[str, Any] = {"device": lane.name, "kid": key.kid, "nonce": b"", "csr": csr, "public": public}
    text = renew_text(RenewRequest(**fields, signature=b""))
    proof = None if follower is None else follower.sign(text)
    return RenewRequest(**{**fields, "signature": key.sign(text), "proof": proof, **changes})


def refused(call: Any) -> str:
    with pytest.raises(GatewayError) as caught:
        call()
    assert caught.value.message.endswith(".")
    return caught.value.code


# --- claims ---
def test_no_two_of_a_thousand_claims_are_alike_and_the_store_holds_none(region: Any) -> None:
    ca = region.authority.servers_ca().read_bytes()
    with closing(region.authority.open_store()) as connection, connection.transaction():
        codes = [Claims(connection).make("harbour", f"lane-{number}", ca, 0) for number in range(1000)]
    secrets = {Claim.read(code).secret for code in codes}
    assert len(secrets) == 1000
    stored = b"".join(path.read_bytes() for path in region.state.glob("store.sqlite*"))
    assert not [secret for secret in secrets if secret in stored]
    # 128 random bits: each bit is set in about half of them.
    counts = [sum(secret[at // 8] >> at % 8 & 1 for secret in secrets) for at in range(128)]
    assert min(counts) > 400
    assert max(counts) < 600


def test_a_claim_lets_one_device_in_once(region: Any) -> None:
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", region.now).code
    key = DeviceKey.generate("lane-1")
    enrolled = joining.enrol(asked(code, key=key), region.now)
    assert (enrolled.kid, enrolled.post, enrolled.region) == ("lane-1", "harbour", "north")
    assert refused(lambda: joining.enrol(asked(code), region.now)) == "claim-used"
    again = joining.enrol(asked(code, key=key), region.now)  # its answer was lost on the way
    assert again.certificate_pem != enrolled.certificate_pem


def test_a_claim_ends(region: Any) -> None:
    joining = Joining(region.authority)
    claim = joining.claim("harbour", "lane-1", region.now, hours=2)
    assert claim.ends == region.now + timedelta(hours=2)
    assert refused(lambda: joining.enrol(asked(claim.code), claim.ends)) == "claim-ended"
    assert joining.enrol(asked(claim.code), claim.ends - timedelta(seconds=1)).kid == "lane-1"


@pytest.mark.parametrize(("device", "post"), [("lane-2", "harbour"), ("lane-1", "airport")])
def test_a_claim_is_for_one_device_at_one_post(region: Any, device: str, post: str) -> None:
    code = Joining(region.authority).claim("harbour", "lane-1", region.now).code
    assert refused(lambda: Joining(region.authority).enrol(asked(code, device, post), region.now)) == "claim-elsewhere"


def test_a_newer_claim_ends_an_unused_older_one(region: Any) -> None:
    joining = Joining(region.authority)
    old, new = (joining.claim("harbour", "lane-1", region.now).code for _ in range(2))
    assert refused(lambda: joining.enrol(asked(old), region.now)) == "claim-unknown"
    assert joining.enrol(asked(new), region.now).kid == "lane-1"


def test_a_claim_of_another_region_is_unknown_here(region: Any, other_region: Any) -> None:
    code = Joining(other_region.authority).claim("harbour", "lane-1", region.now).code
    assert refused(lambda: Joining(region.authority).enrol(asked(code), region.now)) == "claim-unknown"


def test_nobody_enrols_a_key_that_he_does_not_hold(region: Any) -> None:
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", region.now).code
    other = asked(code, "lane-1")
    forged = EnrolRequest(
        claim=code, device="lane-1", post="harbour", csr=other.csr, public=bytes(32), proof=other.proof
    )
    assert refused(lambda: joining.enrol(forged, region.now)) == "bad-signature"


def test_a_refused_enrolment_leaves_the_claim_good(region: Any) -> None:
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", region.now).code
    key = DeviceKey.generate("lane-1")
    csr = certificates.request_pem("lane-9", certificates.new_key())
    proof = key.sign(enrol_text("lane-1", "harbour", csr, key.public))
    wrong = EnrolRequest(claim=code, device="lane-1", post="harbour", csr=csr, public=key.public, proof=proof)
    assert refused(lambda: joining.enrol(wrong, region.now)) == "bad-request"
    assert joining.enrol(asked(code), region.now).kid == "lane-1"


@pytest.mark.parametrize("hours", [0, -1, 721])
def test_a_claim_is_good_for_an_hour_to_a_month(region: Any, hours: int) -> None:
    assert refused(lambda: Joining(region.authority).claim("harbour", "lane-1", region.now, hours)) == "bad-hours"


def test_one_signing_key_is_never_two_devices(region: Any) -> None:
    lane = region.lane("lane-1")
    request = certificates.request_pem("lane-2", certificates.new_key())
    copied = DeviceKey("lane-2", lane.key.seed)
    call = lambda: region.authority.enrol(request, copied.public, "harbour", "lane-2", region.now)  # noqa: E731
    assert refused(call) == "key-known"


# --- renewal ---
def test_a_renewal_brings_a_new_certificate_for_thirty_days_over_a_new_key(region: Any) -> None:
    lane = region.lane()
    later = region.now + 20 * DAY
    fresh = Joining(region.authority).renew(renewed(lane), later)
    old, new = (x509.load_pem_x509_certificate(pem) for pem in (lane.enrolled.certificate_pem, fresh.certificate_pem))
    assert new.public_key() != old.public_key()
    assert new.serial_number != old.serial_number
    assert abs(new.not_valid_after_utc - (later + 30 * DAY)) < timedelta(seconds=2)
    assert fresh.kid == "lane-1"


@pytest.mark.parametrize(("days", "welcome"), [(29, True), (31, True), (59, True), (61, False)])
def test_a_certificate_that_has_ended_is_renewed_for_thirty_days_more(region: Any, days: int, welcome: bool) -> None:
    lane = region.lane()
    if welcome:
        assert Joining(region.authority).renew(renewed(lane), region.now + days * DAY).kid == "lane-1"
    else:
        call = lambda: Joining(region.authority).renew(renewed(lane), region.now + days * DAY)  # noqa: E731
        assert refused(call) == "too-late"


@pytest.mark.parametrize("name", ["broker", "enrolment"])
def test_a_server_of_the_same_name_lends_a_device_none_of_its_time(region: Any, name: str) -> None:
    lane = region.lane(name)
    assert refused(lambda: Joining(region.authority).renew(renewed(lane), region.now + 61 * DAY)) == "too-late"


def test_a_device_that_came_too_late_comes_in_again_by_a_claim_with_its_own_keys(region: Any) -> None:
    lane = region.lane()
    later = region.now + 70 * DAY
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", later).code
    assert joining.enrol(asked(code, key=lane.key), later).kid == "lane-1"
    assert (
        refused(lambda: joining.enrol(asked(joining.claim("harbour", "lane-1", later).code), later)) == "device-known"
    )


def test_a_claim_for_an_enrolled_device_says_so_and_is_not_made_for_another_post(region: Any) -> None:
    region.lane()
    joining = Joining(region.authority)
    assert [joining.claim("harbour", name, region.now).known for name in ("lane-1", "lane-2")] == [True, False]
    assert refused(lambda: joining.claim("airport", "lane-1", region.now)) == "device-known"


def test_another_machine_does_not_take_over_an_enrolled_name_and_is_told_the_way(region: Any) -> None:
    region.lane()
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", region.now).code
    with pytest.raises(GatewayError, match=r"with other keys.*device revoke lane-1, then claim a new name"):
        joining.enrol(asked(code), region.now)


def test_only_the_devices_own_key_renews_it(region: Any) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")
    joining = Joining(region.authority)
    forged = DeviceKey("lane-1", other.key.seed)
    assert refused(lambda: joining.renew(renewed(lane, key=forged), region.now)) == "bad-signature"
    assert refused(lambda: joining.renew(renewed(lane, kid="lane-2"), region.now)) == "unknown-device"
    assert refused(lambda: joining.renew(renewed(lane, nonce=b"later"), region.now)) == "bad-signature"
    assert refused(lambda: joining.renew(renewed(lane, kid="lane-1.2"), region.now)) == "unknown-device"


def test_a_revoked_device_is_not_renewed(region: Any) -> None:
    lane = region.lane()
    Joining(region.authority).revoke("lane-1", "", region.now)
    assert refused(lambda: Joining(region.authority).renew(renewed(lane), region.now)) == "revoked"


# --- keys that follow one another ---
def reason(region: Any, lane: Any, key: DeviceKey) -> str:
    """Why a frame signed with this key is refused; "" when it is taken."""
    lane.key = key
    frame = lane.frame([lane.alarm()])
    with closing(region.authority.open_store()) as connection:
        verdict = judge(str(lane.topic), frame, Register(connection).snapshot(), region.authority.region_keys())
    return "".join(kept.reason for kept in verdict.kept)


def test_a_new_key_follows_and_what_the_old_one_signed_is_taken_for_thirty_days(region: Any) -> None:
    lane = region.lane()
    old, new = lane.key, DeviceKey.generate("lane-1.2")
    enrolled = Joining(region.authority).renew(renewed(lane, follower=new), region.now)
    assert enrolled.kid == "lane-1.2"
    assert [reason(region, lane, key) for key in (old, new)] == ["", ""]
    with closing(region.authority.open_store()) as connection:
        register = Register(connection)
        now_ms = int(region.now.timestamp() * 1000)
        assert register.end_retired(now_ms + (RETIRED_DAYS - 1) * 86_400_000) == 0
        assert register.end_retired(now_ms + (RETIRED_DAYS + 1) * 86_400_000) == 1
    assert [reason(region, lane, key) for key in (old, new)] == [Quarantine.REVOKED_KEY, ""]


def test_a_rotation_whose_answer_was_lost_is_asked_for_again_with_the_old_key(region: Any) -> None:
    lane, joining = region.lane(), Joining(region.authority)
    new = DeviceKey.generate("lane-1")
    first = joining.renew(renewed(lane, follower=new), region.now)
    again = joining.renew(renewed(lane, follower=new), region.now)
    assert (first.kid, again.kid) == ("lane-1.2", "lane-1.2")


@pytest.mark.parametrize("proof", [None, bytes(64)])
def test_whoever_holds_the_old_key_alone_is_not_renewed_by_naming_the_new_one(region: Any, proof: bytes | None) -> None:
    lane, joining, new = region.lane(), Joining(region.authority), DeviceKey.generate("lane-1")
    joining.renew(renewed(lane, follower=new), region.now)
    copied_card = renewed(lane, follower=new, proof=proof)
    assert refused(lambda: joining.renew(copied_card, region.now)) == "bad-signature"


# --- a rotation whose answer was lost, and a post that was cut off for longer than the old key lives ---
def month_later(region: Any, days: int = 40) -> Any:
    """The daily upkeep of that day has ended what was retired; the time."""
    later = region.now + days * DAY
    with closing(region.authority.open_store()) as connection:
        assert Register(connection).end_retired(int(later.timestamp() * 1000)) <= 1
    return later


@pytest.fixture
def followed(region: Any) -> tuple[Any, DeviceKey, Joining]:
    """A lane whose key was followed, as the region knows and the lane does not."""
    lane, joining, new = region.lane(), Joining(region.authority), DeviceKey.generate("lane-1")
    joining.renew(renewed(lane, follower=new), region.now)
    return lane, new, joining


def test_a_post_whose_rotation_was_not_answered_comes_back_after_forty_days_and_tells_all(
    region: Any, followed: Any
) -> None:
    lane, new, joining = followed
    old, later = lane.key, month_later(region)
    assert reason(region, lane, old) == Quarantine.REVOKED_KEY
    assert joining.renew(renewed(lane, old, new), later).kid == "lane-1.2"
    following = DeviceKey("lane-1.2", new.seed)
    assert [reason(region, lane, key) for key in (old, following)] == ["", ""]  # what it signed while it was cut off
    month_later(region, 40 + RETIRED_DAYS)
    assert [reason(region, lane, key) for key in (old, following)] == [Quarantine.REVOKED_KEY, ""]
    assert joining.renew(renewed(lane, following), later + DAY).kid == "lane-1.2"


def test_a_stolen_old_card_does_not_take_a_device_back_once_its_key_has_ended(region: Any, followed: Any) -> None:
    lane, new, joining = followed
    later = month_later(region)
    thief = DeviceKey.generate("lane-1")
    assert refused(lambda: joining.renew(renewed(lane), later)) == "revoked"
    assert refused(lambda: joining.renew(renewed(lane, follower=thief), later)) == "revoked"
    for proof in (None, bytes(64)):  # he read the new key in the register, and does not hold it
        assert refused(lambda: joining.renew(renewed(lane, follower=new, proof=proof), later)) == "bad-signature"  # noqa: B023
    forged = renewed(lane, follower=new)
    signed_by_another = renewed(lane, DeviceKey("lane-1", thief.seed), new, proof=forged.proof)
    assert refused(lambda: joining.renew(signed_by_another, later)) == "bad-signature"
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY
    code = joining.claim("harbour", "lane-1", later).code
    assert refused(lambda: joining.enrol(asked(code, key=lane.key), later)) == "device-known"


def test_the_key_of_a_thief_who_was_followed_first_is_not_taken_over_by_the_old_one(region: Any, followed: Any) -> None:
    """It was not this device that asked: a month later it is told so, and nothing is changed."""
    lane, _, joining = followed
    with pytest.raises(GatewayError, match=r"followed by lane-1\.2.*If this device is yours"):
        joining.renew(renewed(lane, follower=DeviceKey.generate("lane-1")), month_later(region))
    assert [key["state"] for key in joining.show(region.now)[0]["keys"]] == ["revoked", "active"]


def test_a_device_that_was_revoked_after_a_lost_answer_stays_revoked(region: Any, followed: Any) -> None:
    lane, new, joining = followed
    later = month_later(region)
    joining.revoke("lane-1", "stolen", later)
    for request in (renewed(lane, follower=new), renewed(lane), renewed(lane, DeviceKey("lane-1.2", new.seed))):
        assert refused(lambda: joining.renew(request, later)) == "revoked"  # noqa: B023
    assert [key["state"] for key in joining.show(later)[0]["keys"]] == ["revoked", "revoked"]


def test_a_device_that_names_the_key_it_has_as_its_new_one_keeps_it(region: Any, followed: Any) -> None:
    lane, new, joining = followed
    key = DeviceKey("lane-1.2", new.seed)
    assert joining.renew(renewed(lane, key, key), region.now).kid == "lane-1.2"
    assert [found["state"] for found in joining.show(region.now)[0]["keys"]] == ["retired", "active"]


def test_of_two_machines_with_one_key_only_the_first_is_followed(region: Any) -> None:
    lane, joining = region.lane(), Joining(region.authority)
    joining.renew(renewed(lane, follower=DeviceKey.generate("lane-1")), region.now)
    clone = renewed(lane, follower=DeviceKey.generate("lane-1"))
    assert refused(lambda: joining.renew(clone, region.now)) == "retired-key"
    assert refused(lambda: joining.renew(renewed(lane), region.now)) == "retired-key"


def test_a_new_key_must_sign_too_and_be_nobodys(region: Any) -> None:
    lane, other, joining = region.lane("lane-1"), region.lane("lane-2"), Joining(region.authority)
    stolen = renewed(lane, follower=other.key)
    assert refused(lambda: joining.renew(stolen, region.now)) == "key-known"
    unproven = renewed(lane, follower=DeviceKey.generate("lane-1"), proof=bytes(64))
    assert refused(lambda: joining.renew(unproven, region.now)) == "bad-signature"


def test_the_register_tells_every_worker_that_it_changed(region: Any) -> None:
    lane = region.lane()
    with closing(region.authority.open_store()) as connection:
        register = Register(connection)
        versions = [register.version()]
        Joining(region.authority).renew(renewed(lane, follower=DeviceKey.generate("lane-1")), region.now)
        versions.append(register.version())
        Joining(region.authority).revoke("lane-1", "", region.now)
        versions.append(register.version())
    assert versions == sorted(set(versions))


# --- showing ---
def keys(region: Any) -> Any:
    return region.authority.region_keys()


def test_devices_are_shown_with_their_keys_and_open_claims(region: Any) -> None:
    lane, joining = region.lane("lane-1"), Joining(region.authority)
    joining.renew(renewed(lane, follower=DeviceKey.generate("lane-1")), region.now)
    region.lane("lane-2")
    joining.revoke("lane-2", "", region.now)
    joining.claim("harbour", "lane-3", region.now)
    with closing(region.authority.open_store()) as connection:
        verdict = judge(str(lane.topic), lane.frame([lane.alarm()]), Register(connection).snapshot(), keys(region))
        record(connection, Vault(region.authority.store_key()), [verdict], region.now)
    shown = {device["device"]: device for device in joining.show(region.now)}
    assert [shown[name]["state"] for name in ("lane-1", "lane-2", "lane-3")] == ["active", "revoked", "invited"]
    assert [key["state"] for key in shown["lane-1"]["keys"]] == ["retired", "active"]
    assert shown["lane-3"]["claim"] is not None
    assert [shown[name]["last_event"] is None for name in ("lane-1", "lane-2", "lane-3")] == [False, True, True]
    assert "lane-3" not in {device["device"] for device in joining.show(region.now + 2 * DAY)}


# --- the region's own certificates ---
def test_what_has_less_than_a_third_of_its_time_left_is_made_anew_by_the_next_set_up(region: Any) -> None:
    assert set_up(region.state, "north", region.now + 200 * DAY) == []
    assert set_up(region.state, "north", region.now + 300 * DAY) == ["broker", "enrolment", "gateway-1"]


def test_a_second_worker_is_believed_by_devices_that_join_after_it(region: Any) -> None:
    before = region.lane("lane-1")
    with closing(region.authority.open_store()) as connection, connection.transaction():
        assert make_worker(region.state, "gateway-2", Register(connection), region.now)
        assert not make_worker(region.state, "gateway-2", Register(connection), region.now)
    after = region.lane("lane-2")
    assert list(before.enrolled.gateways) == ["gateway-1"]
    assert list(after.enrolled.gateways) == ["gateway-1", "gateway-2"]
    assert after.enrolled.gateways["gateway-2"] == region.authority.ack_key("gateway-2").public
    assert Path(region.state / "gateway-2.crt").exists()
