"""Chip authentication: every group and cipher with a chip at the other end, and chips that cannot follow."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.checks import Check, Result
from icao.chip import apdu
from icao.chip import chip_authentication as ca
from icao.chip.apdu import Command
from icao.chip.chip_authentication import Prepared, choose, commands, compress, ephemeral_key, follow, prepare, run
from icao.chip.ciphers import BY_ARC
from icao.chip.domain_parameters import BY_ID, MODP_1024_160, MODP_2048_256
from icao.chip.groups import CurveGroup, Group
from icao.lds import security_infos as infos
from icao.lds.security_infos import ChipAuthenticationInfo, ChipAuthenticationKey, parse_dg14, parse_security_infos
from icao.pki.curves import BRAINPOOL_P256R1, P256, P384
from icao.pki.keys import NotSupported
from icao.tlv import Garbled, write
from simulators.chip.private_keys import read_private_key
from simulators.chip.secrets import ChipSecrets
from simulators.issuing.chip_keys import ChipAuthentication, ChipPlan, Parameters, equip, number, security_info
from tests.icao.chip.proving_chips import BP256, CHANCE, Opened, copied, opened, pair, with_ca

READ_COM = Command(0x00, apdu.READ_BINARY, 0x9E, 0, le=4)
EVERY_GROUP = [*BY_ID.values()]


def prove(chip: Opened) -> Check:
    """As a reader does: agree, change the session, and see whether anything comes back."""
    choice = choose(chip.infos)
    assert choice is not None
    prepared = prepare(choice, CHANCE)
    try:
        chip.talk.protect(run(chip.talk.send, prepared))
        chip.talk.send(READ_COM)
    except (ca.Refused, Garbled) as error:
        return ca.failed(error)
    return ca.proven(prepared)


def ready(way: ChipAuthentication) -> Prepared:
    choice = choose(parse_dg14(with_ca(way).files["DG14"]))
    assert choice is not None
    return prepare(choice, CHANCE)


# BSI's worked example for EAC: the chip's key as EF.CardSecurity holds it, both private keys, what follows. It is of
# version 2, which mixes a nonce of the chip's into the session keys; all before that is the same.
EXAMPLE_INFO = bytes.fromhex(
    "31643062060904007F000702020102 3052 300C 060704007F0007010202010D 0342 00"
    "04A44EBE5451DF7AADB01E459B8C928A87746A57927C8C28A6775C97A7E1FE8D9A46FF4A1CC7E4D1389AEA19758E4F75C28C598FD734AEBEB1"
    "35337CF95BE12E94 020101"
)
EXAMPLE_CHIP = 0x7984674CF3B3A524BF929CE8A67FCF22173DA0BAD595EED6DEB72D22C542FA9D
EXAMPLE_READER = bytes.fromhex("A6A4D255C5BF7A77EC3D0553DB74F693CF044E18C98364D4977A296108AF19BD")
EXAMPLE_PUBLIC = bytes.fromhex(
    "045A7A377FC9CAFC03AC7FF45441A8B2909D88EAB8E6B0173847AB49B949DF3799A34EE57EC55268CF8B1C3EC489F8BF4CF4C68D3FD9670E89"
    "C0D5D3FFF1AAF89F"
)
EXAMPLE_SECRET = bytes.fromhex("791DA04273CCFE862E52DF60347E2557192E1F8D7517822CE3D306056C1CDEB4")
EXAMPLE_NONCE = bytes.fromhex("4287B3072A3EDC60")
EXAMPLE_KEYS = ("94ABCD271AB7D9A5590BA52CB518B831", "78B5709E7ABEDB185B424D0EE3A82499")


def test_the_worked_example_agrees_on_its_secret_and_keys() -> None:
    (info,) = parse_security_infos(EXAMPLE_INFO)
    way = ChipAuthenticationInfo(infos.CA_ECDH + ".2", 1, 1)
    choice = choose([way, info])
    assert choice is not None
    prepared = prepare(choice, lambda count: EXAMPLE_READER)
    assert prepared.public == EXAMPLE_PUBLIC
    cipher = BY_ARC[infos.AES_128]
    assert prepared.session == cipher.session(EXAMPLE_SECRET)
    assert prepared.session == follow(prepared.group, EXAMPLE_CHIP, cipher, EXAMPLE_PUBLIC)
    derived = [cipher.derive_key(EXAMPLE_SECRET + EXAMPLE_NONCE, purpose).hex().upper() for purpose in (1, 2)]
    assert tuple(derived) == EXAMPLE_KEYS


@pytest.mark.parametrize("group", EVERY_GROUP, ids=lambda group: group.name)
def test_a_chip_of_every_group_proves_itself(group: Group) -> None:
    check = prove(opened(with_ca(ChipAuthentication(pair(group)))))
    assert (check.id, check.result, check.code) == ("ca", Result.SUCCESSFUL, "")
    assert group.name in check.detail


@pytest.mark.parametrize("cipher", infos.CIPHERS)
@pytest.mark.parametrize("group", [BP256, MODP_1024_160], ids=lambda group: group.name)
def test_every_cipher_carries_the_new_session(group: Group, cipher: int) -> None:
    chip = opened(with_ca(ChipAuthentication(pair(group), cipher)))
    assert prove(chip).result is Result.SUCCESSFUL
    assert chip.talk.block_bytes == BY_ARC[cipher].block_bytes
    assert chip.talk.send(READ_COM).ok


@pytest.mark.parametrize("parameters", Parameters)
@pytest.mark.parametrize("group", [BP256, MODP_2048_256], ids=lambda group: group.name)
def test_the_key_s_parameters_may_be_named_explicit_or_a_number(group: Group, parameters: Parameters) -> None:
    assert prove(opened(with_ca(ChipAuthentication(pair(group, parameters))))).result is Result.SUCCESSFUL


@pytest.mark.parametrize("cipher", [None, infos.TRIPLE_DES, infos.AES_256])
def test_a_copy_without_the_key_fails(cipher: int | None) -> None:
    check = prove(copied(with_ca(ChipAuthentication(pair(), cipher))))
    assert (check.result, check.code) == (Result.FAILED, "ca-refused")


@pytest.mark.parametrize("cipher", [None, infos.TRIPLE_DES, infos.AES_256])
def test_a_copy_with_a_key_of_its_own_cannot_follow(cipher: int | None) -> None:
    """A01: it says 9000 to everything and is in another session than we are."""
    equipment = with_ca(ChipAuthentication(pair(), cipher))
    other = ChipSecrets(chip_authentication={None: pair(BP256, Parameters.EXPLICIT).private_info})
    check = prove(opened(equipment, other))
    assert (check.result, check.code) == (Result.FAILED, "ca-not-proven")


def test_an_answer_to_the_request_alone_proves_nothing() -> None:
    """Without the exchange in the new session, a copy that says 9000 would pass."""
    chip = opened(with_ca(), ChipSecrets(chip_authentication={None: pair(BP256, Parameters.EXPLICIT).private_info}))
    choice = choose(chip.infos)
    assert choice is not None
    session = run(chip.talk.send, prepare(choice, CHANCE))  # raises nothing
    chip.talk.protect(session)
    with pytest.raises(Garbled):
        chip.talk.send(READ_COM)


def test_triple_des_goes_by_one_command_and_aes_by_two() -> None:
    short = commands(ready(ChipAuthentication(pair(), infos.TRIPLE_DES, 7)))
    long = commands(ready(ChipAuthentication(pair(), infos.AES_128, 7)))
    assert [command.header.hex() for command in short] == ["002241a6"]
    assert [command.header.hex() for command in long] == ["002241a4", "00860000"]
    assert short[0].data.hex().startswith("914104")
    assert short[0].data.hex().endswith("840107")
    assert long[0].data.hex() == "800a04007f00070202030202" + "840107"
    assert long[1].data.hex().startswith("7c43804104")
    assert long[1].encode().endswith(b"\0")


def test_of_several_keys_the_strongest_is_taken_by_its_id() -> None:
    small, large = pair(CurveGroup(P256)), pair(CurveGroup(P384))
    chip = opened(
        with_ca(ChipAuthentication(small, infos.AES_128, 1), ChipAuthentication(large, infos.AES_256, 200)),
    )
    choice = choose(chip.infos)
    assert choice is not None
    assert (choice.key_id, choice.cipher.name) == (200, "aes256")
    assert commands(prepare(choice, CHANCE))[0].data.endswith(bytes.fromhex("8401C8"))
    assert prove(chip).result is Result.SUCCESSFUL


def test_a_key_without_its_protocol_means_triple_des() -> None:
    """France, 2017."""
    chip = opened(with_ca(ChipAuthentication(pair(), None)))
    choice = choose(chip.infos)
    assert choice is not None
    assert (choice.oid, choice.by_kat) == (infos.CA_ECDH + ".1", True)
    assert prove(chip).result is Result.SUCCESSFUL


def test_a_key_whose_id_only_the_protocol_names_is_found_when_it_is_the_only_one() -> None:
    key = ChipAuthenticationKey(infos.PK_ECDH, pair().public_info, None)
    choice = choose([ChipAuthenticationInfo(infos.CA_ECDH + ".2", 1, 5), key])
    assert choice is not None
    assert (choice.key, choice.key_id) == (key, 5)
    other = replace(key, key_id=6)
    with pytest.raises(Garbled):
        choose([ChipAuthenticationInfo(infos.CA_ECDH + ".2", 1, 5), replace(key, key_id=7), other])


def test_dg14_of_pace_alone_announces_no_chip_authentication() -> None:
    further = (security_info(infos.PACE_ECDH_GM + ".2", number(2), number(13)),)
    dg14 = equip(ChipPlan(further=further)).files["DG14"]
    assert choose(parse_dg14(dg14)) is None
    assert choose([]) is None


@pytest.mark.parametrize("key_oid", [None, infos.PK_DH])
def test_a_protocol_without_its_key_is_garbled(key_oid: str | None) -> None:
    way = ChipAuthenticationInfo(infos.CA_ECDH + ".2", 1, None)
    keys = [] if key_oid is None else [ChipAuthenticationKey(key_oid, b"", None)]
    with pytest.raises(Garbled):
        choose([way, *keys])


def test_a_version_of_other_documents_is_not_taken_for_ours() -> None:
    assert choose([ChipAuthenticationInfo(infos.CA_ECDH + ".2", 2, None)]) is None


def point_info(key: bytes) -> bytes:
    """A key of brainpoolP256r1 with this point."""
    return pair().public_info.replace(BP256.public_key(pair().secret, BP256.generator), key)


def power_info(key: int, parameters: bytes) -> bytes:
    """A key of a prime field with this value."""
    return write(0x30, write(0x30, parameters) + write(0x03, b"\0" + number(key)))


CURVE = BRAINPOOL_P256R1
OFF_THE_CURVE = b"\x04" + CURVE.x.to_bytes(32, "big") + (CURVE.y + 1).to_bytes(32, "big")
SMALL = [1, 2, MODP_2048_256.p - 1, MODP_2048_256.p, 0]


@pytest.mark.parametrize("key", [OFF_THE_CURVE, b"\x04" + bytes(64), OFF_THE_CURVE[:-1] + b"\x98"])
def test_a_chip_key_off_its_curve_is_refused(key: bytes) -> None:
    """A17."""
    choice = choose([ChipAuthenticationKey(infos.PK_ECDH, point_info(key), None)])
    assert choice is not None
    with pytest.raises(Garbled):
        prepare(choice, CHANCE)


@pytest.mark.parametrize("key", SMALL)
def test_a_chip_key_of_small_order_is_refused(key: int) -> None:
    """A17: whatever we draw, the secret would be one that anybody guesses."""
    standardised = write(6, infos.oid_contents("0.4.0.127.0.7.1.2")) + number(2)
    choice = choose([ChipAuthenticationKey(infos.PK_DH, power_info(key, standardised), None)])
    assert choice is not None
    with pytest.raises(Garbled):
        prepare(choice, CHANCE)


def test_a_key_of_another_kind_than_announced_is_refused() -> None:
    choice = choose([ChipAuthenticationKey(infos.PK_DH, pair().public_info, None)])
    assert choice is not None
    with pytest.raises(Garbled, match="another kind"):
        prepare(choice, CHANCE)


def test_a_key_in_a_group_that_nobody_knows_is_not_computed_on() -> None:
    numbers = write(0x30, number(MODP_2048_256.p) + number(3))
    explicit = write(6, infos.oid_contents("1.2.840.113549.1.3.1")) + numbers
    choice = choose([ChipAuthenticationKey(infos.PK_DH, power_info(9, explicit), None)])
    assert choice is not None
    with pytest.raises(NotSupported) as refused:
        prepare(choice, CHANCE)
    check = ca.failed(refused.value)
    assert (check.result, check.code) == (Result.NOT_SUPPORTED, "unknown-parameters")


@pytest.mark.parametrize("key", [OFF_THE_CURVE, b"\x04" + bytes(64), b"", OFF_THE_CURVE[:33]])
def test_the_chip_refuses_a_reader_s_key_off_its_curve(key: bytes) -> None:
    group, secret = read_private_key(pair().private_info)
    with pytest.raises(Garbled):
        follow(group, secret, BY_ARC[infos.AES_128], key)


def test_the_chip_refuses_a_reader_s_power_outside_its_group() -> None:
    """A17: 2 is no power of the generator, and would tell something of the chip's secret."""
    with pytest.raises(Garbled, match="outside its group"):
        follow(MODP_2048_256, 5, BY_ARC[infos.AES_128], b"\2")


