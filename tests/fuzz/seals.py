"""The doors of seals: each kind's bytes, the text that a person pastes, and the picture before any decoder sees it."""

import base64
import random
from datetime import date

from edge.inspection.barcode_process import refused_by_its_header
from icao.pki.certificates import parse_certificate
from icao.pki.trust import TrustedSet
from icao.seals import c40, idb, reader, strict_json, vds
from icao.seals.verify import verify
from icao.tlv import Garbled
from simulators.issuing import seals
from simulators.issuing.certificates import signer_period
from simulators.issuing.state import State
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target

ZONE = ("VCUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C36UTO7408122F2704151<<<<<<<<")


def targets(state: State, today: date) -> list[Target]:
    own = seals.make_seal_signer(state.issuer, state.spec, signer_period(today), ["V", "VC", "NV"])
    trust = TrustedSet([parse_certificate(state.csca_der)], [parse_certificate(own.der)])
    features = seals.visa_features(ZONE, "L898902C3", 90)
    visas = [seals.vds_seal(own, seals.VISA, features, today, version) for version in (3, 4)]
    messages = [(9, c40.encode("123456")), (0x84, bytes.fromhex("009B5D88")), (1, b"".join(map(_object, features)))]
    barcodes = [
        seals.idb_seal(own, messages, today, packed=packed, certified=certified).encode()
        for packed in (False, True)
        for certified in (False, True)
    ]
    proofs = [seals.vds_nc_seal(own, "icao.vacc", {"pid": {"n": "ANNA", "i": "L898902C3"}, "ve": [1, {}]}).encode()]
    pictures = [seals.picture(visas[0])[:200], b"BM" + bytes(40), b"\xff\xd8\xff\xc0\x00\x11\x08\x01\x00\x01\x00\x03"]

    def judged(data: bytes) -> None:
        verify(reader.parse(data), trust, today)

    return [
        Target("seal vds", lambda chance: garbage(visas, chance), judged, (Garbled,)),
        Target("seal barcode", lambda chance: _within(barcodes, chance), judged, (Garbled,)),
        Target("seal barcode, packed", lambda chance: garbage([_packed(barcodes[2])], chance), idb.unpack, (Garbled,)),
        Target("seal vds-nc", lambda chance: garbage(proofs, chance), judged, (Garbled,)),
        Target("seal json", lambda chance: garbage(proofs, chance), _json, (Garbled,)),
        Target("seal pasted", lambda chance: _pasted(visas, chance), reader.parse_text, (Garbled,)),
        Target("seal c40", lambda chance: garbage([visas[0][4:10]], chance), c40.decode, (Garbled,)),
        Target("seal picture header", lambda chance: garbage(pictures, chance), refused_by_its_header),
    ]


def _object(feature: tuple[int, bytes]) -> bytes:
    return vds.message(b"", [feature])


def _packed(barcode: bytes) -> bytes:
    text = barcode[5:].decode()
    return base64.b32decode(text + "=" * (-len(text) % idb.BASE32_BLOCK))


def _within(barcodes: list[bytes], chance: random.Random) -> bytes:
    """Mostly spoilt below the base32, where spoilt text would never lead."""
    if chance.random() < 0.3:
        return garbage(barcodes, chance)
    chosen = chance.choice(barcodes)
    spoilt = garbage([_packed(chosen)], chance)
    return chosen[:5] + base64.b32encode(spoilt).rstrip(b"=")


def _json(data: bytes) -> None:
    strict_json.loads(data.decode("utf-8", "replace"))


def _pasted(visas: list[bytes], chance: random.Random) -> str:
    return garbage([visa.hex().encode() for visa in visas], chance).decode("latin-1")
