"""PACE between our reader and our chip: every variant opens, and no trick of either end does."""

import random
from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao import tlv
from icao.chip import apdu, pace_choice, pace_mapping, pace_steps
from icao.chip.apdu import Command, Response, Silent, parse_response
from icao.chip.bac import AccessDenied
from icao.chip.ciphers import BY_ARC
from icao.chip.domain_parameters import BY_ID, read_public_key
from icao.chip.groups import CurveGroup
from icao.chip.pace import REFUSED, Opened, open_by_pace
from icao.chip.pace_choice import Choice
from icao.chip.passwords import Password, of_can, of_zone
from icao.chip.secure_messaging import Session, unwrap_response, wrap_command
from icao.lds.files import APPLICATION_ID, EF_CARD_SECURITY, EF_COM
from icao.lds.security_infos import (
    AES_128,
    AES_256,
    CIPHERS,
    PACE_DH_GM,
    PACE_DH_IM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PACE_ECDH_IM,
    TRIPLE_DES,
    ChipAuthenticationKey,
    PaceInfo,
    parse_security_infos,
)
from icao.mrz.compose import compose_td3
from icao.mrz.zone import parse
from icao.tlv import Garbled
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing.card_access import make_mapping_key, pace_domain_parameters, pace_info, security_infos

LINES = compose_td3(
    issuing_state="UTO",
    document_number="U12345678",
    surname="OBERLIN",
    given_names="MIRA SOLEDA",
    nationality="UTO",
    birth_date="1988-03-14",
    sex="F",
    expiry_date="2034-01-01",
)
ZONE = of_zone(parse(LINES, date(2026, 11, 24)))
CAN = "731958"
COM = tlv.write(0x60, bytes(20))

VARIANTS = [
    *[(PACE_ECDH_GM, AES_128, number) for number in range(8, 19)],
    *[(PACE_ECDH_IM, AES_128, number) for number in range(8, 19) if number != 10],
    *[(PACE_ECDH_CAM, AES_128, number) for number in range(8, 19)],
    *[(PACE_DH_GM, AES_128, number) for number in range(3)],
    *[(PACE_DH_IM, AES_128, number) for number in range(3)],
    *[(mapping, cipher, 13) for mapping in (PACE_ECDH_GM, PACE_ECDH_IM) for cipher in CIPHERS if cipher != AES_128],
    *[(mapping, cipher, 0) for mapping in (PACE_DH_GM, PACE_DH_IM) for cipher in CIPHERS if cipher != AES_128],
    *[(PACE_ECDH_CAM, cipher, 13) for cipher in CIPHERS if cipher not in (TRIPLE_DES, AES_128)],
]


def chance(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def chip_with(*infos: bytes, secrets: ChipSecrets = NO_SECRETS, seed: int = 2) -> EmrtdChip:
    files: Mapping[str, bytes] = {"CardAccess": security_infos(infos), "COM": COM, "CardSecurity": tlv.write(0x30, b"")}
    return EmrtdChip(files, LINES, chance(seed), secrets)


def asking(chip: EmrtdChip) -> Callable[[Command], Response]:
    return lambda command: parse_response(chip.answer(command.encode()))


def choice_of(*infos: bytes) -> Choice:
    chosen = pace_choice.choose(parse_security_infos(security_infos(infos)))
    assert chosen is not None
    return chosen


def opened(chip: EmrtdChip, *infos: bytes, password: Password = ZONE) -> tuple[Session, Opened]:
    return open_by_pace(asking(chip), choice_of(*infos), password, chance(3))


class Under:
    """Commands under a session."""

    def __init__(self, chip: EmrtdChip, session: Session) -> None:
        self.chip, self.session = chip, session

    def __call__(self, command: Command) -> Response:
        protected, session = wrap_command(self.session, command)
        response, self.session = unwrap_response(session, self.chip.answer(protected))
        return response


SELECT = Command(0x00, apdu.SELECT, 0x04, 0x0C, APPLICATION_ID)
READ_COM = Command(0x00, apdu.READ_BINARY, 0x80 | EF_COM.short_id, 0, le=256)


# --- every variant opens -----------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "cipher", "group"), VARIANTS, ids=lambda value: value if isinstance(value, str) else str(value)
)
def test_every_variant_opens_the_chip(mapping: str, cipher: int, group: int) -> None:
    info = pace_info(f"{mapping}.{cipher}", group)
    chip = chip_with(info)
    session, result = opened(chip, info)
    ask = Under(chip, session)
    assert ask(SELECT).ok
    assert ask(READ_COM).data == COM
    assert result.choice.name == f"pace-{pace_choice.NAMES[mapping]}-{BY_ARC[cipher].name}"
    assert result.choice.group == BY_ID[group]


