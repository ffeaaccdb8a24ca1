"""CV certificates: BSI's worked example, every kind of key, and chains that nobody should believe."""

import contextlib
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.checks import Result
from icao.lds.security_infos import oid_contents
from icao.pki import cvc
from icao.pki.curves import BRAINPOOL_P224R1, BRAINPOOL_P256R1, P256, P521, Curve
from icao.pki.cvc import READ_DG3, READ_DG4, CvCertificate, CvKey, Role, compose_cvc, parse_cvc
from icao.pki.cvc_chain import Holder, Refused, accept, path, trust_point
from icao.tlv import Garbled, Tlv, find, read_all, write
from simulators.issuing.terminals import ALL_RIGHTS, Authority, ec_key, make_cvca, rsa_key
from tests.icao.pki.bsi_worked_example import CVCA, DOCUMENT_VERIFIER, TERMINAL

CHANCE = Random(9303).randbytes
VALIDITY = (date(2026, 1, 1), date(2026, 12, 31))
LATER = (date(2027, 1, 1), date(2027, 12, 31))


@cache
def authority() -> Authority:
    return make_cvca("UTCVCA00001", ec_key(BRAINPOOL_P256R1, CHANCE), ALL_RIGHTS, VALIDITY)


@cache
def verifier() -> Authority:
    key = ec_key(BRAINPOOL_P256R1, CHANCE)
    return authority().certify("UTDVXX00001", key, Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)


@cache
def terminal() -> Authority:
    return verifier().certify("UTISNB00001", ec_key(BRAINPOOL_P256R1, CHANCE), Role.TERMINAL, READ_DG3, VALIDITY)


@cache
def one_rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def chain() -> list[CvCertificate]:
    return [authority().certificate, verifier().certificate, terminal().certificate]


def followed(*certificates: CvCertificate) -> Holder:
    holder = trust_point(certificates[0])
    for certificate in certificates[1:]:
        holder = accept(holder, certificate)
    return holder


def test_the_worked_example_verifies_down_to_its_terminal() -> None:
    top, middle, below = (parse_cvc(each) for each in (CVCA, DOCUMENT_VERIFIER, TERMINAL))
    assert (top.authority, top.holder, top.role, top.rights) == ("DECVCAAT00001", "DECVCAAT00001", Role.CVCA, 3)
    assert (top.begins, top.ends) == (date(2010, 9, 30), date(2011, 9, 25))
    assert (middle.authority, middle.holder, middle.role) == (top.holder, "DETESTDVDE019", Role.DV_DOMESTIC)
    assert (below.authority, below.holder, below.role) == (middle.holder, "DETESTATDE019", Role.TERMINAL)
    assert top.key.verify(top.signature, top.body).result is Result.SUCCESSFUL
    assert top.key.verify(middle.signature, middle.body).result is Result.SUCCESSFUL
    inherited = replace(middle.key, curve=top.key.curve)
    assert inherited.verify(below.signature, below.body).result is Result.SUCCESSFUL
    assert inherited.verify(below.signature, below.body[:-1] + b"\x04").code == "signature-wrong"


def test_another_kind_of_terminal_reads_no_fingers() -> None:
    """The worked example's lower certificates are for the functions of identity cards."""
    with pytest.raises(Refused, match="another kind of terminal"):
        followed(parse_cvc(CVCA), parse_cvc(DOCUMENT_VERIFIER))


def test_what_is_composed_comes_back() -> None:
    certificate = verifier().certificate
    assert certificate.key == replace(verifier().key, curve=None)
    assert (certificate.begins, certificate.ends) == VALIDITY
    assert authority().certificate.key == authority().key
    assert certificate.for_the_card == certificate.encoded[len(certificate.encoded) - len(certificate.for_the_card) :]


def test_rights_only_shrink_on_the_way_down() -> None:
    assert followed(*chain()).rights == READ_DG3
    greedy = verifier().certify("UTISNB00002", ec_key(BRAINPOOL_P256R1, CHANCE), Role.TERMINAL, ALL_RIGHTS, VALIDITY)
    modest = authority().certify("UTDVXX00002", (verifier().key, verifier().sign), Role.DV_FOREIGN, READ_DG4, VALIDITY)
    again = modest.certify("UTISNB00003", (greedy.key, greedy.sign), Role.TERMINAL, ALL_RIGHTS, VALIDITY)
    assert followed(authority().certificate, verifier().certificate, greedy.certificate).rights == ALL_RIGHTS
    assert followed(authority().certificate, modest.certificate, again.certificate).rights == READ_DG4


@pytest.mark.parametrize("arc", range(1, 6))
@pytest.mark.parametrize("curve", [P256, P521, BRAINPOOL_P224R1], ids=repr)
def test_every_hash_goes_with_a_curve(curve: Curve, arc: int) -> None:
    own = make_cvca("UTCVCA00002", ec_key(curve, CHANCE, arc), ALL_RIGHTS, VALIDITY).certificate
    result = own.key.verify(own.signature, own.body).result
    assert result is Result.SUCCESSFUL
    assert own.key.verify(own.signature, own.body + b"\0").result is Result.FAILED


