"""Keys: whole or not at all, and silent."""

import pytest

from messages.keys import ControlKey, DeviceKey, GatewayKey, RegionKey, RegionKeys, device_of, verified


@pytest.mark.parametrize(("kid", "seed"), [("Lane 1", bytes(32)), ("lane-1", bytes(31)), ("", bytes(32))])
def test_a_key_without_a_name_of_the_contract_or_a_whole_seed_is_not_made(kid: str, seed: bytes) -> None:
    with pytest.raises(ValueError, match="signing key"):
        DeviceKey(kid, seed)


def test_no_repr_shows_a_secret() -> None:
    seed = bytes(range(32))
    signers = (DeviceKey("lane-1.2", seed), GatewayKey("gateway-1", seed), ControlKey("control-1", seed))
    for key in (*signers, RegionKey("region-1", seed)):
        assert seed.hex() not in repr(key)
        assert repr(seed) not in repr(key)
        assert key.kid in repr(key)
    assert seed.hex() not in repr(RegionKeys.of([RegionKey("region-1", seed)])) + str({"keys": signers})


def test_generated_keys_are_new_each_time() -> None:
    assert DeviceKey.generate("lane-1") != DeviceKey.generate("lane-1")
    assert GatewayKey.generate("gateway-1") != GatewayKey.generate("gateway-1")
    assert ControlKey.generate("control-1") != ControlKey.generate("control-1")
    assert RegionKey.generate("region-1") != RegionKey.generate("region-1")


def test_a_signature_is_believed_only_whole_and_by_its_own_key() -> None:
    key, other = DeviceKey("lane-1", b"\x01" * 32), DeviceKey("lane-2", b"\x02" * 32)
    signature = key.sign(b"open")
    assert verified(key.public, b"open", signature)
    assert not verified(key.public, b"shut", signature)
    assert not verified(other.public, b"open", signature)
    assert not verified(key.public, b"open", signature[:-1])
    assert not verified(b"short", b"open", signature)


@pytest.mark.parametrize(
    "kid",
    [
        "",
        ".2",
        "lane-1.",
        "lane-1.0",
        "lane-1.1",
        "lane-1.02",
        "lane-1.2.3",
        "lane-1.-2",
        "lane-1.9999999",
        "L.2",
        "lane-1.٢",
    ],
)
def test_what_is_no_key_id_belongs_to_nobody(kid: str) -> None:
    assert device_of(kid) == ""
    with pytest.raises(ValueError, match="signing key"):
        DeviceKey(kid, bytes(32))


def test_a_device_signs_with_one_key_after_another_and_nobody_else_does() -> None:
    for kid in ("lane-1", "lane-1.2", "lane-1.10", "lane-1.999999"):
        assert DeviceKey(kid, bytes(32)).record("utopia-north", "harbour").device == "lane-1"
    for kind in (GatewayKey, ControlKey):
        with pytest.raises(ValueError, match="signing key"):
            kind("gateway-1.2", bytes(32))