def test_the_card_access_number_opens_as_the_zone_does() -> None:
    chip = chip_with(pace_info(), secrets=ChipSecrets(can=CAN))
    session, _ = opened(chip, pace_info(), password=of_can(CAN))
    assert Under(chip, session)(SELECT).ok


def test_explicit_parameters_serve_when_they_are_those_of_a_standard_group() -> None:
    curve = BY_ID[12]
    assert isinstance(curve, CurveGroup)
    named = tlv.write(0x06, bytes.fromhex("2A8648CE3D0201")) + tlv.write(0x06, bytes.fromhex("2A8648CE3D030107"))
    infos = pace_info(parameter_id=40), pace_domain_parameters(PACE_ECDH_GM, tlv.write(0x30, named), 40)
    assert choice_of(*infos).group == curve
    chip = chip_with(*infos)
    session, _ = opened(chip, *infos)
    assert Under(chip, session)(SELECT).ok


def test_chip_mapping_proves_the_static_key_and_a_copy_proves_none() -> None:
    key = make_mapping_key(chance(5))
    info = pace_info(f"{PACE_ECDH_CAM}.{AES_128}")
    (announced,) = parse_security_infos(security_infos([key.info]))
    assert isinstance(announced, ChipAuthenticationKey)
    group, static = read_public_key(announced.spki)
    for secrets, genuine in ((ChipSecrets(chip_mapping={key.parameter_id: key.private}), True), (NO_SECRETS, False)):
        _, result = opened(chip_with(info, secrets=secrets), info)
        # A01: the copy has the file, and not the key in it.
        assert pace_steps.holds_static_key(group, result.chip_data, static, result.mapping_key) is genuine


# --- which variant is chosen -------------------------------------------------


def test_the_best_variant_is_chosen() -> None:
    ranked = [
        pace_info(f"{PACE_ECDH_CAM}.{AES_128}"),
        pace_info(f"{PACE_ECDH_GM}.{AES_256}"),
        pace_info(f"{PACE_ECDH_GM}.{AES_128}"),
        pace_info(f"{PACE_ECDH_IM}.{AES_128}"),
        pace_info(f"{PACE_DH_GM}.{AES_128}", 0),
        pace_info(f"{PACE_DH_IM}.{TRIPLE_DES}", 0),
    ]
    for place in range(len(ranked)):
        best = parse_security_infos(tlv.write(0x31, ranked[place]))[0]
        assert choice_of(*reversed(ranked[place:])).info == best


@pytest.mark.parametrize(
    "infos",
    [
        [],
        [pace_info(parameter_id=7)],  # reserved
        [pace_info(parameter_id=40)],  # proprietary, and its parameters are not there
        [pace_info(parameter_id=0)],  # a prime group for a protocol on curves
        [pace_info(f"{PACE_DH_GM}.{AES_128}", 13)],
        [pace_info(f"{PACE_ECDH_IM}.{AES_128}", 10)],  # P-224 has no integrated mapping
        [pace_info(f"{PACE_ECDH_CAM}.{TRIPLE_DES}")],
        [pace_info().replace(b"\x02\x01\x02", b"\x02\x01\x01", 1)],  # version 1
    ],
)
def test_what_we_do_not_know_is_not_chosen(infos: list[bytes]) -> None:
    assert pace_choice.choose(parse_security_infos(security_infos(infos))) is None


def test_unknown_explicit_parameters_are_never_computed_on() -> None:
    """They would leak the password to whoever chose them. (Doc 9303-11, 9.2.2)"""
    curve = BY_ID[12]
    assert isinstance(curve, CurveGroup)
    numbers = curve.curve

    def explicit(generator: bytes) -> bytes:
        def integer(value: int) -> bytes:
            return tlv.write(0x02, value.to_bytes(33, "big"))

        field = tlv.write(0x30, tlv.write(0x06, bytes.fromhex("2A8648CE3D0101")) + integer(numbers.p))
        a, b = (tlv.write(0x04, value.to_bytes(32, "big")) for value in (numbers.a, numbers.b))
        parameters = integer(1) + field + tlv.write(0x30, a + b) + tlv.write(0x04, generator) + integer(numbers.n)
        return tlv.write(0x30, tlv.write(0x06, bytes.fromhex("2A8648CE3D0201")) + tlv.write(0x30, parameters))

    def chosen(generator: bytes) -> Choice | None:
        infos = pace_info(parameter_id=40), pace_domain_parameters(PACE_ECDH_GM, explicit(generator), 40)
        return pace_choice.choose(parse_security_infos(security_infos(infos)))

    honest = chosen(curve.generator)
    assert honest is not None
    assert honest.group == curve
    assert chosen(curve.public_key(3, curve.generator)) is None


