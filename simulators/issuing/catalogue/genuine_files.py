"""Which genuine files are there? One document for each form of signature, chain, face and data group that states use.

(Doc 9303-10, 4.6 and 4.7; Doc 9303-12) None of them may be taken for a forgery.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from icao.checks import Result
from icao.lds import personal_details as details
from icao.pki.curves import BRAINPOOL_P224R1, BRAINPOOL_P320R1, P256, Curve
from simulators.issuing import groups
from simulators.issuing.authority import Generation
from simulators.issuing.catalogue.entry import Case, Entry, Make, Right, Trusted
from simulators.issuing.catalogue.signers import UTOPIA, utopian_signer
from simulators.issuing.catalogue.world import World
from simulators.issuing.certificates import CURVES, PrivateKey
from simulators.issuing.cms import PLAIN, Form
from simulators.issuing.equipping import RSA_BITS, rsa_key
from simulators.issuing.odd_keys import OddKey, OddSigner, explicit_key, named_key, signed_anew
from simulators.issuing.profile import Profile
from simulators.issuing.records import FaceForm, Standard
from simulators.issuing.sod import OLD_CONTENT_TYPES, SodForm
from simulators.issuing.state import der_of
from simulators.issuing.states import Keys

Key = Callable[[], PrivateKey]


# --- signatures ---
def _form(form: Form = PLAIN, **of_content: Any) -> Make:  # Any: fields of SodForm
    return lambda world: world.case(world.plain(form=SodForm(cms=form, **of_content)))


def _by(key: Key, form: Form = PLAIN, *, pss: bool = False) -> Make:
    """A signer of Utopia with a key of another kind."""

    def make(world: World) -> Case:
        signer = replace(utopian_signer(world, key=key()), pss=pss)
        return world.case(world.plain(UTOPIA, signer, SodForm(cms=form)))

    return make


def _rsa() -> PrivateKey:
    return rsa_key(RSA_BITS, 0)


def _on(keys: Keys) -> Key:
    return lambda: ec.generate_private_key(CURVES[keys])


def _odd(curve: Curve, key_info: Callable[[Curve, bytes], bytes]) -> Make:
    """A signer on a curve that OpenSSL lacks, or whose parameters are spelled out."""

    def make(world: World) -> Case:
        key = OddKey(curve)
        csca_key: Any = world.states[UTOPIA].csca_key  # Any: Utopia's is on a curve
        certificate = signed_anew(utopian_signer(world).der, csca_key, key_info(curve, key.point), "sha384")
        return world.case(world.plain(UTOPIA, OddSigner(certificate, key)))

    return make


def _without_time(world: World) -> Case:
    return world.case(world.plain(signing_time=False))


# --- chains ---
def _chain(code: str, signed_by: int, trusted: Callable[[tuple[Generation, ...]], tuple[bytes, ...]]) -> Make:
    """Signed below one key of the CSCA; the post knows what ``trusted`` picks."""

    def make(world: World) -> Case:
        generations = world.authority(code).generations
        passport = world.plain(code, generations[signed_by].signer)
        return replace(world.case(passport), trusted=Trusted(trusted(generations)))

    return make


def _root(number: int) -> Callable[[tuple[Generation, ...]], tuple[bytes, ...]]:
    return lambda generations: (der_of(generations[number].root.certificate),)


def _link(generations: tuple[Generation, ...]) -> tuple[bytes, ...]:
    """Only that the former key vouches for today's; the root itself has never come."""
    link = generations[1].link
    return () if link is None else (der_of(link),)


def _link_beside(world: World) -> Case:
    """The post knows the former root; today's key is vouched for by a link that comes along in EF.SOD."""
    generations = world.authority(UTOPIA).generations
    form = SodForm(cms=Form(beside=_link(generations)))
    return replace(world.case(world.plain(form=form)), trusted=Trusted(_root(0)(generations)))


def _with_lists(world: World) -> Case:
    """The post has today's revocation list."""
    case = world.case(world.plain())
    crl = world.authority(UTOPIA).crl(world.today)
    return replace(case, trusted=replace(case.trusted, crls=(crl,)))


def _of_state(code: str) -> Make:
    return lambda world: world.case(world.issue(code))


