"""Keys: whole or not at all, and silent."""

import pytest

from messages.keys import DeviceKey, GatewayKey, RegionKey, verified


@pytest.mark.parametrize(("kid", "seed"), [("Lane 1", bytes(32)), ("lane-1", bytes(31)), ("", bytes(32))])
def test_a_key_without_a_name_of_the_contract_or_a_whole_seed_is_not_made(kid: str, seed: bytes) -> None:
    with pytest.raises(ValueError, match="signing key"):
        DeviceKey(kid, seed)


def test_no_repr_shows_a_secret() -> None:
    seed = bytes(range(32))
    for key in (DeviceKey("lane-1", seed), GatewayKey("gateway-1", seed), RegionKey("region-1", seed)):
        assert seed.hex() not in repr(key)
        assert repr(seed) not in repr(key)
        assert key.kid in repr(key)


def test_generated_keys_are_new_each_time() -> None:
    assert DeviceKey.generate("lane-1") != DeviceKey.generate("lane-1")
    assert GatewayKey.generate("gateway-1") != GatewayKey.generate("gateway-1")
    assert RegionKey.generate("region-1") != RegionKey.generate("region-1")


def test_a_signature_is_believed_only_whole_and_by_its_own_key() -> None:
    key, other = DeviceKey("lane-1", b"\x01" * 32), DeviceKey("lane-2", b"\x02" * 32)
    signature = key.sign(b"open")
    assert verified(key.public, b"open", signature)
    assert not verified(key.public, b"shut", signature)
    assert not verified(other.public, b"open", signature)
    assert not verified(key.public, b"open", signature[:-1])
    assert not verified(b"short", b"open", signature)