def test_a_chip_with_several_groups_is_told_which_is_meant() -> None:
    infos = pace_info(parameter_id=12), pace_info(parameter_id=16)
    chip = chip_with(*infos)
    session, _ = opened(chip, *infos)
    assert Under(chip, session)(SELECT).ok
    unnamed = pace_steps.selection(choice_of(pace_info()), ZONE, name_group=False)
    ask = asking(chip_with(*infos))
    assert ask(Command(0, apdu.MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xA4, unnamed)).status == apdu.WRONG_DATA


def test_a_chip_that_always_wants_its_group_named_gets_it_named() -> None:
    chip, heard = chip_with(pace_info()), []

    def ask(command: Command) -> Response:
        if command.ins == apdu.MANAGE_SECURITY_ENVIRONMENT:
            heard.append(command)
            if tlv.read_all(command.data)[-1].tag != pace_steps.PARAMETERS:
                return Response(b"", apdu.REFERENCE_NOT_FOUND)
        return asking(chip)(command)

    open_by_pace(ask, choice_of(pace_info()), ZONE, chance())
    assert len(heard) == 2


# --- wrong passwords ---------------------------------------------------------


@pytest.mark.parametrize("password", [of_can(CAN), of_can("000000")])
@pytest.mark.parametrize("mapping", [PACE_ECDH_GM, PACE_ECDH_IM, PACE_ECDH_CAM])
def test_a_wrong_password_is_told_apart_and_opens_nothing(password: Password, mapping: str) -> None:
    info = pace_info(f"{mapping}.{AES_128}")
    chip = chip_with(info, secrets=ChipSecrets(can="111111"))
    with pytest.raises(AccessDenied) as denied:
        opened(chip, info, password=password)
    assert denied.value.code == "wrong-key"
    assert chip._session is None
    assert asking(chip)(Command(0x00, apdu.READ_BINARY, 0x80 | EF_CARD_SECURITY.short_id, 0, le=8)).status == 0x6982


def test_a_password_is_tried_once() -> None:
    chip, tokens = chip_with(pace_info(), secrets=ChipSecrets(can="111111")), []

    def ask(command: Command) -> Response:
        if command.ins == apdu.GENERAL_AUTHENTICATE and not command.cla & apdu.CHAINED:
            tokens.append(command)
        return asking(chip)(command)

    with pytest.raises(AccessDenied):
        open_by_pace(ask, choice_of(pace_info()), of_can(CAN), chance())
    assert len(tokens) == 1


def test_a_chip_without_a_card_access_number_refuses_to_begin() -> None:
    with pytest.raises(AccessDenied) as denied:
        opened(chip_with(pace_info()), pace_info(), password=of_can(CAN))
    assert denied.value.code == REFUSED


@pytest.mark.parametrize(
    ("status", "code"), [(0x6300, "wrong-key"), (0x63C2, "wrong-key"), (0x6982, "wrong-key"), (0x6988, "wrong-key")]
)
def test_what_a_chip_says_of_a_wrong_token(status: int, code: str) -> None:
    def ask(command: Command) -> Response:
        last = command.ins == apdu.GENERAL_AUTHENTICATE and not command.cla & apdu.CHAINED
        return Response(b"", status) if last else asking(chip)(command)

    chip = chip_with(pace_info())
    with pytest.raises(AccessDenied) as denied:
        open_by_pace(ask, choice_of(pace_info()), ZONE, chance())
    assert denied.value.code == code
    assert ("2 tries are left" in str(denied.value)) == (status == 0x63C2)


def test_silence_is_no_wrong_password() -> None:
    def ask(command: Command) -> Response:
        if command.ins == apdu.GENERAL_AUTHENTICATE:
            raise Silent("lifted")
        return asking(chip)(command)

    chip = chip_with(pace_info())
    with pytest.raises(Silent):
        open_by_pace(ask, choice_of(pace_info()), ZONE, chance())


# --- hostile chips -----------------------------------------------------------