# --- faces ---
def _face(form: FaceForm, format: str = "", **options: Any) -> Make:  # Any: of the encoder
    """The holder's portrait in another record, or encoded anew."""

    def make(world: World) -> Case:
        picture = _encoded(world.holder.portrait, format, **options) if format else b""
        return replace(world.case(world.issue(profile=Profile(face=form, picture=picture))), portrait=True)

    return make


def _encoded(portrait: bytes, format: str, **options: Any) -> bytes:  # Any: as above
    from PIL import Image

    drawn = io.BytesIO()
    with Image.open(io.BytesIO(portrait)) as picture:
        picture.save(drawn, format, **options)
    return drawn.getvalue()


def _two_faces(world: World) -> Case:
    both = groups.dg2(world.holder.portrait, world.holder.sex, further=(world.holder.portrait,))
    return replace(world.case(world.issue(profile=Profile(groups={2: both}))), portrait=True)


# --- data groups ---
DG11: Final[Mapping[int, str | bytes]] = {
    details.FULL_NAME: "OBERLIN<<MIRA<SOLEDA",
    details.PERSONAL_NUMBER: "880314<0042",
    details.BIRTH_DATE: b"19880314",
    details.PLACE_OF_BIRTH: "Utopia City<UTO",
    details.PROFESSION: "Cartographer",
}
DG12: Final[Mapping[int, str | bytes]] = {
    details.AUTHORITY: "Utopia Passport Office",
    details.ISSUED: b"20260508",
    details.ENDORSEMENTS: "None",
}
DG16: Final[tuple[Mapping[int, str | bytes]]] = (
    {0x5F50: b"20260508", 0x5F51: "TARQUEST<<JONAS", 0x5F52: "+00 1 2345", 0x5F53: "1 Harbour Road"},
)


def _groups(world: World) -> Case:
    """Every group that needs no terminal, and all are read."""
    portrait = world.holder.portrait
    more = {
        5: groups.dg5(portrait), 7: groups.dg7(portrait), 11: groups.dg11(DG11, ("OBERLIN<<M",)),
        12: groups.dg12(DG12), 13: groups.raw(13, b"whatever a state puts here"), 16: groups.dg16(DG16),
    }  # fmt: skip
    return replace(world.case(world.issue(profile=Profile(groups=more))), wanted=(1, 2, *more))


ECDSA_512: Final = Form(digest="sha512")
FRESH: Final = Right(notes={"pa.crl": (Result.SUCCESSFUL, "")})

