"""Ids rise with time, never come twice, and are what the contract takes for a UUID."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from messages.ids import CHANCE_BYTES, new_id
from messages.shape import UUID as FORM

TIMES = st.integers(0, 2**48 - 1)
CHANCE = st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES)


@settings(derandomize=True)
@given(TIMES, TIMES, CHANCE, CHANCE)
def test_ids_stand_in_the_order_of_their_times(one_ms: int, other_ms: int, chance: bytes, more: bytes) -> None:
    if one_ms != other_ms:
        assert (new_id(one_ms, chance) < new_id(other_ms, more)) == (one_ms < other_ms)


@settings(derandomize=True)
@given(TIMES, CHANCE)
def test_an_id_is_a_uuid_of_version_7_and_of_the_contract(time_ms: int, chance: bytes) -> None:
    found = new_id(time_ms, chance)
    assert (UUID(found).version, UUID(found).variant) == (7, "specified in RFC 4122")
    assert FORM.test()(found)


def test_ids_of_one_moment_differ_by_their_chance() -> None:
    assert new_id(5, b"\x00" * CHANCE_BYTES) != new_id(5, b"\x00" * (CHANCE_BYTES - 1) + b"\x01")