class Between:
    """Who sits between reader and chip, and changes what the chip says."""

    def __init__(self, chip: EmrtdChip, tag: int, change: Callable[[bytes, bytes], bytes]) -> None:
        self.chip, self.tag, self.change = chip, tag, change

    def __call__(self, command: Command) -> Response:
        response = asking(self.chip)(command)
        if command.ins != apdu.GENERAL_AUTHENTICATE or not response.ok:
            return response
        said = [each.value for each in tlv.read_all(tlv.read_one(command.data, pace_steps.DYNAMIC_DATA))]
        objects = pace_steps.read_dynamic_data(response.data)
        if self.tag in objects:
            objects[self.tag] = self.change(objects[self.tag], said[0] if said else b"")
        return Response(pace_steps.dynamic_data(*objects.items()), response.status)


def reflect(_: bytes, said: bytes) -> bytes:
    return said


POINT_TRICKS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "our own key": reflect,
    "a coordinate too short": lambda key, _: key[:1] + key[2:],
    "a coordinate too long": lambda key, _: key[:1] + b"\0" + key[1:],
    "beside the curve": lambda key, _: key[:-1] + bytes([key[-1] ^ 1]),
    "infinity": lambda *_: b"\0",
    "nothing": lambda *_: b"",
    "compressed": lambda key, _: bytes([2 + key[-1] % 2]) + key[1 : 1 + len(key) // 2],
}
P_1024, Q_1024 = BY_ID[0].prime, BY_ID[0].order
POWER_TRICKS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "our own key": reflect,
    "our own key, longer": lambda _, said: b"\0" * (128 - len(said)) + said,
    "one": lambda *_: b"\1",
    "minus one": lambda *_: (P_1024 - 1).to_bytes(128, "big"),
    "beyond the prime": lambda *_: (P_1024 + 2).to_bytes(129, "big"),
    "of small order": lambda *_: pow(3, Q_1024, P_1024).to_bytes(128, "big"),
    "nothing": lambda *_: b"",
}


@pytest.mark.parametrize("tag", [pace_steps.CHIP_MAPPING, pace_steps.CHIP_KEY])
@pytest.mark.parametrize("trick", POINT_TRICKS)
def test_points_that_are_none_or_our_own_end_the_run(tag: int, trick: str) -> None:
    """A17."""
    between = Between(chip_with(pace_info()), tag, POINT_TRICKS[trick])
    with pytest.raises(Garbled):
        open_by_pace(between, choice_of(pace_info()), ZONE, chance())


@pytest.mark.parametrize("tag", [pace_steps.CHIP_MAPPING, pace_steps.CHIP_KEY])
@pytest.mark.parametrize("trick", POWER_TRICKS)
def test_powers_of_small_order_or_our_own_end_the_run(tag: int, trick: str) -> None:
    """A17."""
    info = pace_info(f"{PACE_DH_GM}.{AES_128}", 0)
    with pytest.raises(Garbled):
        open_by_pace(Between(chip_with(info), tag, POWER_TRICKS[trick]), choice_of(info), ZONE, chance())


@pytest.mark.parametrize("change", [reflect, lambda token, _: token[:-1], lambda *_: b"", lambda token, _: bytes(8)])
def test_a_chip_that_cannot_prove_itself_opens_nothing(change: Callable[[bytes, bytes], bytes]) -> None:
    with pytest.raises(AccessDenied):
        open_by_pace(
            Between(chip_with(pace_info()), pace_steps.CHIP_TOKEN, change), choice_of(pace_info()), ZONE, chance()
        )


@pytest.mark.parametrize("nonce", [b"", bytes(15), bytes(80)])
def test_a_nonce_of_no_length_ends_the_run(nonce: bytes) -> None:
    between = Between(chip_with(pace_info()), pace_steps.ENCRYPTED_NONCE, lambda *_: nonce)
    with pytest.raises(Garbled):
        open_by_pace(between, choice_of(pace_info()), ZONE, chance())


def test_integrated_mapping_wants_a_nonce_as_long_as_its_key() -> None:
    info = pace_info(f"{PACE_ECDH_IM}.{AES_256}")
    between = Between(chip_with(info), pace_steps.ENCRYPTED_NONCE, lambda nonce, _: nonce[:16])
    with pytest.raises(Garbled):
        open_by_pace(between, choice_of(info), ZONE, chance())


