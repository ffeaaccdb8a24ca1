"""What may be wrong with the signed message itself? Its signature, its attributes, its form. (Doc 9303-10, 4.6.2)"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from icao.lds.sod import parse_sod
from icao.tlv import read_one, write
from simulators.issuing.catalogue.entry import Case, Entry, Make, Right, failed, not_supported, undetermined
from simulators.issuing.catalogue.signers import UNKNOWN_CSCA, UTOPIA, utopian_signer
from simulators.issuing.catalogue.world import World, with_files
from simulators.issuing.cms import PLAIN, Forged, Form
from simulators.issuing.equipping import RSA_BITS, rsa_key
from simulators.issuing.groups import dg2
from simulators.issuing.lists import MASTER_LIST
from simulators.issuing.sod import SodForm

SHA256_PREFIX: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo, RFC 8017, 9.2
PSS: Final = "rsassa_pss"
NESTED: Final = 20_000
CROWD: Final = 10_000
SEQUENCE, SET, INTEGER, OCTETS = 0x30, 0x31, 0x02, 0x04

WRONG: Final = Right(failed(pa__sod_signature="signature-wrong"))
GARBLED: Final = Right(failed(pa__parse="garbled"))
NO_SIGNER: Final = Right(
    undetermined(
        pa__sod_signature="signer-missing",
        pa__chain="signer-missing",
        pa__ds_validity="signer-missing",
        pa__country="signer-missing",
    )
    | UNKNOWN_CSCA
)


def _form(form: Form = PLAIN, **of_content: Any) -> Make:  # Any: fields of SodForm
    return lambda world: world.case(world.plain(UTOPIA, form=SodForm(cms=form, **of_content)))


def _by_rsa(form: Form) -> Make:
    """A signer with an RSA key that the state has certified."""
    return lambda world: world.case(
        world.plain(UTOPIA, utopian_signer(world, key=rsa_key(RSA_BITS, 0)), SodForm(cms=form))
    )


def _instead(change: Callable[[bytes], bytes]) -> Make:
    """EF.SOD is exchanged after the passport was made."""

    def make(world: World) -> Case:
        genuine = world.plain()
        return world.case(with_files(genuine, SOD=change(genuine.files["SOD"])))

    return make


# --- signatures ---
def _ecdsa(change: Callable[[bytes], bytes], algorithm: str = "sha256_ecdsa") -> Make:
    """The genuine signer's own signature, changed."""

    def make(world: World) -> Case:
        key = world.states[UTOPIA].signer.key
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("Utopia's signers sign by a curve.")
        forged = Forged({"algorithm": algorithm}, lambda data: change(key.sign(data, ec.ECDSA(hashes.SHA256()))))
        return _form(Form(forged=forged))(world)

    return make


def _flipped(signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 1])


def _by_sha1(data: bytes) -> bytes:
    return rsa_key(RSA_BITS, 0).sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  (what the forger does)


def _unsound_pss(**parameters: Any) -> Make:  # Any: asn1crypto's way
    """A good PSS signature, and parameters that mean another one."""
    how = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    usual = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    }
    algorithm = {"algorithm": PSS, "parameters": usual | parameters}
    return _by_rsa(Form(forged=Forged(algorithm, lambda data: rsa_key(RSA_BITS, 0).sign(data, how, hashes.SHA256()))))


def _cube_root(world: World) -> Case:
    """Bleichenbacher, 2006: a number whose cube begins like a right signature, and ends in garbage."""
    public = rsa.generate_private_key(public_exponent=3, key_size=RSA_BITS)
    form = SodForm(cms=Form(forged=Forged({"algorithm": "sha256_rsa"}, _loose)))
    return world.case(world.plain(UTOPIA, utopian_signer(world, key=public), form))


