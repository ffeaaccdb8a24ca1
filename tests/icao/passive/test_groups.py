"""Is each data group the one that was signed, and are all there?"""

import pytest

from icao.tlv import write
from simulators.issuing.sod import security_object
from tests.icao.passive.world import GROUPS, check, make, wrong


def test_a06_an_altered_portrait_is_told() -> None:
    assert wrong(check(groups={1: GROUPS[1], 2: write(0x75, b"another")})) == {"pa.dg_hash.2": "group-altered"}


def test_a05_the_genuine_list_of_another_document_is_told() -> None:
    other = make(groups={1: GROUPS[1], 2: write(0x75, b"another")})
    assert wrong(check(other)) == {"pa.dg_hash.2": "group-altered"}


def test_a07_a_data_group_that_nobody_signed_is_told() -> None:
    checks = check(groups=GROUPS | {13: b"smuggled"}, present=(1, 2, 13))
    assert wrong(checks) == {"pa.dg_hash.13": "group-unsigned", "lds.dg_list": "group-unsigned"}


ALL = GROUPS | {14: b"keys", 15: b"key"}


@pytest.mark.parametrize("missing", [14, 15])
def test_a02_a_signed_data_group_that_was_taken_away_is_told(missing: int) -> None:
    kept = {number: content for number, content in ALL.items() if number != missing}
    checks = check(make(groups=ALL), groups=kept, present=tuple(kept), absent=(missing,))
    assert wrong(checks) == {"lds.dg_list": "group-missing"}
    assert f"DG{missing}" in checks["lds.dg_list"].detail


def test_fingers_and_eyes_behind_a_closed_door_are_not_missing() -> None:
    signed = GROUPS | {3: b"fingers", 4: b"eyes"}
    assert wrong(check(make(groups=signed), present=(1, 2), absent=(3, 4))) == {}


def test_a_data_group_that_is_only_named_in_the_unsigned_file_is_told() -> None:
    checks = check(present=(1, 2, 11))
    assert wrong(checks) == {"lds.dg_list": "group-unsigned"}
    assert "DG11" in checks["lds.dg_list"].detail


def test_a_group_that_was_not_looked_for_is_not_missing() -> None:
    assert wrong(check(make(groups=ALL), present=(1, 2))) == {}


def test_a_hash_that_nobody_knows_proves_nothing() -> None:
    sha3 = make(content=security_object(GROUPS).replace(b"\x65\x03\x04\x02\x01", b"\x65\x03\x04\x02\x08"))
    unknown = "algorithm-unknown"
    assert wrong(check(sha3)) == {"pa.dg_hash.1": unknown, "pa.dg_hash.2": unknown}


def test_who_does_not_tell_what_is_on_the_chip_is_not_told_what_is_missing() -> None:
    assert "lds.dg_list" not in check()