@pytest.mark.parametrize("answer", [b"", b"\x7c\x00", b"\x7c\x02\x82\x00"])
def test_integrated_mapping_brings_nothing_in_any_of_its_spellings(answer: bytes) -> None:
    info = pace_info(f"{PACE_ECDH_IM}.{AES_128}")
    chip, steps = chip_with(info), iter(range(9))

    def ask(command: Command) -> Response:
        response = asking(chip)(command)
        return Response(answer, response.status) if next(steps) == 2 else response

    open_by_pace(ask, choice_of(info), ZONE, chance())


def test_shared_secrets_keep_their_leading_zeros() -> None:
    """One in 256 has them; without them reader and chip derive other keys."""
    group = BY_ID[8]
    secrets = (group.agree(secret, group.public_key(5, group.generator)) for secret in range(2, 3000))
    short = next(secret for secret in secrets if secret[0] == 0)
    assert len(short) == 24
    power = BY_ID[0]
    assert len(power.agree(1, power.generator)) == 128


# --- the chip defends itself -------------------------------------------------


def test_a_chip_that_knows_only_pace_hides_its_application() -> None:
    chip = chip_with(pace_info(), secrets=ChipSecrets(bac=False))
    assert asking(chip)(SELECT).status == apdu.SECURITY_STATUS_NOT_SATISFIED
    session, _ = opened(chip, pace_info())
    assert Under(chip, session)(SELECT).ok


def test_the_chip_refuses_a_reader_that_sends_its_own_key_back() -> None:
    chip = chip_with(pace_info())
    ask, choice = asking(chip), choice_of(pace_info())
    selection = pace_steps.selection(choice, ZONE, name_group=False)
    assert ask(Command(0, apdu.MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xA4, selection)).ok
    step = Command(apdu.CHAINED, apdu.GENERAL_AUTHENTICATE, data=pace_steps.dynamic_data(), le=256)
    assert ask(step).ok
    off_curve = pace_steps.dynamic_data((pace_steps.READER_MAPPING, b"\x04" + bytes(64)))
    assert ask(Command(apdu.CHAINED, apdu.GENERAL_AUTHENTICATE, data=off_curve, le=256)).status == apdu.WRONG_DATA
    assert ask(step).status == apdu.INSTRUCTION_NOT_SUPPORTED  # and the run is over


def test_general_authenticate_without_a_beginning_is_refused() -> None:
    command = Command(apdu.CHAINED, apdu.GENERAL_AUTHENTICATE, data=pace_steps.dynamic_data(), le=256)
    assert not asking(chip_with(pace_info()))(command).ok


def test_card_security_is_shown_after_pace_only() -> None:
    chip = chip_with(pace_info())
    read = Command(0x00, apdu.READ_BINARY, 0x80 | EF_CARD_SECURITY.short_id, 0, le=8)
    assert asking(chip)(read).status == apdu.SECURITY_STATUS_NOT_SATISFIED
    session, _ = opened(chip, pace_info())
    assert Under(chip, session)(read).data == tlv.write(0x30, b"")


# --- garbage -----------------------------------------------------------------


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=6), st.sampled_from([PACE_ECDH_GM, PACE_ECDH_IM, PACE_ECDH_CAM]))
def test_garbage_from_a_chip_raises_nothing_else(answers: list[bytes], mapping: str) -> None:
    left = iter([b"\x90\x00", *(answer + b"\x90\x00" for answer in answers)])

    def ask(command: Command) -> Response:
        return parse_response(next(left, b"\x6f\x00"))

    with pytest.raises((Garbled, AccessDenied)):
        open_by_pace(ask, choice_of(pace_info(f"{mapping}.{AES_128}")), ZONE, chance())


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=6))
def test_garbage_from_a_reader_gets_an_error_and_no_session(pieces: list[bytes]) -> None:
    chip = chip_with(pace_info())
    ask = asking(chip)
    selection = pace_steps.selection(choice_of(pace_info()), ZONE, name_group=False)
    ask(Command(0, apdu.MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xA4, selection))
    for piece in pieces:
        ask(Command(apdu.CHAINED, apdu.GENERAL_AUTHENTICATE, data=piece, le=256))
    assert chip._session is None


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_integrated_mapping_always_lands_on_the_curve(nonce: bytes, reader_nonce: bytes) -> None:
    for number in (8, 13, 14):
        element = pace_mapping.integrated(BY_ID[number], BY_ARC[AES_128], nonce, reader_nonce)
        assert BY_ID[number].check(element) == element


def test_info_of_a_choice_says_what_was_offered() -> None:
    assert choice_of(pace_info()).info == PaceInfo(f"{PACE_ECDH_GM}.{AES_128}", 2, 13)