def _loose(data: bytes) -> bytes:
    size = RSA_BITS // 8
    start = b"\0\1\xff\0" + SHA256_PREFIX + hashlib.sha256(data).digest()
    most = int.from_bytes(start.ljust(size, b"\xff"), "big")
    low, high = 0, 1 << (RSA_BITS // 3 + 1)
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= most else (low, middle)
    return low.to_bytes(size, "big")


# --- what was signed ---
def _other_hashes(*, digest_too: bool) -> Make:
    """Another portrait, and its hash in the list that was signed; perhaps in the signed attributes as well."""

    def make(world: World) -> Case:
        genuine = world.plain()
        forged = dg2(world.stranger.portrait, world.stranger.sex)
        was, becomes = (hashlib.sha256(content).digest() for content in (genuine.files["DG2"], forged))
        sod = genuine.files["SOD"]
        before = parse_sod(sod).signed.content
        changed = sod.replace(was, becomes)
        if digest_too:
            old, new = (hashlib.sha256(content).digest() for content in (before, before.replace(was, becomes)))
            changed = changed.replace(old, new)
        return world.case(with_files(genuine, DG2=forged, SOD=changed))

    return make


def _security_object(*hashes_of: bytes) -> bytes:
    algorithm = bytes.fromhex("300b0609608648016503040201")
    return write(SEQUENCE, write(INTEGER, b"\0") + algorithm + write(SEQUENCE, b"".join(hashes_of)))


def _group_hash(number: int) -> bytes:
    return write(SEQUENCE, write(INTEGER, number.to_bytes(2, "big")) + write(OCTETS, b""))


def _nested(sod: bytes) -> bytes:
    return write(0x77, b"\x30\x80" * NESTED + b"\0\0" * NESTED)


def _long(sod: bytes) -> bytes:
    """The message claims 2 GB, in a file of 2 KB."""
    message = read_one(sod, 0x77)
    return write(0x77, b"\x30\x84\x7f\xff\xff\xff" + message[4:])


# --- who signed ---
def _known_signer(world: World) -> Case:
    case = world.case(world.plain(UTOPIA, form=SodForm(cms=Form(without_certificate=True))))
    return replace(case, trusted=replace(case.trusted, signers=(world.states[UTOPIA].signer.der,)))


ENTRIES: Final = (
    Entry("flipped-signature-bit", "One bit of the signature was changed.", _ecdsa(_flipped), WRONG),
    Entry("zero-signature-on-sod", "Both numbers of the signature are 0 (CVE-2022-21449).",
          _ecdsa(lambda _: bytes.fromhex("3006020100020100")), WRONG),
    Entry("no-signature", "The signature is empty.", _ecdsa(lambda _: b""),
          Right(failed(pa__sod_signature="signature-garbled"))),
    Entry("algorithm-of-another-key", "The signature says that it is RSA, and the signer's key is on a curve.",
          _ecdsa(bytes, "sha256_rsa"), WRONG),
    Entry("sha1-called-sha256", "A signature over a SHA-1 hash calls itself one over SHA-256.",
          _by_rsa(Form(forged=Forged({"algorithm": "sha256_rsa"}, _by_sha1))), WRONG),
    Entry("loose-padding", "A signature made without the private key, whose exponent is 3.", _cube_root, WRONG, "A10"),
    Entry("md5-signer", "Signed over MD5, for which anybody finds a second document.", _by_rsa(Form(digest="md5")),
          Right(failed(pa__message_digest="weak-algorithm", pa__sod_signature="weak-algorithm")), "A11"),
    Entry("md5-groups", "The data groups are hashed with MD5.", _form(group_digest="md5"),
          Right(failed(pa__dg_hash__1="weak-algorithm", pa__dg_hash__2="weak-algorithm")), "A11"),
    Entry("pss-other-trailer", "PSS with a trailer that no standard knows.", _unsound_pss(trailer_field=2),
          Right(not_supported(pa__sod_signature="algorithm-unknown"))),
    Entry("pss-negative-salt", "PSS with a salt of less than nothing.", _unsound_pss(salt_length=-1),
          Right(not_supported(pa__sod_signature="algorithm-unknown"))),
    Entry("pss-md5-mask", "PSS whose mask is made with MD5.",
          _unsound_pss(mask_gen_algorithm={"algorithm": "mgf1", "parameters": {"algorithm": "md5"}}),
          Right(failed(pa__sod_signature="weak-algorithm")), "A11"),
    Entry("pss-other-salt", "PSS whose parameters state another salt than was used.", _unsound_pss(salt_length=20),
          WRONG),
    Entry("altered-hash-list", "The portrait was replaced, and its hash in the list that the state signed.",
          _other_hashes(digest_too=False), Right(failed(pa__message_digest="digest-differs")), "A06"),
    Entry("altered-hash-list-and-digest", "The same, and the digest of the list among the signed attributes.",
          _other_hashes(digest_too=True), WRONG, "A06"),
    Entry("no-signed-attributes", "The signature is over the list itself, which the standard forbids.",
          _form(Form(attributes=False)), Right(failed(pa__message_digest="attributes-missing"))),
    Entry("wrong-content-type", "The signed content type is another than that of the content.",
          _form(Form(stated_type="1.2.840.113549.1.7.1")), Right(failed(pa__message_digest="content-type-differs"))),
    Entry("list-as-sod", "A signed message of a master list's type takes the place of EF.SOD.",
          _form(content_type=MASTER_LIST), GARBLED),
    Entry("doubled-digest", "Two digests among the signed attributes, so that two readers see two of them.",
          _form(Form(doubled_digest=True)), GARBLED),
    Entry("two-signers", "Two signatures, so that two readers check two of them.", _form(Form(signers=2)), GARBLED),
    Entry("doubled-group", "The list holds two hashes for one data group.",
          _form(content=_security_object(_group_hash(1), _group_hash(1))), GARBLED, "A21"),
    Entry("ten-thousand-groups", "The signed list holds 10,000 data groups.",
          _form(content=_security_object(*map(_group_hash, range(CROWD)))), GARBLED, "A21"),
    Entry("length-bomb", "A length within EF.SOD claims 2 GB.", _instead(_long), GARBLED, "A21"),
    Entry("nesting-bomb", "EF.SOD is 20,000 structures within each other.", _instead(_nested), GARBLED, "A22"),
    Entry("garbled-sod", "The end of EF.SOD is missing.", _instead(lambda sod: write(0x77, read_one(sod, 0x77)[:-99])),
          GARBLED),
    Entry("signer-not-known", "EF.SOD holds no certificate, and nobody knows its signer.",
          _form(Form(without_certificate=True)), NO_SIGNER),
    Entry("signer-by-name", "A genuine passport whose signer is known to the post, and not in EF.SOD.", _known_signer),
)  # fmt: skip
