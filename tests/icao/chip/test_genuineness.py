"""A proof counts when its key is signed: copies, stripped files, and chips that were not asked."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from icao.checks import Check, Mode, Result, overall
from icao.chip import active_authentication as aa
from icao.chip.domain_parameters import MODP_1024_160
from icao.chip.genuineness import binds, bound, judge
from icao.chip.groups import CurveGroup
from icao.lds import security_infos as infos
from icao.lds.security_infos import parse_dg14
from icao.pki.curves import BRAINPOOL_P224R1, BRAINPOOL_P256R1, P521
from icao.tlv import Garbled
from simulators.chip.private_keys import read_curve_key
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing.chip_keys import (
    ActiveAuthentication,
    ChipAuthentication,
    ChipPlan,
    Equipment,
    KeyPair,
    Parameters,
    equip,
    number,
    security_info,
)
from tests.icao.chip.proving_chips import BP256, CHANCE, copied, opened, pair, rsa_key
from tests.icao.chip.signed_files import passive, sod_over, with_sod

VOUCHING = ("pa.sod_signature", "pa.message_digest", "pa.chain")
PACE_ONLY = (security_info(infos.PACE_ECDH_GM + ".2", number(2), number(13)),)


def good(*groups: int) -> tuple[Check, ...]:
    """What passive authentication says of a sound document with these groups."""
    ids = ["pa.parse", *VOUCHING, *(f"pa.dg_hash.{group}" for group in groups)]
    return tuple(Check(id, Result.SUCCESSFUL) for id in ids)


def without(id: str, checks: Iterable[Check], result: Result = Result.FAILED) -> tuple[Check, ...]:
    return tuple(replace(check, result=result) if check.id == id else check for check in checks)


def files_of(plan: ChipPlan) -> dict[str, bytes]:
    return with_sod(equip(plan).files)


AA = ActiveAuthentication(pair())
WITH_BOTH = files_of(ChipPlan(AA, (ChipAuthentication(pair()),)))
PROVED = (Check("aa", Result.SUCCESSFUL), Check("ca", Result.SUCCESSFUL))


def codes(checks: Iterable[Check]) -> dict[str, tuple[Result, str]]:
    return {check.id: (check.result, check.code) for check in checks}


def test_a_bound_proof_counts() -> None:
    judged = judge(WITH_BOTH, PROVED, good(14, 15))
    assert judged == PROVED
    assert overall(judged) is Result.SUCCESSFUL


@pytest.mark.parametrize("missing", [*VOUCHING, "pa.dg_hash.15"])
@pytest.mark.parametrize("result", [Result.FAILED, Result.UNDETERMINED])
def test_a_proof_of_a_key_that_nobody_signed_does_not_count(missing: str, result: Result) -> None:
    """A01: a copy with a key pair of its own passes active authentication."""
    judged = codes(judge(WITH_BOTH, PROVED, without(missing, good(14, 15), result)))
    assert judged["aa"] == (Result.UNDETERMINED, "aa-not-bound")
    if missing in VOUCHING:
        assert judged["ca"] == (Result.UNDETERMINED, "ca-not-bound")


def test_a_proof_without_any_passive_authentication_does_not_count() -> None:
    assert codes(judge(WITH_BOTH, PROVED, ())) == {
        "aa": (Result.UNDETERMINED, "aa-not-bound"),
        "ca": (Result.UNDETERMINED, "ca-not-bound"),
    }


def test_what_failed_has_failed_whoever_signed() -> None:
    failed = (Check("aa", Result.FAILED, code="aa-refused"), Check("ca", Result.FAILED, code="ca-not-proven"))
    assert judge(WITH_BOTH, failed, ()) == judge(WITH_BOTH, failed, good(14, 15)) == failed


@pytest.mark.parametrize(("name", "id"), [("DG15", "aa"), ("DG14", "ca")])
def test_a_stripped_group_takes_its_proof_away_and_fails(name: str, id: str) -> None:
    """A02."""
    files = {each: content for each, content in WITH_BOTH.items() if each != name}
    proofs = [proof for proof in PROVED if proof.id != id]
    judged = codes(judge(files, proofs, good(14, 15)))
    assert judged[id] == (Result.FAILED, f"{id}-stripped")


def test_a_chip_that_was_not_asked_leaves_it_open() -> None:
    assert codes(judge(WITH_BOTH, (), good(14, 15))) == {
        "aa": (Result.UNDETERMINED, "aa-not-done"),
        "ca": (Result.UNDETERMINED, "ca-not-done"),
    }


def test_dg14_that_announces_pace_alone_asks_for_no_chip_authentication() -> None:
    assert judge(files_of(ChipPlan(further=PACE_ONLY)), (), good(14)) == ()


def test_dg14_that_announces_chip_mapping_misses_it_where_another_way_opened_the_chip() -> None:
    with_mapping = (security_info(infos.PACE_ECDH_CAM + ".2", number(2), number(13)), *PACE_ONLY)
    files = files_of(ChipPlan(further=with_mapping))
    assert codes(judge(files, (), good(14))) == {"cam": (Result.UNDETERMINED, "cam-not-done")}
    assert judge({**files, "SOD": sod_over({1: b"x"})}, (), good(1)) == ()  # nobody signed that announcement


def test_a_document_that_announces_nothing_is_asked_for_nothing() -> None:
    assert judge({"SOD": sod_over({1: b"x", 2: b"y"})}, (), good(1, 2)) == ()
    assert judge({}, (), ()) == ()
    assert judge({"SOD": b"garbage"}, (), ()) == ()


def test_a_dg14_that_cannot_be_read_may_have_announced_anything() -> None:
    garbled = {"DG14": b"\x6e\x02\x31\x05", "SOD": sod_over({14: b"\x6e\x02\x31\x05"})}
    assert codes(judge(garbled, (), good(14))) == {"ca": (Result.UNDETERMINED, "ca-not-done")}


def test_an_unsigned_group_proves_nothing() -> None:
    """A07: whoever adds a DG15 of his own to a chip without one has proved his own key."""
    files = {**WITH_BOTH, "SOD": sod_over({1: b"x"})}
    assert codes(judge(files, PROVED, good(1))) == {
        "aa": (Result.UNDETERMINED, "aa-not-bound"),
        "ca": (Result.UNDETERMINED, "ca-not-bound"),
    }


def test_chip_mapping_is_bound_by_the_checks_of_card_security() -> None:
    cam = Check("cam", Result.SUCCESSFUL)
    assert judge({}, (cam,), (), good()) == (cam,)
    assert codes(judge({}, (cam,), good(14), ()))["cam"] == (Result.UNDETERMINED, "cam-not-bound")
    assert binds(good(), None)
    assert bound(cam, good(), None) == cam
    revoked = (*good(), Check("pa.crl", Result.FAILED, code="signer-revoked"))
    assert codes(judge({}, (cam,), good(14), revoked))["cam"] == (Result.UNDETERMINED, "cam-not-bound")
    no_list = (*good(), Check("pa.crl", Result.UNDETERMINED, Mode.EVALUATORY, code="no-crl"))
    assert judge({}, (cam,), (), no_list) == (cam,)


def test_of_two_answers_the_worse_one_counts() -> None:
    twice = (Check("ca", Result.SUCCESSFUL), Check("ca", Result.FAILED, code="ca-not-proven"))
    assert codes(judge(WITH_BOTH, twice, good(14)))["ca"] == (Result.FAILED, "ca-not-proven")


def test_other_checks_are_passed_on() -> None:
    ta = Check("ta", Result.SUCCESSFUL)
    assert judge({}, (ta,), ()) == (ta,)


CURVES = [BRAINPOOL_P256R1, P521, BRAINPOOL_P224R1]
EVERY_AA = [
    *(ActiveAuthentication(pair(CurveGroup(curve)), announced=digest) for curve in CURVES for digest in aa.TRIED),
    *(ActiveAuthentication(pair(BP256, parameters)) for parameters in (Parameters.EXPLICIT,)),
    ActiveAuthentication(pair(), der=True),
]


def asked(equipment: Equipment, secrets: ChipSecrets | None = None) -> Check:
    chip = opened(equipment, secrets)
    dg14 = equipment.files.get("DG14")
    return aa.run(chip.talk.send, equipment.files["DG15"], parse_dg14(dg14) if dg14 else (), CHANCE)


@pytest.mark.parametrize("active", EVERY_AA)
def test_a_chip_with_a_curve_proves_itself_under_secure_messaging(active: ActiveAuthentication) -> None:
    assert asked(equip(ChipPlan(active))).result is Result.SUCCESSFUL


@pytest.mark.parametrize("trailer", ["BC", "34CC"])
@pytest.mark.parametrize("bits", [1024, 2048])
def test_a_chip_with_rsa_proves_itself_under_secure_messaging(bits: int, trailer: str) -> None:
    active = ActiveAuthentication(rsa_key(bits), bytes.fromhex(trailer))
    assert asked(equip(ChipPlan(active))).result is Result.SUCCESSFUL


def test_a_copied_chip_fails_with_another_key_and_without_one() -> None:
    """A01."""
    equipment = equip(ChipPlan(AA))
    other = ChipSecrets(active_authentication=pair(BP256, Parameters.EXPLICIT).private_info)
    assert asked(equipment, other).code == "aa-signature-wrong"
    assert asked(equipment, NO_SECRETS).code == "aa-refused"
    assert copied(equipment).talk.alive


def test_a_nonce_of_another_length_is_refused_by_the_chip() -> None:
    chip = opened(equip(ChipPlan(AA)))
    answer = chip.chip._proofs.internal_authenticate(
        aa.challenge(aa.read_dg15(equip(ChipPlan(AA)).files["DG15"]), b"1")
    )
    assert answer.status == 0x6700


def test_only_a_key_on_a_curve_signs_without_rsa() -> None:
    assert read_curve_key(pair().private_info)[0] is BRAINPOOL_P256R1
    with pytest.raises(Garbled):
        read_curve_key(KeyPair(MODP_1024_160, 5).private_info)


def test_a_copy_with_a_signed_face_and_a_key_of_its_own_ends_in_doubt() -> None:
    """A01, whole: the forger's chip answers with the key in his own DG15, and no state has signed that one."""
    genuine = with_sod(equip(ChipPlan(AA)).files)
    own = equip(ChipPlan(ActiveAuthentication(pair(BP256, Parameters.EXPLICIT))))
    proof = asked(own)
    assert proof.result is Result.SUCCESSFUL
    forged = {**genuine, **own.files}
    verdict = (*passive(forged), *judge(forged, [proof], passive(forged)))
    assert codes(verdict)["aa"] == (Result.UNDETERMINED, "aa-not-bound")
    assert overall(verdict) is Result.FAILED


def test_a_genuine_chip_is_bound_by_what_its_state_signed() -> None:
    equipment = equip(ChipPlan(AA))
    files = with_sod(equipment.files)
    assert codes(judge(files, [asked(equipment)], passive(files)))["aa"] == (Result.SUCCESSFUL, "")
