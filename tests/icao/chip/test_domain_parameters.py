"""Groups are found by their id or by all of their numbers, and what is no element of theirs is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.chip.domain_parameters import BY_ID, DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER, read_group, read_public_key
from icao.chip.groups import CurveGroup, Group, PowerGroup
from icao.lds.security_infos import oid_contents
from icao.pki.keys import NotSupported
from icao.tlv import Garbled, write
from simulators.issuing.card_access import standardised

POWERS = [group for group in BY_ID.values() if isinstance(group, PowerGroup)]
every_group = pytest.mark.parametrize(("number", "group"), BY_ID.items(), ids=lambda value: getattr(value, "name", ""))
power_group = pytest.mark.parametrize("group", POWERS, ids=lambda group: group.name)


def integer(value: int) -> bytes:
    return write(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def algorithm(oid: str, parameters: bytes) -> bytes:
    return write(0x30, write(0x06, oid_contents(oid)) + parameters)


def info(identifier: bytes, group: Group, key: bytes) -> bytes:
    bits = integer(int.from_bytes(key, "big")) if isinstance(group, PowerGroup) else key
    return write(0x30, identifier + write(0x03, b"\0" + bits))


@every_group
def test_a_group_is_found_by_its_id(number: int, group: Group) -> None:
    assert read_group(standardised(number)) == group
    key = group.public_key(3, group.generator)
    assert read_public_key(info(standardised(number), group, key)) == (group, key)


@pytest.mark.parametrize("number", [3, 7, 19, 31, 32, 255, -1])
def test_reserved_ids_are_no_groups(number: int) -> None:
    encoded = write(0x02, number.to_bytes(2, "big", signed=True))
    with pytest.raises(NotSupported):
        read_group(algorithm("0.4.0.127.0.7.1.2", encoded))


@power_group
def test_prime_groups_are_found_by_their_numbers_in_both_standards(group: PowerGroup) -> None:
    p, g, q = (integer(value) for value in (group.p, group.g, group.q))
    assert read_group(algorithm(DH_PUBLIC_NUMBER, write(0x30, p + g + q))) == group
    assert read_group(algorithm(DH_KEY_AGREEMENT, write(0x30, p + g))) == group
    assert read_group(algorithm(DH_KEY_AGREEMENT, write(0x30, p + g + integer(160)))) == group


@power_group
def test_prime_groups_with_one_number_changed_are_refused(group: PowerGroup) -> None:
    numbers = group.p, group.g, group.q
    for place in range(3):
        changed = b"".join(integer(value + 2 * (place == where)) for where, value in enumerate(numbers))
        with pytest.raises(NotSupported):
            read_group(algorithm(DH_PUBLIC_NUMBER, write(0x30, changed)))


def test_a_key_of_another_kind_agrees_on_nothing() -> None:
    with pytest.raises(NotSupported):
        read_group(algorithm("1.2.840.113549.1.1.1", b"\x05\x00"))


@power_group
def test_powers_have_the_order_that_their_standard_says(group: PowerGroup) -> None:
    assert pow(group.g, group.q, group.p) == 1 != group.g
    assert (group.p - 1) % group.q == 0


@every_group
def test_both_ends_agree(number: int, group: Group) -> None:
    one, other = 0x1234567, 0x89ABCDE
    keys = [group.public_key(secret, group.generator) for secret in (one, other)]
    shared = group.agree(one, group.check(keys[1]))
    assert shared == group.agree(other, group.check(keys[0]))
    assert len(shared) == (group.prime.bit_length() + 7) // 8
    assert group.combine(*keys) == group.public_key(one + other, group.generator)


@power_group
def test_values_outside_the_group_are_refused(group: PowerGroup) -> None:
    """A17: a value of small order gives a secret away."""
    small = pow(3, group.q, group.p)
    size = (group.p.bit_length() + 7) // 8
    for value in (0, 1, group.p - 1, group.p, group.p + 1, small, 2**15 + 1):
        with pytest.raises(Garbled):
            group.check(value.to_bytes(size + 1, "big").lstrip(b"\0"))
    with pytest.raises(Garbled):
        group.check(b"\0" * size + group.generator)


@power_group
def test_a_value_is_read_with_leading_zeros_and_written_without(group: PowerGroup) -> None:
    """Doc 9303-11, 9.4.1."""
    key = next(
        key
        for secret in range(2, 4000)
        if len(key := group.public_key(secret, group.generator)) < group.p.bit_length() // 8
    )
    assert key[0] != 0
    assert group.check(b"\0" + key) == key


def test_a_curve_without_integrated_mapping_says_so() -> None:
    group = BY_ID[10]
    assert isinstance(group, CurveGroup)
    with pytest.raises(Garbled):
        group.element_from(5)


@pytest.mark.parametrize("number", [0, 8, 12, 13, 18])
def test_numbers_that_give_no_element_are_refused(number: int) -> None:
    for nothing in (0, 1):
        with pytest.raises(Garbled):
            BY_ID[number].element_from(nothing)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=120))
def test_garbage_is_no_key(garbage: bytes) -> None:
    for reading in (read_group, read_public_key):
        with pytest.raises((Garbled, NotSupported)):
            reading(write(0x30, garbage))
