"""What may be wrong with a seal? Its signature, its signer, its paper, and the picture it stands in. (Doc 9303-13)"""

import base64
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from icao.mrz.compose import compose
from icao.seals import vds
from icao.seals.objects import write_object
from simulators.issuing import revocation, seals
from simulators.issuing.catalogue.entry import GENUINE, Entry, Kind, Right, SealCase, Trusted, failed, undetermined
from simulators.issuing.catalogue.world import World
from simulators.issuing.certificates import LIST_SIGNING, Issuer
from simulators.issuing.seals import SealSigner, make_seal_signer

UTOPIA: Final = "UTO"
SEALED_BEFORE: Final = timedelta(days=22)
VISAS, TESTS = "V", "NT"
PASSPORT: Final = "U12345678"
IDB_VISA: Final = 0x01  # tag of the message
SERIAL: Final = 0x27  # of every seal signer here
BOMB_BYTES: Final = 64 * 1024 * 1024
HUGE_PX: Final = 60_000
TEST: Final = {"utci": "U01932", "ver": "1", "pid": {"n": "OBERLIN MIRA", "dob": "1988-03-14", "dt": "P", "dn": "U1"}}

NOT_KNOWN: Final = Right(
    undetermined(
        seal__signature="signer-unknown",
        seal__chain="signer-unknown",
        seal__validity="signer-unknown",
        seal__purpose="signer-unknown",
        seal__country="signer-unknown",
    )
)
WRONG: Final = Right(failed(seal__signature="signature-wrong"))
GARBLED: Final = Right(failed(seal__parse="seal-garbled"))
OTHER_PURPOSE: Final = Right(undetermined(seal__purpose="signer-purpose"))


