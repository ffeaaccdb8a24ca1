"""Who may have signed that should not? Forgers with a real state's name, and keys that are for something else.

(Doc 9303-12, 7.1) All documents here are plain: their chips prove nothing, and the signer's certificate decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from icao.pki.curves import P256
from simulators.issuing.catalogue.entry import Case, Entry, Make, Right, Trusted, failed, not_supported, undetermined
from simulators.issuing.catalogue.world import World
from simulators.issuing.certificates import (
    DOCUMENT_TYPES,
    LIST_SIGNING,
    Extension,
    Issuer,
    Period,
    PrivateKey,
    authority_extensions,
    certify,
    make_csca,
    make_list_signer,
    name_of,
    signer_period,
    signing_usage,
    years_before,
)
from simulators.issuing.cms import Form, Signing
from simulators.issuing.equipping import rsa_key
from simulators.issuing.odd_keys import OddSigner, explicit_key, named_key, point_of, signed_anew
from simulators.issuing.seals import SEAL_SIGNING, document_types
from simulators.issuing.sod import PLAIN_SOD, SodForm
from simulators.issuing.state import Signer, der_of

UTOPIA: Final = "UTO"
SHORT_RSA_BITS: Final = 1024
ID_CARDS: Final = (x509.UnrecognizedExtension(DOCUMENT_TYPES, document_types(("I",))), False)

UNKNOWN_CSCA: Final = undetermined(pa__csca_validity="issuer-unknown")
FORGED: Final = Right(failed(pa__chain="issuer-forged") | UNKNOWN_CSCA)
UNKNOWN: Final = Right(undetermined(pa__chain="issuer-unknown") | UNKNOWN_CSCA)
MISUSED: Final = Right(failed(pa__chain="signer-misused") | UNKNOWN_CSCA)


@lru_cache
def own_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def utopian_signer(
    world: World,
    issuer: Issuer | None = None,
    extensions: Sequence[Extension] | None = None,
    period: Period | None = None,
    key: PrivateKey | None = None,
) -> Signer:
    """A document signer of Utopia, whoever certified it and whatever it may do."""
    state, own = world.states[UTOPIA], key or own_key()
    name = name_of(state.spec, "Document Signer")
    may = [signing_usage()] if extensions is None else extensions
    return Signer(certify(issuer or state.issuer, name, own, period or signer_period(world.today), may), own)


def _signed(make: Callable[[World], Signing], form: SodForm = PLAIN_SOD) -> Make:
    return lambda world: world.case(world.plain(UTOPIA, make(world), form))


# --- home-made authorities ---
def _forger(world: World, key: PrivateKey | None = None) -> Issuer:
    """Utopia's name and key id, and the forger's key."""
    real = x509.SubjectKeyIdentifier.from_public_key(world.states[UTOPIA].csca.public_key())
    return Issuer(world.states[UTOPIA].csca.subject, key or own_key(1), key_id=real.digest)


def _with_own_csca(world: World) -> Case:
    """The forged CSCA rides along in EF.SOD, in the hope that somebody believes it."""
    forger = _forger(world)
    root = make_csca(forger.name, forger.key, signer_period(world.today))
    form = SodForm(cms=Form(beside=(der_of(root),)))
    return world.case(world.plain(UTOPIA, utopian_signer(world, forger), form))


def _name_alone(world: World) -> Signing:
    return utopian_signer(world, replace(_forger(world), key_id=b""))


def _smuggled_link(world: World) -> Case:
    """Says that Utopia's key passed to the forger's, and is signed by nobody who could say so."""
    forger = Issuer(world.states[UTOPIA].csca.subject, own_key(1))
    pretended = Issuer(forger.name, own_key(2), key_id=_forger(world).key_id)
    link = certify(pretended, forger.name, forger.key, signer_period(world.today), authority_extensions())
    form = SodForm(cms=Form(beside=(der_of(link),)))
    return world.case(world.plain(UTOPIA, utopian_signer(world, forger), form))


def _chosen_generator(world: World) -> Case:
    """A certificate in the state's name, on whose curve anybody's key fits."""
    forged = signed_anew(utopian_signer(world, _forger(world)).der, own_key(1), _on_own_curve())
    return world.case(world.plain(UTOPIA, OddSigner(forged, own_key())))


# --- keys that are for something else ---
def _authority_signs(world: World) -> Signing:
    return Signer(world.states[UTOPIA].csca, world.states[UTOPIA].csca_key)


def _signer_that_certifies(world: World) -> Signing:
    return utopian_signer(world, extensions=[signing_usage(), (x509.BasicConstraints(ca=True, path_length=None), True)])


def _below_a_signer(world: World) -> Case:
    """A genuine document signer certifies another one, as only a CSCA may; its certificate rides along."""
    above = world.states[UTOPIA].signer
    below = utopian_signer(world, Issuer(above.certificate.subject, above.key))
    return world.case(world.plain(UTOPIA, below, SodForm(cms=Form(beside=(above.der,)))))


def _list_signer(world: World) -> Signing:
    state = world.states[UTOPIA]
    made = make_list_signer(state.issuer, state.spec, own_key(), signer_period(world.today), LIST_SIGNING)
    return Signer(made, own_key())


def _purpose(oid: str) -> Extension:
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid)]), True


def _for_encryption() -> Extension:
    flags = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{flag: flag == "key_encipherment" for flag in flags}), True


def _neighbour(world: World) -> Signing:
    return world.states["NRV"].signer


# --- time ---
def _around(days_from: int, days_to: int) -> Callable[[World], Signing]:
    """A signer's period, in days from today."""

    def make(world: World) -> Signing:
        period = world.today + timedelta(days_from), world.today + timedelta(days_to)
        return utopian_signer(world, period=period)

    return make