@pytest.mark.parametrize("arc", [2, 4, 5, 6])
def test_every_rsa_scheme_is_verified(arc: int) -> None:
    own = make_cvca("UTCVCA00003", rsa_key(one_rsa_key(2048), arc), ALL_RIGHTS, VALIDITY)
    below = own.certify("UTDVXX00003", ec_key(P256, CHANCE), Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)
    assert own.key.verify(own.certificate.signature, own.certificate.body).result is Result.SUCCESSFUL
    with pytest.raises(Refused, match="inherits a curve"):
        followed(own.certificate, below.certificate)
    rsa_below = own.certify("UTDVXX00003", rsa_key(one_rsa_key(2048), arc), Role.DV_DOMESTIC, 3, VALIDITY)
    assert followed(own.certificate, rsa_below.certificate).name == "UTDVXX00003"


def test_a_short_rsa_key_certifies_nothing() -> None:
    own = make_cvca("UTCVCA00004", rsa_key(one_rsa_key(1024)), ALL_RIGHTS, VALIDITY).certificate
    assert own.key.verify(own.signature, own.body).code == "weak-algorithm"


def test_only_the_right_ones_sign() -> None:
    top, dv, own = authority(), verifier(), terminal()
    spare = ec_key(BRAINPOOL_P256R1, CHANCE)
    below_terminal = own.certify("UTISNB00009", spare, Role.TERMINAL, ALL_RIGHTS, VALIDITY)
    dv_below_dv = dv.certify("UTDVXX00009", spare, Role.DV_FOREIGN, ALL_RIGHTS, VALIDITY)
    cvca_below_dv = dv.certify("UTCVCA00009", spare, Role.CVCA, ALL_RIGHTS, VALIDITY)
    terminal_below_cvca = top.certify("UTISNB00008", spare, Role.TERMINAL, ALL_RIGHTS, VALIDITY)
    for wrong in (
        [*chain(), below_terminal.certificate],
        [top.certificate, dv.certificate, dv_below_dv.certificate],
        [top.certificate, dv.certificate, cvca_below_dv.certificate],
        [top.certificate, terminal_below_cvca.certificate],
    ):
        with pytest.raises(Refused, match="may not sign"):
            followed(*wrong)


def test_a_name_alone_makes_no_issuer() -> None:
    stranger = make_cvca("UTCVCA00001", ec_key(BRAINPOOL_P256R1, CHANCE), ALL_RIGHTS, VALIDITY)
    forged = stranger.certify("UTDVXX00001", ec_key(BRAINPOOL_P256R1, CHANCE), Role.DV_DOMESTIC, 3, VALIDITY)
    with pytest.raises(Refused, match="signature is wrong"):
        followed(authority().certificate, forged.certificate)
    with pytest.raises(Refused, match="another authority"):
        followed(authority().certificate, terminal().certificate)


def test_an_expired_certificate_is_told_by_the_newest_day_that_the_chip_heard_of() -> None:
    newer = authority().certify("UTCVCA00005", ec_key(BRAINPOOL_P256R1, CHANCE), Role.CVCA, ALL_RIGHTS, LATER)
    today = accept(trust_point(authority().certificate), newer.certificate).today
    assert today == LATER[0]
    with pytest.raises(Refused, match="expired on 2026-12-31"):
        accept(replace(trust_point(authority().certificate), today=today), verifier().certificate)


def test_a_foreign_verifier_does_not_move_the_chip_s_day() -> None:
    future = (date(2098, 1, 1), date(2099, 1, 1))
    key = ec_key(BRAINPOOL_P256R1, CHANCE)
    foreign = authority().certify("XXDVXX00001", key, Role.DV_FOREIGN, ALL_RIGHTS, VALIDITY)
    below = foreign.certify("XXISNB00001", ec_key(BRAINPOOL_P256R1, CHANCE), Role.TERMINAL, ALL_RIGHTS, future)
    assert followed(authority().certificate, foreign.certificate, below.certificate).today == VALIDITY[0]


def test_the_way_down_is_found_whatever_the_order() -> None:
    newer = authority().certify("UTCVCA00002", ec_key(BRAINPOOL_P256R1, CHANCE), Role.CVCA, ALL_RIGHTS, LATER)
    dv = newer.certify("UTDVXX00002", ec_key(BRAINPOOL_P256R1, CHANCE), Role.DV_DOMESTIC, ALL_RIGHTS, LATER)
    own = dv.certify("UTISNB00002", ec_key(BRAINPOOL_P256R1, CHANCE), Role.TERMINAL, ALL_RIGHTS, LATER)
    shuffled = [own.certificate, *reversed(chain()), dv.certificate, newer.certificate]
    assert path(shuffled, "UTCVCA00001") == tuple(chain()[1:])
    assert path([own.certificate, dv.certificate, newer.certificate], "UTCVCA00001") == (
        newer.certificate,
        dv.certificate,
        own.certificate,
    )
    assert path(shuffled, "UTCVCA00007") == ()
    assert path(shuffled[1:2], "UTCVCA00001") == ()


