"""Which genuine chips are there? One for each way to open it, and for each way to prove it. (Doc 9303-11, 4 to 6)"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from icao.chip.active_authentication import SHA256
from icao.chip.domain_parameters import BY_ID
from icao.lds.security_infos import (
    AES_128,
    AES_192,
    AES_256,
    PACE_DH_GM,
    PACE_DH_IM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PACE_ECDH_IM,
    TRIPLE_DES,
)
from icao.mrz.layout import Format
from icao.pki.curves import BRAINPOOL_P256R1
from icao.pki.cvc import Role
from simulators.issuing import groups
from simulators.issuing.catalogue.entry import GENUINE, Case, Entry, Make
from simulators.issuing.catalogue.world import World
from simulators.issuing.chip_keys import ActiveAuthentication, ChipAuthentication, Parameters, make_pair
from simulators.issuing.equipping import BARE, USUAL, Mechanisms, rsa_key
from simulators.issuing.profile import P256, Profile
from simulators.issuing.terminals import ALL_RIGHTS, ec_key, make_cvca, terminal_of

CAN: Final = "836254"
CIPHERS: Final = {"3des": TRIPLE_DES, "aes128": AES_128, "aes192": AES_192, "aes256": AES_256}
GROUPS: Final = {
    "modp-1024-160": 0, "modp-2048-224": 1, "modp-2048-256": 2, "p192": 8, "bp192": 9, "p224": 10, "bp224": 11,
    "p256": 12, "bp256": 13, "bp320": 14, "p384": 15, "bp384": 16, "bp512": 17, "p521": 18,
}  # fmt: skip
CURVES: Final = tuple(name for name in GROUPS if not name.startswith("modp"))
PRIMES: Final = tuple(name for name in GROUPS if name.startswith("modp"))
# Every mapping over every group that it is for: curves of 192 and 224 bits are in the table, and read.
MAPPINGS: Final = (
    ("ecdh-gm", PACE_ECDH_GM, CURVES),
    ("dh-gm", PACE_DH_GM, PRIMES),
    ("ecdh-im", PACE_ECDH_IM, ("p256", "bp256", "bp384", "p521")),
    ("dh-im", PACE_DH_IM, PRIMES[:2]),
    ("ecdh-cam", PACE_ECDH_CAM, ("p256", "bp256", "bp384")),
)
BY_CIPHER: Final = (("ecdh-gm", PACE_ECDH_GM), ("ecdh-im", PACE_ECDH_IM), ("ecdh-cam", PACE_ECDH_CAM))


def _chip(mechanisms: Mechanisms) -> Make:
    return lambda world: world.case(world.with_chip(mechanisms))


def _pace(oid: str, group: str, cipher: str = "aes128") -> Mechanisms:
    return replace(BARE, pace=f"{oid}.{CIPHERS[cipher]}", group_id=GROUPS[group])


def _by_can(world: World) -> Case:
    """An identity card: three lines, a card access number, and no BAC."""
    card = Profile("TD1", "I", Mechanisms(can=CAN, bac=False, active=False))
    return replace(world.case(world.issue(profile=card)), can=CAN)


def _card(format: Format) -> Make:
    profile = Profile(format, "I", USUAL)
    return lambda world: world.case(world.issue(profile=profile))


def _keys(*keys: tuple[str, int | None, int | None], parameters: Parameters = Parameters.NAMED) -> Make:
    """Chip authentication by keys of (group, cipher, key id)."""

    def make(world: World) -> Case:
        made = tuple(
            ChipAuthentication(make_pair(BY_ID[GROUPS[group]], world.chance.randbytes, parameters), cipher, key_id)
            for group, cipher, key_id in keys
        )
        return world.case(world.with_chip(replace(BARE, chip_keys=made)))

    return make


def _rsa(bits: int, trailer: bytes = b"\xbc") -> Make:
    return lambda world: world.case(
        world.with_chip(replace(BARE, active_key=ActiveAuthentication(rsa_key(bits, 0), trailer)))
    )


def _ecdsa(group: str, announced: tuple[str, str] | None = None, *, der: bool = False) -> Make:
    """``announced`` is the hash that DG14 names."""

    def make(world: World) -> Case:
        pair = make_pair(BY_ID[GROUPS[group]], world.chance.randbytes)
        key = ActiveAuthentication(pair, announced=announced, der=der)
        return world.case(world.with_chip(replace(BARE, active_key=key)))

    return make


# --- fingers ---
def _fingers(world: World) -> Case:
    """Behind terminal authentication, and read by a terminal that the state let in."""
    validity = world.today - timedelta(days=30), world.today + timedelta(days=60)
    keys = [ec_key(BRAINPOOL_P256R1, world.chance.randbytes) for _ in range(3)]
    cvca = make_cvca("UTCVCA00001", keys[0], ALL_RIGHTS, validity)
    verifier = cvca.certify("UTDVXX00001", keys[1], Role.DV_DOMESTIC, ALL_RIGHTS, validity)
    terminal = verifier.certify("UTISNB00001", keys[2], Role.TERMINAL, ALL_RIGHTS, validity)
    chip = Mechanisms(active=False, trust_points=(cvca.certificate,))
    made = world.issue(profile=Profile(chip=chip, groups={3: groups.dg3([(6, b"WSQ")])}))
    return replace(world.case(made), wanted=(1, 2, 3), terminal=terminal_of(verifier, terminal))


def _entries() -> tuple[Entry, ...]:
    pace = [
        (
            f"genuine-pace-{mapping}-{group}",
            f"Opened by PACE, {mapping.upper()} over {group}.",
            _chip(_pace(oid, group)),
        )
        for mapping, oid, groups_of in MAPPINGS
        for group in groups_of
    ]
    ciphers = [
        (f"genuine-pace-{mapping}-{cipher}", f"Opened by PACE, {mapping.upper()} with {cipher}.",
         _chip(_pace(oid, "bp256", cipher)))
        for mapping, oid in BY_CIPHER
        for cipher in CIPHERS
        if not (oid == PACE_ECDH_CAM and cipher == "3des")
    ]  # fmt: skip
    chip = [
        (f"genuine-ca-{group}", f"Proves itself by chip authentication over {group}.",
         _keys((group, AES_128, None)))
        for group in GROUPS if group not in ("p192", "bp192")
    ]  # fmt: skip
    chip_ciphers = [
        (f"genuine-ca-{cipher}", f"Proves itself by chip authentication with {cipher}.", _keys(("bp256", number, None)))
        for cipher, number in CIPHERS.items()
    ]
    return tuple(Entry(name, says, make, GENUINE) for name, says, make in (*pace, *ciphers, *chip, *chip_ciphers))


MORE: Final = (
    Entry("genuine-bac", "Opened by Basic Access Control, and nothing to prove itself with.", _chip(BARE)),
    Entry("genuine-pace-only", "Nothing but PACE opens it.", _chip(replace(USUAL, bac=False))),
    Entry("genuine-pace-choice", "Offers PACE in three ways.",
          _chip(replace(USUAL, further_pace=((f"{PACE_ECDH_IM}.{AES_128}", P256), (f"{PACE_DH_GM}.{TRIPLE_DES}", 0))))),
    Entry("genuine-card-by-can", "An identity card of three lines, opened by its card access number.", _by_can),
    Entry("genuine-td1", "An identity card of three lines.", _card("TD1")),
    Entry("genuine-td2", "A card of two short lines.", _card("TD2")),
    Entry("genuine-ca-two-keys", "Two keys for chip authentication, with ids.",
          _keys(("bp256", AES_128, 1), ("bp384", AES_256, 2))),
    Entry("genuine-ca-key-alone", "DG14 holds the key, and no word about the protocol (France, 2017).",
          _keys(("bp256", None, None))),
    Entry("genuine-ca-explicit-curve", "The key's curve is spelled out.",
          _keys(("bp256", AES_128, None), parameters=Parameters.EXPLICIT)),
    Entry("genuine-ca-standardised", "The key's curve is named by its number.",
          _keys(("bp256", AES_128, None), parameters=Parameters.STANDARDISED)),
    Entry("genuine-ca-and-aa", "Proves itself in both ways.", _chip(USUAL)),
    Entry("genuine-aa-rsa-1024", "Active authentication by an RSA key of 1024 bits, SHA-1.", _rsa(1024)),
    Entry("genuine-aa-rsa-2048", "Active authentication by an RSA key of 2048 bits, SHA-1.", _rsa(2048)),
    Entry("genuine-aa-rsa-sha224", "The trailer names SHA-224.", _rsa(2048, b"\x38\xcc")),
    Entry("genuine-aa-rsa-sha256", "The trailer names SHA-256.", _rsa(2048, b"\x34\xcc")),
    Entry("genuine-aa-rsa-sha384", "The trailer names SHA-384.", _rsa(2048, b"\x36\xcc")),
    Entry("genuine-aa-rsa-sha512", "The trailer names SHA-512.", _rsa(2048, b"\x35\xcc")),
    Entry("genuine-aa-ecdsa", "Active authentication on a curve, the hash named in DG14.", _ecdsa("p256", SHA256)),
    Entry("genuine-aa-ecdsa-der", "The signature comes as DER (Portugal).", _ecdsa("p256", SHA256, der=True)),
    Entry("genuine-aa-ecdsa-bp320", "On a curve that OpenSSL lacks.", _ecdsa("bp320", SHA256)),
    Entry("genuine-aa-ecdsa-unannounced", "No DG14 names the hash.", _ecdsa("p384")),
    Entry("genuine-ta", "Fingers in DG3, read by a terminal with the state's leave.", _fingers),
)  # fmt: skip

ENTRIES: Final = (*_entries(), *MORE)