def _visa(today: date, number: str = "UV1234567") -> tuple[str, ...]:
    """The zone of a visa in Utopia's name."""
    return compose(
        "MRVB", document_code="VC", issuing_state=UTOPIA, document_number=number, surname="OBERLIN",
        given_names="MIRA SOLEDA", nationality=UTOPIA, birth_date="1988-03-14", sex="F",
        expiry_date=(today + timedelta(days=300)).isoformat(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sealing:
    """By whom and when: what a usual seal signer of Utopia is, and what is unusual about this one."""

    codes: tuple[str, ...] = (VISAS,)
    purpose: str = seals.SEAL_SIGNING
    curve: ec.EllipticCurve | None = None
    days: tuple[int, int] = (-300, 1500)  # the signer's period, from today
    by_forger: bool = False  # certified by a home-made CSCA with the state's name and key id

    def signer(self, world: World) -> SealSigner:
        state = world.states[UTOPIA]
        issuer = state.issuer
        if self.by_forger:
            real = x509.SubjectKeyIdentifier.from_public_key(state.csca.public_key())
            issuer = Issuer(issuer.name, ec.generate_private_key(ec.SECP256R1()), key_id=real.digest)
        period = (world.today + timedelta(self.days[0]), world.today + timedelta(self.days[1]))
        return make_seal_signer(
            issuer, state.spec, period, self.codes, purpose=self.purpose, curve=self.curve, serial=SERIAL
        )


USUAL: Final = _Sealing()
TEST_SEALING: Final = _Sealing((TESTS,), seals.VDS_NC_SIGNING, ec.SECP256R1())
Seal = Callable[[World, SealSigner], bytes]
Make = Callable[[World], SealCase]


def _case(seal: Seal, sealing: _Sealing = USUAL, *, known: bool = True, printed: bool = False) -> Make:
    """Shown to a post that knows Utopia's CSCA, and its seal signer where ``known``."""

    def make(world: World) -> SealCase:
        signer = sealing.signer(world)
        trusted = Trusted((world.states[UTOPIA].csca_der,), (signer.der,) if known else ())
        return SealCase(seal(world, signer), trusted, _visa(world.today) if printed else ())

    return make


def _vds(world: World, signer: SealSigner) -> bytes:
    return _sealed(world, signer, world.today - SEALED_BEFORE)


def _sealed(world: World, signer: SealSigner, on: date, number: str = "UV1234567") -> bytes:
    features = seals.visa_features(_visa(world.today, number), PASSPORT, 90)
    return seals.vds_seal(signer, seals.VISA, features, on)


def _idb(*, packed: bool = False, certified: bool = False) -> Seal:
    def seal(world: World, signer: SealSigner) -> bytes:
        features = seals.visa_features(_visa(world.today), PASSPORT, 90)
        messages = [(IDB_VISA, b"".join(write_object(*feature) for feature in features))]
        on = world.today - SEALED_BEFORE
        return seals.idb_seal(signer, messages, on, packed=packed, certified=certified).encode()

    return seal


def _vds_nc(world: World, signer: SealSigner) -> bytes:
    return seals.vds_nc_seal(signer, "icao.test", TEST).encode()


def _in_a_picture(*kinds: str) -> Seal:
    """A PNG of one code for each symbology that is named, side by side."""

    def seal(world: World, signer: SealSigner) -> bytes:
        numbers = (f"UV123456{place}" for place in range(len(kinds)))
        codes = [_sealed(world, signer, world.today - SEALED_BEFORE, number) for number in numbers]
        return _beside([seals.picture(code, kind) for code, kind in zip(codes, kinds, strict=True)])

    return seal


def _beside(pictures: Sequence[bytes]) -> bytes:
    from PIL import Image

    opened = [Image.open(io.BytesIO(picture)).convert("L") for picture in pictures]
    sheet = Image.new("L", (sum(each.width + 40 for each in opened), max(each.height for each in opened) + 40), 255)
    left = 20
    for each in opened:
        sheet.paste(each, (left, 20))
        left += each.width + 40
    drawn = io.BytesIO()
    sheet.save(drawn, "PNG")
    return drawn.getvalue()


# --- what forgers make of them ---
def _altered(seal: Seal, place: int) -> Seal:
    """One bit of a byte, counted from the end."""

    def altered(world: World, signer: SealSigner) -> bytes:
        genuine = bytearray(seal(world, signer))
        genuine[place] ^= 1
        return bytes(genuine)

    return altered


def _of_another_paper(world: World, signer: SealSigner) -> bytes:
    return _sealed(world, signer, world.today - SEALED_BEFORE, "UV7654321")


def _on_day(days: int) -> Seal:
    return lambda world, signer: _sealed(world, signer, world.today + timedelta(days))


def _of_a_neighbour(world: World, signer: SealSigner) -> bytes:
    """Utopia's signer seals in Norvania's name."""
    on = world.today - SEALED_BEFORE
    serial = f"{signer.certificate.serial_number:X}"
    head = vds.header("NRV", signer.state.country + signer.name, serial, on, on, seals.VISA)
    message = vds.message(head, seals.visa_features(_visa(world.today), PASSPORT, 90))
    return vds.seal(message, signer.sign(message))


def _bomb(world: World, signer: SealSigner) -> bytes:
    packed = zlib.compress(bytes(BOMB_BYTES), 9)
    return b"RDB1D" + base64.b32encode(packed).rstrip(b"=")


def _unsigned(world: World, signer: SealSigner) -> bytes:
    return seals.unsigned_idb(UTOPIA, [(IDB_VISA, b"")]).encode()


def _doubled_member(world: World, signer: SealSigner) -> bytes:
    """The first says one name, the second another: two readers see two of them."""
    genuine = _vds_nc(world, signer).decode()
    return genuine.replace('"pid":{', '"pid":{"n":"TARQUEST JONAS",', 1).encode()


def _deep(world: World, signer: SealSigner) -> bytes:
    return b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}"


def _huge_picture(world: World, signer: SealSigner) -> bytes:
    """A PNG whose header claims what no decoder should try."""
    genuine = _in_a_picture("DataMatrix")(world, signer)
    return genuine[:16] + HUGE_PX.to_bytes(4, "big") * 2 + genuine[24:]


def _boarding_pass(world: World, signer: SealSigner) -> bytes:
    return seals.picture("M1OBERLIN/MIRA        EABC123 UTONRVXX 0123 328Y012A0001 100", "Aztec")


def _revoked(world: World) -> SealCase:
    state, case = world.states[UTOPIA], _case(_vds)(world)
    period = world.today - timedelta(days=1), world.today + timedelta(days=80)
    crl = revocation.crl(state.issuer, period, [SERIAL])
    return replace(case, trusted=replace(case.trusted, crls=(crl,)))


def _entry(name: str, says: str, make: Make, right: Right = GENUINE, attack: str = "") -> Entry:
    return Entry(name, says, make, right, attack, Kind.SEAL)


ENTRIES: Final = (
    _entry("altered-seal", "A character of the sealed zone was changed.", _case(_altered(_vds, -90)), WRONG, "A30"),
    _entry("altered-seal-signature", "A bit of the seal's signature was changed.", _case(_altered(_vds, -1)), WRONG),
    _entry("altered-vds-nc", "A character of what a VDS-NC says was changed.",
           _case(lambda world, signer: _vds_nc(world, signer).replace(b"MIRA", b"MARA"), TEST_SEALING), WRONG, "A30"),
    _entry("copied-seal", "A genuine seal, copied to another visa.", _case(_of_another_paper, printed=True),
           Right(failed(mrz__match="seal-of-another-document")), "A30"),
    _entry("unknown-seal-signer", "Nobody here knows the signer that the seal names.", _case(_vds, known=False),
           NOT_KNOWN, "A31"),
    _entry("expired-seal-signer", "The signer of the seal has expired since.", _case(_vds, _Sealing(days=(-300, -1))),
           Right(undetermined(seal__validity="signer-expired")), "A31"),
    _entry("sealed-after-signer-ended", "The signer of the seal had expired when it sealed.",
           _case(_vds, _Sealing(days=(-300, -30))), Right(failed(seal__validity="signed-outside-validity")), "A31"),
    _entry("seal-signer-for-another-type", "The signer is for residence permits, and this is a visa.",
           _case(_vds, _Sealing(("AR",))), OTHER_PURPOSE, "A31"),
    _entry("document-signer-seals", "A document signer's key made the seal.", _case(_vds, _Sealing(("P",), "")),
           OTHER_PURPOSE, "A31"),
    _entry("list-signer-seals", "A signer of master lists made the seal.",
           _case(_vds, _Sealing(purpose=LIST_SIGNING.dotted_string)), OTHER_PURPOSE, "A31"),
    _entry("home-made-seal-signer", "A home-made CSCA with the real one's name and key id certified the signer.",
           _case(_vds, _Sealing(by_forger=True)), Right(failed(seal__chain="issuer-forged")), "A04"),
    _entry("seal-of-a-neighbour", "Utopia's signer seals in its neighbour's name.", _case(_of_a_neighbour),
           Right(failed(seal__country="country-differs")), "A13"),
    _entry("revoked-seal-signer", "The signer of the seal was taken back.", _revoked,
           Right(failed(seal__crl="signer-revoked")), "A14"),
    _entry("seal-of-tomorrow", "The seal is dated tomorrow.", _case(_on_day(1)),
           Right(failed(seal__validity="dated-ahead"))),
    _entry("unsigned-seal", "A barcode that looks like a seal, and that nobody signed.", _case(_unsigned),
           Right(undetermined(seal__signature="not-signed", seal__chain="signer-unknown",
                              seal__validity="signer-unknown", seal__purpose="signer-unknown",
                              seal__country="signer-unknown"))),
    _entry("seal-bomb", "A packed seal of 80 KB that unpacks to 64 MB.", _case(_bomb), GARBLED, "A21"),
    _entry("doubled-member", "A VDS-NC names two holders, one for each kind of reader.",
           _case(_doubled_member, TEST_SEALING), GARBLED),
    _entry("deep-json", "5,000 brackets within each other.", _case(_deep), GARBLED, "A22"),
    _entry("two-seals", "Two seals in one picture: nobody can say which belongs to the paper.",
           _case(_in_a_picture("DataMatrix", "DataMatrix")), Right(refused="two-seals"), "A32"),
    _entry("huge-picture", "The picture of the seal claims 60,000 x 60,000 pixels.", _case(_huge_picture),
           Right(refused="picture-refused"), "A23"),
    _entry("boarding-pass", "The code in the picture is no seal.", _case(_boarding_pass), Right(refused="not-a-seal")),
    # Genuine ones
    _entry("seal-vds", "A visa, sealed.", _case(_vds, printed=True)),
    _entry("seal-vds-p224", "The same by a signer on P-224.", _case(_vds, _Sealing(curve=ec.SECP224R1()))),
    _entry("seal-vds-p521", "The same by a signer on P-521.", _case(_vds, _Sealing(curve=ec.SECP521R1()))),
    _entry("seal-idb", "A visa in ICAO's datastructure for barcodes.", _case(_idb(), printed=True)),
    _entry("seal-idb-packed", "The same, packed.", _case(_idb(packed=True))),
    _entry("seal-idb-certified", "The same, packed, with its signer in it, whom nobody needs to know before.",
           _case(_idb(packed=True, certified=True), known=False)),
    _entry("seal-vds-nc", "A test result as VDS-NC.", _case(_vds_nc, TEST_SEALING, known=False)),
    _entry("seal-in-a-picture", "A scan of a visa with its DataMatrix.", _case(_in_a_picture("DataMatrix"))),
    _entry("seal-in-a-qr-code", "The same as a QR code.", _case(_in_a_picture("QRCode"))),
    _entry("seal-in-an-aztec-code", "The same as an Aztec code.", _case(_in_a_picture("Aztec"))),
    _entry("seal-in-pdf417", "The same in PDF417.", _case(_in_a_picture("PDF417"))),
)  # fmt: skip