def _expired_csca(world: World) -> Case:
    state = world.states[UTOPIA]
    period = years_before(world.today, 12), world.today - timedelta(days=1)
    expired = make_csca(state.csca.subject, state.csca_key, period)
    return replace(world.case(world.plain(UTOPIA)), trusted=Trusted((der_of(expired),)))


# --- keys that prove nothing ---
def _short_key(world: World) -> Signing:
    return utopian_signer(world, key=rsa_key(SHORT_RSA_BITS, 0))


def _odd_key(public: Callable[[], bytes]) -> Make:
    """The state itself certified this key."""

    def make(world: World) -> Case:
        state = world.states[UTOPIA]
        if not isinstance(state.csca_key, ec.EllipticCurvePrivateKey):
            raise TypeError("Utopia's CSCA signs by a curve.")
        certificate = signed_anew(utopian_signer(world).der, state.csca_key, public(), "sha384")
        return world.case(world.plain(UTOPIA, OddSigner(certificate, own_key())))

    return make


def _on_own_curve() -> bytes:
    """The key fits, since its curve's generator is itself."""
    point = point_of(own_key())
    return explicit_key(P256, point, generator=point)


def _short_coordinate() -> bytes:
    """Two readers see two keys in it: one fills up from the left, the other takes the halves."""
    point = point_of(own_key())
    return named_key(P256, point[:1] + point[2:])


ENTRIES: Final = (
    Entry("home-made-csca", "Signed below a home-made CSCA with the name of a real one.", _signed(_name_alone),
          UNKNOWN, "A04"),
    Entry("home-made-csca-with-key-id", "The home-made CSCA bears the real one's key id as well.",
          _signed(lambda world: utopian_signer(world, _forger(world))), FORGED, "A04"),
    Entry("smuggled-csca", "The home-made CSCA rides along in EF.SOD.", _with_own_csca, FORGED, "A04"),
    Entry("smuggled-link", "A link certificate that no real key signed leads from the real CSCA to the home-made one.",
          _smuggled_link, UNKNOWN, "A04"),
    Entry("unknown-issuer", "A perfect passport of a state that nobody has ever heard of.",
          lambda world: world.case(world.plain("QZZ")),
          Right({**UNKNOWN.decides, **undetermined(pa__country="country-unknown")})),
    Entry("wrong-country", "The trusted document signer of a neighbour signed it.", _signed(_neighbour),
          Right(failed(pa__country="country-differs")), "A13"),
    Entry("chosen-generator", "The signer's curve has a generator of the forger's choice (CVE-2020-0601).",
          _chosen_generator,
          Right(not_supported(pa__sod_signature="unknown-curve") | failed(pa__chain="issuer-forged") | UNKNOWN_CSCA),
          "A09"),
    Entry("certified-own-curve", "The state certified a key on a curve of somebody's choice.",
          _odd_key(_on_own_curve), Right(not_supported(pa__sod_signature="unknown-curve")), "A09"),
    Entry("short-coordinate", "A coordinate of the signer's key lacks a byte.", _odd_key(_short_coordinate),
          Right(failed(pa__sod_signature="key-wrong")), "A17"),
    Entry("short-key-signer", "The signer's RSA key has 1024 bits.", _signed(_short_key),
          Right(failed(pa__sod_signature="weak-algorithm")), "A11"),
    Entry("csca-signs", "The CSCA signed the document itself.", _signed(_authority_signs), MISUSED, "A12"),
    Entry("ds-is-a-ca", "The signer's certificate says that it is an authority.", _signed(_signer_that_certifies),
          MISUSED, "A12"),
    Entry("ds-certifies-another", "A genuine document signer certified the signer.", _below_a_signer, UNKNOWN, "A12"),
    Entry("ds-without-signature-usage", "The signer's key is for encryption.",
          _signed(lambda world: utopian_signer(world, extensions=[_for_encryption()])), MISUSED, "A12"),
    Entry("list-signer-signs", "A state's signer of master lists signed it.", _signed(_list_signer), MISUSED, "A12"),
    Entry("seal-signer-signs", "A state's signer of seals signed it.",
          _signed(lambda world: utopian_signer(world, extensions=[signing_usage(), _purpose(SEAL_SIGNING)])), MISUSED,
          "A12"),
    Entry("ds-for-another-document-type", "The signer is for identity cards: a finding, since states mix them up.",
          _signed(lambda world: utopian_signer(world, extensions=[signing_usage(), ID_CARDS])),
          Right(notes=failed(pa__document_type="document-type-differs")), "A12"),
    Entry("expired-signer", "The signer's certificate has expired.", _signed(_around(-2000, -1)),
          Right(failed(pa__ds_validity="signer-expired"))),
    Entry("signed-before-signer-began", "It was signed before its signer was certified.", _signed(_around(-100, 2000)),
          Right(failed(pa__ds_validity="signed-too-early"))),
    Entry("signed-after-signer-ended", "It was signed by a signer that had expired.", _signed(_around(-2000, -300)),
          Right(failed(pa__ds_validity="signed-too-late"))),
    Entry("expired-csca", "The CSCA's certificate has expired.", _expired_csca,
          Right(failed(pa__csca_validity="csca-expired"))),
)  # fmt: skip
