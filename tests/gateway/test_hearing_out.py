"""A post was cut off for more than a month: what it signed waits there, and is stored once when somebody vouches."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.identity.joining import Joining
from gateway.identity.register import RETIRED_DAYS
from messages.errors import Quarantine
from messages.keys import DeviceKey
from tests.gateway.desk import Desk, Offer, offer
from tests.gateway.test_joining import DAY, reason, refused, renewed
from tests.gateway.test_keys_since import back, tape
from tests.gateway.test_returning import states, upkeep


@pytest.fixture
def waiting(region: Any) -> tuple[Any, Offer, datetime]:
    """A lane that changed its key with a crossing in its outbox; the crossing comes when that key has ended."""
    lane = region.lane()
    frame = offer(lane, lane.granted(1), lane.left(1))
    Joining(region.authority).renew(renewed(lane, follower=DeviceKey.generate("lane-1")), region.now)
    later = region.now + (RETIRED_DAYS + 1) * DAY
    upkeep(region, later)
    return lane, frame, later


def test_what_waited_is_stored_once_after_somebody_vouched_for_it(region: Any, desk: Desk, waiting: Any) -> None:
    _, frame, later = waiting
    refused_first = desk.take(frame)
    assert (desk.reasons(), refused_first.receipts) == (["revoked-key"], [])  # so the device keeps it
    assert Joining(region.authority).hear("lane-1", later) == ("lane-1", later + timedelta(days=RETIRED_DAYS))
    heard = desk.take(frame)
    assert (heard.stored, [receipt.seqs for receipt in heard.receipts]) == (2, [((1, 2),)])
    again = desk.take(frame)
    assert (again.stored, again.duplicates, desk.stored()) == (0, 2, 2)
    assert desk.rows("SELECT events, crossings, granted, departed FROM lanes WHERE device = 'lane-1'") == [(2, 1, 1, 1)]
    assert desk.reasons() == ["revoked-key"]


def test_the_key_ends_again_after_thirty_days_unless_it_is_said_again(region: Any, waiting: Any) -> None:
    lane, _, later = waiting
    joining, ends = Joining(region.authority), later + RETIRED_DAYS * DAY
    joining.hear("lane-1", later)
    upkeep(region, ends - DAY)
    assert reason(region, lane, lane.key) == ""
    upkeep(region, ends)
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY
    for _ in range(2):
        joining.hear("lane-1", ends)
        assert states(region) == ["retired", "active"]


def test_a_restore_forgets_it_not_and_gives_no_day_more(region: Any, waiting: Any) -> None:
    lane, _, later = waiting
    source = tape(region)
    Joining(region.authority).hear("lane-1", later)
    back(region, source, later + DAY)
    assert reason(region, lane, lane.key) == ""
    back(region, source, later + RETIRED_DAYS * DAY)
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY


def test_the_key_that_is_taken_again_signs_no_request(region: Any, waiting: Any) -> None:
    lane, _, later = waiting
    joining = Joining(region.authority)
    joining.hear("lane-1", later)
    assert refused(lambda: joining.renew(renewed(lane), later)) == "retired-key"


def test_only_a_device_that_has_followed_its_key_and_is_not_revoked_is_heard_out(region: Any, waiting: Any) -> None:
    _, _, later = waiting
    joining = Joining(region.authority)
    region.lane("lane-2")
    joining.revoke("lane-1", "stolen", later)
    for device, code in (("lane-1", "revoked"), ("lane-2", "one-key"), ("lane-3", "unknown-device")):
        assert refused(lambda: joining.hear(device, later)) == code  # noqa: B023
    assert states(region) == ["revoked", "revoked"]


def test_the_command_says_which_key_is_taken_and_until_when(
    region: Any, waiting: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["device", "hear", "lane-1", "--state", str(region.state)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["device"], told["kid"]) == ("lane-1", "lane-1")
    assert main(words) == 0
    assert "What lane-1 signed is taken until" in capsys.readouterr().out
    assert main([*words[:2], "lane-9", *words[3:]]) == 2