def test_the_chip_refuses_a_command_with_two_keys_or_none() -> None:
    for data in (b"", write(0x91, b"1") * 2, write(0x84, b"1")):
        with pytest.raises(Garbled):
            ephemeral_key(Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xA6, data))


@pytest.mark.parametrize(
    ("header", "data", "status"),
    [
        ("002241a4", write(0x80, infos.oid_contents(infos.PACE_ECDH_GM + ".2")), apdu.WRONG_DATA),
        (
            "002241a4",
            write(0x80, infos.oid_contents(infos.CA_ECDH + ".2")) + write(0x84, b"\7"),
            apdu.REFERENCE_NOT_FOUND,
        ),
        ("00860000", write(0x7C, write(0x80, BP256.generator)), apdu.INSTRUCTION_NOT_SUPPORTED),
        ("002241a6", write(0x91, OFF_THE_CURVE), apdu.WRONG_DATA),
        ("002281b6", write(0x83, b"UTCVCA00001"), apdu.REFERENCE_NOT_FOUND),
        ("002a00be", b"", apdu.CONDITIONS_NOT_SATISFIED),
        ("00224444", b"", apdu.INCORRECT_P1_P2),
    ],
)
def test_a_chip_says_what_is_wrong_and_keeps_its_session(header: str, data: bytes, status: int) -> None:
    chip = opened(with_ca(ChipAuthentication(pair())))
    answer = chip.talk.send(Command(*bytes.fromhex(header), data, le=256))
    assert answer.status == status
    assert prove(chip).result is Result.SUCCESSFUL


