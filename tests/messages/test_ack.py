"""Acknowledgements: only a known gateway's, only for this device, only as it was signed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.ack import ACK_TYPE, Ack, Epoch, ranges, seal_ack, verify_ack
from messages.cbor import encode
from messages.errors import Quarantine, Refused
from messages.keys import DeviceKey, GatewayKey, GatewayRecord
from messages.limits import ACK_MAX_BYTES, ACK_RANGES_MAX
from messages.signing import CONTENT_TYPE, sign
from messages.topics import Channel, Topic

BOOT = "0123456789abcdef" * 2
Gateways = Mapping[str, GatewayRecord]


def reason_of(read: Callable[[], object]) -> Quarantine:
    with pytest.raises(Refused) as refusal:
        read()
    return refusal.value.reason


@given(st.lists(st.integers(1, 60), max_size=40))
def test_ranges_say_the_same_numbers_in_the_fewest_pairs(numbers: list[int]) -> None:
    told = ranges(numbers)
    assert [number for first, last in told for number in range(first, last + 1)] == sorted(set(numbers))
    assert all(earlier[1] + 1 < later[0] for earlier, later in pairwise(told))


def test_an_acknowledgement_reads_as_it_was_written(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    told = ((1, 3), (7, 7), (2**53 - 2, 2**53 - 1))
    assert verify_ack(seal_ack(BOOT, told, topic, gateway_key), topic, gateways) == Ack("lane-1", BOOT, told)


def test_an_acknowledgement_names_the_epoch_of_its_store(
    topic: Topic, gateway_key: GatewayKey, gateways: Gateways
) -> None:
    for epoch in (Epoch("00ff" * 4, 2**53 - 1), Epoch("00ff" * 4)):  # without a number: of an older release
        sealed = seal_ack(BOOT, ((1, 3),), topic, gateway_key, epoch=epoch)
        assert verify_ack(sealed, topic, gateways) == Ack("lane-1", BOOT, ((1, 3),), epoch)


@pytest.mark.parametrize("epoch", ["00FF" * 4, "00ff", 7, b"00ff" * 4, "g" * 16])
def test_an_epoch_of_another_form_is_refused(
    topic: Topic, gateway_key: GatewayKey, gateways: Gateways, epoch: object
) -> None:
    told = _signed(gateway_key, topic, epoch=epoch)
    assert reason_of(lambda: verify_ack(told, topic, gateways)) is Quarantine.BAD_EVENTS


@pytest.mark.parametrize("number", [-1, 2**53, "7", b"7"])
def test_the_number_of_an_epoch_of_another_form_is_refused(
    topic: Topic, gateway_key: GatewayKey, gateways: Gateways, number: object
) -> None:
    told = _signed(gateway_key, topic, epoch="00ff" * 4, epoch_number=number)
    assert reason_of(lambda: verify_ack(told, topic, gateways)) is Quarantine.BAD_EVENTS


def test_a_number_without_an_epoch_is_refused(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    told = _signed(gateway_key, topic, epoch_number=7)
    assert reason_of(lambda: verify_ack(told, topic, gateways)) is Quarantine.BAD_EVENTS


def test_the_largest_acknowledgement_fits(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    told = tuple((2**53 - 1 - 4 * place, 2**53 - 4 * place) for place in range(ACK_RANGES_MAX, 0, -1))
    sealed = seal_ack(BOOT, told, topic, gateway_key)
    assert len(sealed) <= ACK_MAX_BYTES
    assert verify_ack(sealed, topic, gateways).seqs == told


@pytest.mark.parametrize("told", [(), ((3, 2),), ((1, 2), (3, 4)), ((5, 6), (1, 2)), ((0, 1),), ((1, 2**53),)])
def test_ranges_that_do_not_rise_are_neither_written_nor_read(
    topic: Topic, gateway_key: GatewayKey, gateways: Gateways, told: tuple[tuple[int, int], ...]
) -> None:
    with pytest.raises(ValueError, match="rising ranges"):
        seal_ack(BOOT, told, topic, gateway_key)
    forged = _signed(gateway_key, topic, seqs=[list(pair) for pair in told])
    assert reason_of(lambda: verify_ack(forged, topic, gateways)) is Quarantine.BAD_EVENTS


def _signed(key: GatewayKey | DeviceKey, topic: Topic, **changes: object) -> bytes:
    body = {"v": 1, "device": topic.device, "boot": BOOT, "seqs": [[1, 1]]} | changes
    return sign(encode(body), key, {CONTENT_TYPE: ACK_TYPE}, bytes(topic.to(Channel.ACK)))


def test_d27_an_acknowledgement_that_no_gateway_signed(
    topic: Topic, device_key: DeviceKey, gateway_key: GatewayKey, gateways: Gateways
) -> None:
    assert reason_of(lambda: verify_ack(_signed(device_key, topic), topic, gateways)) is Quarantine.UNKNOWN_KEY
    impostor = GatewayKey(gateway_key.kid, b"\x0a" * 32)
    assert reason_of(lambda: verify_ack(_signed(impostor, topic), topic, gateways)) is Quarantine.BAD_SIGNATURE
    damaged = bytearray(_signed(gateway_key, topic))
    damaged[-1] ^= 1
    assert reason_of(lambda: verify_ack(bytes(damaged), topic, gateways)) is Quarantine.BAD_SIGNATURE


def test_d27_an_acknowledgement_of_a_revoked_gateway(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    revoked = {"gateway-1": replace(gateways["gateway-1"], revoked=True)}
    assert reason_of(lambda: verify_ack(_signed(gateway_key, topic), topic, revoked)) is Quarantine.REVOKED_KEY


def test_d27_an_acknowledgement_for_another_device(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    other = replace(topic, device="lane-2")
    handed_on = seal_ack(BOOT, [(1, 1)], other, gateway_key)
    assert reason_of(lambda: verify_ack(handed_on, topic, gateways)) is Quarantine.BAD_SIGNATURE
    contradicting = _signed(gateway_key, topic, device="lane-2")
    assert reason_of(lambda: verify_ack(contradicting, topic, gateways)) is Quarantine.BAD_EVENTS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, Quarantine.UNKNOWN_VERSION),
        ({"v": "1"}, Quarantine.BAD_EVENTS),
        ({"boot": "0123"}, Quarantine.BAD_EVENTS),
        ({"boot": "X" * 32}, Quarantine.BAD_EVENTS),
        ({"boot": bytes(16)}, Quarantine.BAD_EVENTS),
        ({"seqs": 1}, Quarantine.BAD_EVENTS),
        ({"seqs": [1]}, Quarantine.BAD_EVENTS),
        ({"seqs": [[1]]}, Quarantine.BAD_EVENTS),
        ({"seqs": [["1", "2"]]}, Quarantine.BAD_EVENTS),
        ({"seqs": [[2 * n + 1, 2 * n + 1] for n in range(ACK_RANGES_MAX + 1)]}, Quarantine.BAD_EVENTS),
    ],
)
def test_an_acknowledgement_of_another_shape_is_refused(
    topic: Topic, gateway_key: GatewayKey, gateways: Gateways, change: dict[str, object], reason: Quarantine
) -> None:
    forged = _signed(gateway_key, topic, **change)
    assert reason_of(lambda: verify_ack(forged, topic, gateways)) is reason


def test_a_frame_or_a_status_is_no_acknowledgement(topic: Topic, gateway_key: GatewayKey, gateways: Gateways) -> None:
    body = cbor2.dumps({"v": 1})
    status = sign(body, gateway_key, {CONTENT_TYPE: "application/json"}, bytes(topic.to(Channel.ACK)))
    assert reason_of(lambda: verify_ack(status, topic, gateways)) is Quarantine.NOT_A_FRAME
    assert reason_of(lambda: verify_ack(bytes(ACK_MAX_BYTES + 1), topic, gateways)) is Quarantine.TOO_LARGE


@given(st.binary(max_size=120))
def test_garbage_never_raises_anything_but_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        verify_ack(b"\xd2\x84" + data, Topic("r", "p", "d", Channel.ACK), {})