ENTRIES: Final = (
    # The states as they issue today
    Entry("genuine-utopia", "A passport of Utopia: PACE and chip authentication.", _of_state("UTO")),
    Entry("genuine-norvania", "A passport of Norvania: BAC, active authentication, RSA-PSS.", _of_state("NRV")),
    Entry("genuine-zudland", "A passport of Zudland: PACE with chip mapping, and chip authentication.",
          _of_state("ZZD")),
    # Signatures
    Entry("genuine-ecdsa-p256", "ECDSA, SHA-256.", _form()),
    *(Entry(f"genuine-ecdsa-{name}", f"ECDSA on {keys.value}, {digest.upper()}.", _by(_on(keys), Form(digest=digest)))
      for name, keys, digest in (
          ("p384", Keys.EC_P384, "sha384"), ("p521", Keys.EC_P521, "sha512"), ("bp256", Keys.BRAINPOOL_P256, "sha256"),
          ("bp384", Keys.BRAINPOOL_P384, "sha384"), ("bp512", Keys.BRAINPOOL_P512, "sha512"),
      )),
    Entry("genuine-ecdsa-bp224", "ECDSA on brainpoolP224r1, which OpenSSL lacks.", _odd(BRAINPOOL_P224R1, named_key)),
    Entry("genuine-ecdsa-bp320", "ECDSA on brainpoolP320r1, which OpenSSL lacks.", _odd(BRAINPOOL_P320R1, named_key)),
    Entry("genuine-ecdsa-explicit", "The curve is spelled out, as Doc 9303-12 wants it.", _odd(P256, explicit_key)),
    Entry("genuine-ecdsa-explicit-bp320", "A curve that OpenSSL lacks, spelled out.",
          _odd(BRAINPOOL_P320R1, explicit_key)),
    Entry("genuine-ecdsa-plain", "r and s side by side (TR-03111).", _form(Form(plain_ecdsa=True))),
    Entry("genuine-ecdsa-sha1", "ECDSA with SHA-1, as old passports have it.", _form(Form(digest="sha1"))),
    Entry("genuine-ecdsa-sha224", "ECDSA with SHA-224.", _form(Form(digest="sha224"))),
    Entry("genuine-ecdsa-sha512", "A hash that is longer than the curve.", _form(ECDSA_512)),
    *(Entry(f"genuine-rsa-{digest}", f"RSA, PKCS #1, {digest.upper()}.", _by(_rsa, Form(digest=digest)))
      for digest in ("sha1", "sha224", "sha256", "sha384", "sha512")),
    Entry("genuine-rsa-hash-elsewhere", "The algorithm is plain rsaEncryption; the hash stands in another field.",
          _by(_rsa, Form(digest="sha384", digest_elsewhere=True))),
    Entry("genuine-pss", "RSA-PSS.", _by(_rsa, pss=True)),
    Entry("genuine-pss-salt-64", "RSA-PSS, SHA-256 and a salt of 64 bytes (Denmark).",
          _by(_rsa, Form(salt_bytes=64), pss=True)),
    Entry("genuine-pss-no-salt", "RSA-PSS without a salt.", _by(_rsa, Form(salt_bytes=0), pss=True)),
    Entry("genuine-pss-sha512", "RSA-PSS, SHA-512 (Italy).", _by(_rsa, ECDSA_512, pss=True)),
    Entry("genuine-pss-other-mask", "RSA-PSS whose mask is made with another hash.",
          _by(_rsa, Form(mask_digest="sha1"), pss=True)),
    Entry("genuine-key-id", "The signer is named by its key id.", _form(Form(by_key_id=True))),
    Entry("genuine-misnamed-signer", "The signer's serial number is another than its certificate's.",
          _form(Form(serial=99))),
    Entry("genuine-ber", "Indefinite lengths, and the content in pieces (New Zealand).", _form(Form(ber=True))),
    Entry("genuine-without-time", "EF.SOD does not say when it was signed.", _without_time),
    *(Entry(f"genuine-content-{name}", f"The content type is {oid}.", _form(content_type=oid))
      for name, oid in zip(("old", "sdu", "id-data"), OLD_CONTENT_TYPES, strict=True)),
    Entry("genuine-lds-1-8", "The version of the data structure is signed.", _form(lds_version="0108")),
    *(Entry(f"genuine-groups-{digest}", f"The data groups are hashed with {digest.upper()}.",
            _form(group_digest=digest)) for digest in ("sha1", "sha224", "sha384", "sha512")),
    # Chains
    Entry("genuine-former-key", "Signed below the CSCA's former key, which the post still knows.",
          _chain(UTOPIA, 0, _root(0))),
    Entry("genuine-coming-key", "Signed below the CSCA's next key.", _chain(UTOPIA, 2, _root(2))),
    Entry("genuine-link", "The post knows today's key by a link certificate alone.", _chain(UTOPIA, 1, _link)),
    Entry("genuine-link-renamed", "The same in a state that has changed its name.", _chain("ZZD", 1, _link)),
    Entry("genuine-link-beside", "The post knows the former key, and the link comes along in EF.SOD.", _link_beside),
    Entry("genuine-with-crl", "The post has today's revocation list.", _with_lists, FRESH),
    # Faces
    Entry("genuine-face-39794", "The face after ISO/IEC 39794-5.", _face(FaceForm(Standard.ISO_39794))),
    Entry("genuine-face-jp2", "The portrait is a JPEG 2000 file.", _face(FaceForm(), "JPEG2000")),
    Entry("genuine-face-j2k", "The portrait is a bare JPEG 2000 codestream.",
          _face(FaceForm(), "JPEG2000", no_jp2=True)),
    Entry("genuine-face-39794-jp2", "JPEG 2000 after ISO/IEC 39794-5.",
          _face(FaceForm(Standard.ISO_39794), "JPEG2000")),
    Entry("genuine-face-padded", "Zeros stand behind the portrait.", _face(FaceForm(padding=bytes(64)))),
    Entry("genuine-face-wrong-length", "The record's length is one too small (United Kingdom).",
          _face(FaceForm(record_length_off=-1))),
    Entry("genuine-two-faces", "DG2 holds two portraits.", _two_faces),
    # Data groups
    Entry("genuine-all-groups", "DG5, 7, 11, 12, 13 and 16 beside the usual ones, and all are read.", _groups),
)  # fmt: skip
