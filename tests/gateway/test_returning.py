"""A device whose key was changed comes back by a claim: what it signed is taken, and a stolen key opens nothing."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.errors import GatewayError
from gateway.identity.joining import Joining
from gateway.identity.register import RETIRED_DAYS, Register
from messages.enrolment import BadRequest, EnrolRequest, enrol_text, read_enrol, write
from messages.errors import Quarantine
from messages.keys import DeviceKey
from tests.gateway.test_joining import asked, reason, refused, renewed

DAY = timedelta(days=1)
FIELDS_OF_OLD = {"claim", "device", "post", "csr", "public", "proof"}  # all that an older gateway reads


def coming_back(code: str, key: DeviceKey, before: DeviceKey | None = None) -> EnrolRequest:
    """Signed by ``key``, which is named as it is, and by the one before it."""
    bare = asked(code, key.device, key=key)
    kid = "" if key.kid == key.device else key.kid
    text = enrol_text(bare.device, bare.post, bare.csr, bare.public, kid)
    older = b"" if before is None else before.sign(text)
    return msgspec.structs.replace(bare, proof=key.sign(text), kid=kid, before=older)


def upkeep(region: Any, now: datetime) -> None:
    with closing(region.authority.open_store()) as connection:
        Register(connection).end_retired(int(now.timestamp() * 1000))


def states(region: Any) -> list[str]:
    return [key["state"] for key in Joining(region.authority).show(region.now)[0]["keys"]]


@pytest.fixture
def lost(region: Any) -> tuple[Any, DeviceKey, datetime]:
    """A lane that did not hear of its new key, and seventy days later: too late to come back by itself."""
    lane, new = region.lane(), DeviceKey.generate("lane-1")
    Joining(region.authority).renew(renewed(lane, follower=new), region.now)
    later = region.now + 70 * DAY
    upkeep(region, later)
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY
    return lane, new, later


# --- what it signed with the key before ---
def test_what_a_device_signed_until_it_came_back_by_a_claim_is_taken_for_thirty_days(region: Any, lost: Any) -> None:
    lane, new, later = lost
    code = Joining(region.authority).claim("harbour", "lane-1", later).code
    assert Joining(region.authority).enrol(coming_back(code, new, before=lane.key), later).kid == "lane-1.2"
    old, following = lane.key, DeviceKey("lane-1.2", new.seed)
    assert [reason(region, lane, key) for key in (old, following)] == ["", ""]
    upkeep(region, later + (RETIRED_DAYS + 1) * DAY)
    assert [reason(region, lane, key) for key in (old, following)] == [Quarantine.REVOKED_KEY, ""]


def test_an_enrolment_gives_a_followed_key_no_time_unless_that_key_signed_it_too(region: Any, lost: Any) -> None:
    """Else a key stolen long ago would live again each time its device comes back."""
    lane, new, later = lost
    joining, stranger = Joining(region.authority), DeviceKey.generate("lane-1")
    code = joining.claim("harbour", "lane-1", later).code
    copied = coming_back(joining.claim("harbour", "lane-1", later).code, new, before=lane.key).before
    for request in (
        asked(code, key=new),  # of an older edge
        coming_back(code, new, before=stranger),
        coming_back(code, new, before=new),
        msgspec.structs.replace(coming_back(code, new), before=copied),  # it signed another enrolment
    ):
        code = joining.claim("harbour", "lane-1", later).code
        assert joining.enrol(msgspec.structs.replace(request, claim=code), later).kid == "lane-1.2"
        assert states(region) == ["revoked", "active"]
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY


def test_whoever_has_a_claim_and_the_key_before_alone_comes_in_by_neither(region: Any, lost: Any) -> None:
    lane, new, later = lost
    joining, thief = Joining(region.authority), DeviceKey.generate("lane-1")
    code = joining.claim("harbour", "lane-1", later).code
    assert refused(lambda: joining.enrol(coming_back(code, lane.key, before=lane.key), later)) == "device-known"
    assert refused(lambda: joining.enrol(coming_back(code, thief, before=lane.key), later)) == "device-known"
    named = msgspec.structs.replace(coming_back(code, lane.key, before=lane.key), public=new.public)
    assert refused(lambda: joining.enrol(named, later)) == "bad-signature"
    assert states(region) == ["revoked", "active"]


def test_a_revoked_device_is_not_brought_back_by_both_its_keys(region: Any, lost: Any) -> None:
    lane, new, later = lost
    joining = Joining(region.authority)
    code = joining.claim("harbour", "lane-1", later).code
    joining.revoke("lane-1", "stolen", later)
    assert refused(lambda: joining.enrol(coming_back(code, new, before=lane.key), later)) == "claim-unknown"
    assert refused(lambda: joining.claim("harbour", "lane-1", later)) == "revoked"
    assert states(region) == ["revoked", "revoked"]


# --- the name of its key, in a store that does not know it ---
def test_a_device_that_a_store_does_not_know_keeps_the_name_of_its_key(region: Any) -> None:
    lane, joining, key = region.lane("lane-9"), Joining(region.authority), DeviceKey.generate("lane-1.3")
    lane.topic = replace(lane.topic, device="lane-1")
    code = joining.claim("harbour", "lane-1", region.now).code
    for _ in range(2):  # the first answer was lost on the way
        assert joining.enrol(coming_back(code, key), region.now).kid == "lane-1.3"
    assert reason(region, lane, key) == ""
    assert joining.renew(renewed(lane, key, DeviceKey.generate("lane-1")), region.now).kid == "lane-1.4"


def test_a_key_is_named_by_the_register_where_it_is_known(region: Any) -> None:
    lane, joining = region.lane(), Joining(region.authority)
    code = joining.claim("harbour", "lane-1", region.now).code
    assert joining.enrol(coming_back(code, DeviceKey("lane-1.7", lane.key.seed)), region.now).kid == "lane-1"


def test_the_name_of_a_key_is_signed_and_there_is_room_for_those_that_follow(region: Any) -> None:
    joining, key = Joining(region.authority), DeviceKey.generate("lane-1.2")
    code = joining.claim("harbour", "lane-1", region.now).code
    changed = msgspec.structs.replace(coming_back(code, key), kid="lane-1.4")
    assert refused(lambda: joining.enrol(changed, region.now)) == "bad-signature"
    last = DeviceKey("lane-1.999999", key.seed)
    assert refused(lambda: joining.enrol(coming_back(code, last), region.now)) == "bad-request"
    assert joining.enrol(coming_back(code, DeviceKey("lane-1.99999", key.seed)), region.now).kid == "lane-1.99999"


@pytest.mark.parametrize("kid", ["lane-2", "lane-2.2", "lane-1.1", "lane-1.02", "lane-1.x", "lane-1.1234567", "."])
def test_a_name_that_is_none_of_this_devices_keys_is_refused_unread(kid: str) -> None:
    request = msgspec.structs.replace(asked("claim"), kid=kid)
    with pytest.raises(BadRequest, match="none of this device"):
        read_enrol(write(request))


def test_a_device_whose_key_was_never_changed_asks_as_an_older_one_does(region: Any) -> None:
    first = coming_back("claim", DeviceKey.generate("lane-1"))
    assert set(msgspec.json.decode(write(first))) == FIELDS_OF_OLD
    changed = coming_back("claim", DeviceKey.generate("lane-1.2"), before=DeviceKey.generate("lane-1"))
    assert read_enrol(write(changed)) == changed
    assert set(msgspec.json.decode(write(changed))) == FIELDS_OF_OLD | {"kid", "before"}


def test_a_device_enrolled_on_the_gateways_own_machine_hears_the_name_of_its_newest_key(region: Any) -> None:
    lane, new = region.lane(), DeviceKey.generate("lane-1")
    Joining(region.authority).renew(renewed(lane, follower=new), region.now)
    with pytest.raises(GatewayError, match="with other keys"):
        region.authority.enrol(asked("").csr, lane.key.public, "harbour", "lane-1", region.now)
    assert region.authority.enrol(asked("").csr, new.public, "harbour", "lane-1", region.now).kid == "lane-1.2"