def test_a_key_serves_once() -> None:
    chip = opened(with_ca(ChipAuthentication(pair())))
    choice = choose(chip.infos)
    assert choice is not None
    prepared = prepare(choice, CHANCE)
    chip.talk.protect(run(chip.talk.send, prepared))
    assert chip.talk.send(commands(prepared)[1]).status == apdu.CONDITIONS_NOT_SATISFIED


def test_a_point_is_compressed_to_its_x_and_a_power_to_its_hash() -> None:
    """TR-03110-3, A.2.2.3."""
    assert compress(BP256, BP256.generator) == CURVE.x.to_bytes(32, "big")
    assert len(compress(MODP_2048_256, MODP_2048_256.generator)) == 20


def test_a_dg14_that_cannot_be_used_leaves_it_open() -> None:
    check = ca.unreadable(Garbled("a security info is no sequence"))
    assert (check.result, check.code) == (Result.UNDETERMINED, "ca-key-unreadable")


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=90), st.integers(0, 90), st.binary(max_size=4))
def test_garbage_for_a_key_raises_nothing_but_what_is_documented(noise: bytes, where: int, spoil: bytes) -> None:
    good = pair().public_info
    for key in (noise, good[:where] + spoil + good[where + len(spoil) :]):
        choice = choose([ChipAuthenticationKey(infos.PK_ECDH, key, None)])
        assert choice is not None
        with contextlib.suppress(Garbled, NotSupported):
            prepare(choice, CHANCE)
