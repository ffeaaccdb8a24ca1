"""The doors of passive authentication: signed messages, certificates, keys, lists; spoilt before signing, too."""

import random
from datetime import UTC, date, datetime, time

from icao import der
from icao.lds.card_security import parse_card_security
from icao.passive import verify, verify_card_security
from icao.pki import signatures
from icao.pki.algorithms import read_algorithm
from icao.pki.certificates import parse_certificate
from icao.pki.cms import parse_signed_data
from icao.pki.crl import parse_crl
from icao.pki.curves import P256
from icao.pki.deviation_list import parse_deviation_list
from icao.pki.keys import NotSupported, Weak, read_key
from icao.pki.names import comparable
from icao.pki.trust import TrustedSet
from icao.tlv import Garbled
from simulators.issuing.authority import open_authority
from simulators.issuing.cms import Form, signed_data
from simulators.issuing.lists import DEVIATION_LIST, SOD_SIGNATURE_WRONG, Deviation, deviation_list
from simulators.issuing.odd_keys import OddKey, OddSigner, explicit_key, named_key, signed_anew
from simulators.issuing.sod import SodForm, security_object, sod
from simulators.issuing.state import State
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target

SECURITY_INFOS = "0.4.0.127.0.7.3.2.1"


def targets(state: State, today: date) -> list[Target]:
    now = datetime.combine(today, time(12), UTC)
    authority = open_authority(state)
    groups = {1: b"\x61\x00", 2: b"\x75\x00", 14: b"\x6e\x00"}
    anchor, signer = parse_certificate(state.csca_der), parse_certificate(state.signer.der)
    trust = TrustedSet([anchor])
    plain, ber = (sod(groups, state.signer, now, SodForm(cms=Form(ber=each))) for each in (False, True))
    other = sod(groups, state.signer, None, SodForm(cms=Form(by_key_id=True, beside=(state.csca_der,)), bare=True))
    crl = authority.crl(today)
    deviations = deviation_list([Deviation(SOD_SIGNATURE_WRONG, state.signer.der)], authority.deviation_signer, now)
    security = signed_data(SECURITY_INFOS, b"\x31\x00", state.signer, now)
    odd = OddKey(P256)
    keys = [signer.public_key, explicit_key(P256, odd.point), named_key(P256, odd.point)]
    certificates = [state.csca_der, state.signer.der, *authority.certificates]
    content, signature = security_object(groups), state.signer.key

    def spoilt_content(chance: random.Random) -> bytes:
        return sod(groups, state.signer, now, SodForm(content=garbage([content], chance)))

    def spoilt_signer(chance: random.Random) -> bytes:
        """A certificate with a spoilt key in it that its CSCA signed all the same."""
        spoilt = signed_anew(state.signer.der, state.csca_key, garbage(keys, chance))  # type: ignore[arg-type]  # an EC key
        return sod(groups, OddSigner(state.signer.der, signature), now).replace(state.signer.der, spoilt)  # type: ignore[arg-type]  # an EC key

    def spoilt_deviations(chance: random.Random) -> bytes:
        spoilt = garbage([parse_deviation_list(deviations).signed.content], chance)
        return signed_data(DEVIATION_LIST, spoilt, authority.deviation_signer, now)

    def with_deviations(data: bytes) -> None:
        asked = TrustedSet([anchor], deviation_lists=[parse_deviation_list(data)])
        verify(plain, groups, asked, today)

    def with_crl(data: bytes) -> None:
        verify(plain, groups, TrustedSet([anchor], crls=[parse_crl(data)]), today)

    def check(data: bytes) -> None:
        verify(data, groups, trust, today, present=(1, 2, 11), absent=(14,))

    def key_of(data: bytes) -> None:
        read_key(data)
        signatures.verify(data, signer.signature_algorithm, None, signer.signature, signer.signed_part)

    return [
        Target("cms", lambda chance: garbage([plain[4:], ber[5:], other], chance), parse_signed_data, (Garbled,)),
        Target("ber", lambda chance: garbage([ber, *certificates], chance), der.definite, (Garbled,)),
        Target("sod of every form", lambda chance: garbage([plain, ber, other], chance), check),
        Target("sod, spoilt and signed", spoilt_content, check),
        Target("sod of a spoilt signer", spoilt_signer, check),
        Target(
            "card security",
            lambda chance: garbage([security], chance),
            lambda data: verify_card_security(data, trust, today),
        ),
        Target("card security, read", lambda chance: garbage([security], chance), parse_card_security, (Garbled,)),
        Target("crl", lambda chance: garbage([crl], chance), with_crl, (Garbled,)),
        Target("deviation list", lambda chance: garbage([deviations], chance), with_deviations, (Garbled,)),
        Target("deviation list, spoilt and signed", spoilt_deviations, with_deviations, (Garbled,)),
        Target("certificates", lambda chance: garbage(certificates, chance), parse_certificate, (Garbled,)),
        Target("public key", lambda chance: garbage(keys, chance), key_of, (Garbled, NotSupported, Weak)),
        Target(
            "signature algorithm",
            lambda chance: garbage([signer.signature_algorithm], chance),
            lambda data: read_algorithm(data, None),
            (Garbled, NotSupported, Weak),
        ),
        Target(
            "signature",
            lambda chance: garbage([signer.signature], chance),
            lambda data: signatures.verify(
                anchor.public_key, signer.signature_algorithm, None, data, signer.signed_part
            ),
        ),
        Target(
            "name",
            lambda chance: garbage([b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02UT"], chance),
            comparable,
            (Garbled,),
        ),
    ]