def spoilt(name: int, value: bytes) -> bytes:
    """The verifier's certificate with one field of the body replaced, and no valid signature any more."""
    parts = [write(part.tag, value if part.tag == name else part.value) for part in body_parts()]
    return write(cvc.CERTIFICATE, write(cvc.BODY, b"".join(parts)) + write(cvc.SIGNATURE, b"\0" * 64))


def body_parts() -> tuple[Tlv, ...]:
    return read_all(find(verifier().certificate.encoded, cvc.CERTIFICATE, cvc.BODY))


def key_with(generator: int) -> bytes:
    """A CVCA key on a curve that is P-256 in all but its generator."""
    own = make_cvca("UTCVCA00006", ec_key(P256, CHANCE), ALL_RIGHTS, VALIDITY).certificate
    key = find(own.encoded, cvc.CERTIFICATE, cvc.BODY, cvc.PUBLIC_KEY)
    parts = [each for each in read_all(key) if each.tag != cvc.GENERATOR]
    changed = b"\x04" + P256.x.to_bytes(32, "big") + generator.to_bytes(32, "big")
    at = [each.tag for each in parts].index(cvc.ORDER)
    written = [write(each.tag, each.value) for each in parts]
    return b"".join([*written[:at], write(cvc.GENERATOR, changed), *written[at:]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (cvc.PROFILE, b"\1"),
        (cvc.AUTHORITY, b""),
        (cvc.AUTHORITY, b"UTCVCA0000100000X"),
        (cvc.HOLDER, b"UT\0VCA00001"),
        (cvc.AUTHORISATION, b""),
        (cvc.AUTHORISATION, write(6, b"\x04") + write(0x53, b"")),
        (cvc.AUTHORISATION, write(6, b"\x04") + write(0x53, bytes(6))),
        (cvc.BEGINS, bytes(6)),
        (cvc.BEGINS, bytes([2, 6, 1, 3, 0, 1])),
        (cvc.BEGINS, b"260101"),
        (cvc.BEGINS, bytes(5)),
        (cvc.PUBLIC_KEY, b""),
        (cvc.PUBLIC_KEY, write(6, b"\x2a\x03") + write(cvc.POINT, b"\4")),
        (cvc.PUBLIC_KEY, write(cvc.POINT, b"\4")),
        (cvc.PUBLIC_KEY, write(6, oid_contents(cvc.TA_ECDSA + ".9")) + write(cvc.POINT, b"\4")),
        (cvc.PUBLIC_KEY, write(6, oid_contents(cvc.TA_RSA + ".2")) + write(cvc.POINT, b"\4")),
    ],
)
def test_a_field_that_is_not_as_its_standard_says_is_garbled(name: int, value: bytes) -> None:
    with pytest.raises(Garbled):
        parse_cvc(spoilt(name, value))


def test_a_field_too_few_is_garbled() -> None:
    body = b"".join(write(part.tag, part.value) for part in body_parts()[1:])
    with pytest.raises(Garbled, match="fields"):
        parse_cvc(write(cvc.CERTIFICATE, write(cvc.BODY, body) + write(cvc.SIGNATURE, bytes(64))))


def test_a_curve_with_a_chosen_generator_is_garbled() -> None:
    """A09: it would make anybody's key fit."""
    honest = spoilt(cvc.PUBLIC_KEY, key_with(P256.y))
    with pytest.raises(Garbled, match="none of the known ones"):
        parse_cvc(spoilt(cvc.PUBLIC_KEY, key_with(P256.y + 1)))
    with pytest.raises(Garbled, match="a curve of its own"):  # known, but not a document verifier's to choose
        parse_cvc(honest)


@pytest.mark.parametrize("bad", [b"", CVCA[:-1], CVCA + b"\0", write(0x7F21, b""), write(0x7F21, bytes(4096))])
def test_what_is_no_certificate_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        parse_cvc(bad)


def test_a_key_that_signs_nothing_of_terminal_authentication_is_not_composed() -> None:
    with pytest.raises(Garbled):
        parse_cvc(
            compose_cvc(
                "UTCVCA00001", "UTCVCA00001", CvKey("1.2.3", P256, b"\4"), (Role.CVCA, 3), VALIDITY, no_signature
            )
        )


def no_signature(body: bytes) -> bytes:
    return bytes(64)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.binary(max_size=8))
def test_garbage_raises_nothing_but_garbled(noise: bytes, where: int, spoil: bytes) -> None:
    good = verifier().certificate.encoded
    for data in (noise, write(cvc.CERTIFICATE, noise), good[:where] + spoil + good[where + len(spoil) :]):
        with contextlib.suppress(Garbled, Refused):
            accept(trust_point(authority().certificate), parse_cvc(data))
