"""What may a chip do to whoever reads it, and which verdict is right then? The hostile half of the catalogue.

Each case is a passport to lay on a reader (its ``chip_fault`` and ``secrets`` go with it), and what an inspection must
find: the result of the whole, and the checks that decide. Files that forgers changed before they wrote them to a chip
are the other half.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from icao.checks import Result
from icao.lds.security_infos import AES_128, PACE_DH_GM, PACE_ECDH_GM, TRIPLE_DES
from icao.tlv import write
from simulators.chip.faults import Fault
from simulators.chip.secrets import NO_SECRETS
from simulators.issuing import groups
from simulators.issuing.card_access import CHIP_MAPPING, pace_info, security_infos
from simulators.issuing.equipping import ONLY_BAC, USUAL, Mechanisms, equipped
from simulators.issuing.passports import Holder, Passport, Term, issue
from simulators.issuing.profile import Profile
from simulators.issuing.state import State

TERM: Final = Term(date(2025, 3, 1), date(2035, 2, 28))
NUMBER: Final = "U12345678"
P256: Final = 12
LONG_PORTRAIT_BYTES: Final = 40_000  # beyond what the short form of READ BINARY reaches

WITH_MAPPING: Final = Mechanisms(pace=CHIP_MAPPING)
WITH_POWERS: Final = Mechanisms(pace=f"{PACE_DH_GM}.{AES_128}", group_id=0)

States = Mapping[str, State]
Make = Callable[[States, Holder], Passport]


@dataclass(frozen=True, slots=True)
class Conversation:
    """``right`` are the mandatory checks that are not successful, each with its result and code."""

    name: str
    attack: str  # of the attack catalogue; empty for what is only broken
    says: str
    make: Make
    result: Result
    right: Mapping[str, tuple[Result, str]]


# --- genuine passports, and what is changed in them ---
def _issued(states: States, holder: Holder, mechanisms: Mechanisms, **files: bytes) -> Passport:
    """As its state issues it; ``files`` are data groups that replace or join the others before they are signed."""
    further = {int(name.removeprefix("DG")): content for name, content in files.items()}
    return issue(states["UTO"], holder, NUMBER, TERM, profile=Profile(chip=mechanisms, groups=further))


def _genuine(mechanisms: Mechanisms = USUAL) -> Make:
    return lambda states, holder: _issued(states, holder, mechanisms)


def _fault(fault: Fault, mechanisms: Mechanisms = USUAL) -> Make:
    return lambda states, holder: replace(_issued(states, holder, mechanisms), chip_fault=fault)


def _written(passport: Passport, **files: bytes | None) -> Passport:
    """Other files on the chip than the state signed; None takes one away."""
    kept = {name: content for name, content in {**passport.files, **files}.items() if content is not None}
    return replace(passport, files=MappingProxyType(kept))


def _with(mechanisms: Mechanisms = USUAL, **files: bytes | None) -> Make:
    return lambda states, holder: _written(_issued(states, holder, mechanisms), **files)


def _copy(*kept: str, mechanisms: Mechanisms = USUAL) -> Make:
    """The files of a chip, and of its secrets only what is named."""

    def make(states: States, holder: Holder) -> Passport:
        passport = _issued(states, holder, mechanisms)
        secrets = replace(NO_SECRETS, **{name: getattr(passport.secrets, name) for name in kept})
        return replace(passport, secrets=secrets)

    return make


def _other_key(name: str, mechanisms: Mechanisms = USUAL) -> Make:
    """One secret is that of another chip."""

    def make(states: States, holder: Holder) -> Passport:
        passport, other = (_issued(states, holder, mechanisms) for _ in range(2))
        return replace(passport, secrets=replace(passport.secrets, **{name: getattr(other.secrets, name)}))

    return make


def _weak_choice(states: States, holder: Holder) -> Passport:
    weak = pace_info(f"{PACE_ECDH_GM}.{TRIPLE_DES}", P256)
    return _written(_issued(states, holder, USUAL), CardAccess=security_infos([weak]))


def _unsigned_card_security(states: States, holder: Holder) -> Passport:
    """The forger's own EF.CardSecurity, signed by a state that nobody knows, and the key to it."""
    passport = _issued(states, holder, WITH_MAPPING)
    own = equipped(WITH_MAPPING, os.urandom, states["QZZ"].signer)
    secrets = replace(passport.secrets, chip_mapping=own.secrets.chip_mapping)
    return replace(_written(passport, CardSecurity=own.files["CardSecurity"]), secrets=secrets)


def _many_infos(states: States, holder: Holder) -> Passport:
    return _issued(states, holder, ONLY_BAC, DG14=groups.dg14(security_infos([pace_info()] * 10_000)))


def _long_portrait(fault: Fault | None) -> Make:
    def make(states: States, holder: Holder) -> Passport:
        long = replace(holder, portrait=holder.portrait + bytes(LONG_PORTRAIT_BYTES))
        return replace(_issued(states, long, USUAL), chip_fault=fault)

    return make


# --- verdicts ---
Right = tuple[Result, Mapping[str, tuple[Result, str]]]

GOOD: Final[Right] = (Result.SUCCESSFUL, {})


def _fails(**codes: str) -> Right:
    """The checks that fail, with ``__`` for a dot, and the code of each."""
    return Result.FAILED, {id.replace("__", "."): (Result.FAILED, code) for id, code in codes.items()}


def _undetermined(id: str, code: str) -> Right:
    return Result.UNDETERMINED, {id: (Result.UNDETERMINED, code)}


NOT_READ: Final = _fails(chip__read="garbled")
NOT_OPENED: Final = _fails(access="wrong-key")
FELL: Final = _fails(access="pace-to-bac")
WRONG_SIGNATURE: Final = _fails(aa="aa-signature-wrong")


UNSIGNED: Final[Right] = (
    Result.FAILED,
    {
        "chip.content": (Result.FAILED, "content-missing"),
        "aa": (Result.UNDETERMINED, "aa-not-bound"),
        "ca": (Result.UNDETERMINED, "ca-not-bound"),
    },
)


def _aborted(code: str) -> Right:
    return Result.ABORTED, {"chip.read": (Result.ABORTED, code)}


_ROWS: Final[tuple[tuple[str, str, str, Make, Right], ...]] = (
    # Copies
    ("copy-without-keys", "A01", "Copies every file of a modern chip.", _copy(),
     _fails(aa="aa-refused", ca="ca-refused")),
    ("old-copy-without-keys", "A01", "Copies every file of a chip that BAC opens.", _copy(mechanisms=ONLY_BAC),
     _fails(aa="aa-refused", ca="ca-refused")),
    ("copy-without-aa-key", "A01", "Has got the key of chip authentication only.", _copy("chip_authentication"),
     _fails(aa="aa-refused")),
    ("copy-without-ca-key", "A01", "Has got the key of active authentication only.", _copy("active_authentication"),
     _fails(ca="ca-refused")),
    ("copy-with-own-aa-key", "A01", "Signs with a key of its own.", _other_key("active_authentication"),
     WRONG_SIGNATURE),
    ("copy-with-own-ca-key", "A01", "Agrees with a key of its own.", _other_key("chip_authentication"),
     _fails(ca="ca-not-proven")),
    ("copy-that-stays", "A01", "Says yes to chip authentication and goes on in the old session.",
     _fault(Fault.STAYS_IN_SESSION), _fails(ca="ca-not-proven")),
    ("copy-with-own-mapping-key", "A01", "Does chip mapping with a key of its own.",
     _other_key("chip_mapping", WITH_MAPPING), _fails(cam="cam-not-proven")),
    ("copy-without-mapping-key", "A01", "Does chip mapping and makes its proof up.",
     _copy("active_authentication", "chip_authentication", mechanisms=WITH_MAPPING), _fails(cam="cam-not-proven")),
    ("unsigned-card-security", "A01", "Brings an EF.CardSecurity that no known state signed, with the key to it.",
     _unsigned_card_security, _undetermined("cam", "cam-not-bound")),
    ("without-card-security", "A01", "Offers chip mapping and hides the file that it is checked with.",
     _with(WITH_MAPPING, CardSecurity=None), _fails(cam="cam-key-missing")),
    ("stripped-copy", "A02", "Leaves out DG14 and DG15, and corrects EF.COM.",
     _with(ONLY_BAC, DG14=None, DG15=None, COM=groups.com((1, 2))),
     _fails(aa="aa-stripped", ca="ca-stripped", lds__dg_list="group-missing")),
    ("recorded-signature", "A18", "Replays a signature of the genuine chip.", _fault(Fault.RECORDED_SIGNATURE),
     WRONG_SIGNATURE),
    ("echoed-nonce", "A18", "Gives our own nonce back as its signature.", _fault(Fault.ECHOES_NONCE), WRONG_SIGNATURE),
    ("zero-signature", "A01", "Signs with zeros.", _fault(Fault.ZERO_SIGNATURE), WRONG_SIGNATURE),
    ("empty-signature", "A01", "Says 9000 and signs nothing.", _fault(Fault.EMPTY_SIGNATURE), WRONG_SIGNATURE),
    ("proof-in-clear", "A16", "Signs, and sends the signature in clear.", _fault(Fault.CLEAR_PROOF),
     _fails(aa="aa-broken-off")),
    ("drops-proofs", "A19", "Loses its session whenever it should prove itself.", _fault(Fault.DROPS_PROOFS),
     _fails(aa="aa-broken-off", ca="ca-not-proven")),
    # The way in
    ("pace-stripped", "A03", "Empties EF.CardAccess while DG14 offers PACE.",
     _with(CardAccess=security_infos(())), _fails(access="pace-stripped")),
    ("pace-hidden", "A03", "Takes EF.CardAccess away while DG14 offers PACE.", _with(CardAccess=None),
     _fails(access="pace-stripped")),
    ("pace-refused", "A03", "Offers PACE, does not do it, and waits for BAC.", _fault(Fault.REFUSES_PACE), FELL),
    ("pace-weakened", "A03", "Offers only triple DES in EF.CardAccess, and DG14 knows better.", _weak_choice,
     _fails(access="pace-stripped")),
    ("crowded-card-access", "A21", "Hides its offer among more infos than are read, and waits for BAC.",
     _with(CardAccess=security_infos([pace_info()] * 100)), _fails(access="pace-stripped")),
    ("huge-card-access", "A21", "Holds an EF.CardAccess of 60 KB.",
     _with(CardAccess=security_infos([write(0x30, bytes(60_000))])), NOT_READ),
    ("denies-access", "", "Answers to the right key that it is wrong.", _fault(Fault.DENIES_ACCESS), NOT_OPENED),
    ("counts-tries", "", "Answers so, takes longer each time, and counts down to the last try.",
     _fault(Fault.COUNTS_TRIES), NOT_OPENED),
    ("old-denies-access", "", "The same on a chip that only knows BAC.",
     _fault(Fault.COUNTS_TRIES, ONLY_BAC), NOT_OPENED),
    ("reflected-keys", "A17", "Throws our own PACE keys back.", _fault(Fault.REFLECTS), FELL),
    ("reflected-last-key", "A17", "Throws our last PACE key back.", _fault(Fault.REFLECTS_KEY), FELL),
    ("invalid-mapping-point", "A17", "Maps with a point off the curve.", _fault(Fault.OFF_CURVE), FELL),
    ("invalid-point", "A17", "Agrees with a point off the curve.", _fault(Fault.OFF_CURVE_KEY), FELL),
    ("point-at-infinity", "A17", "Agrees with the point at infinity.", _fault(Fault.INFINITY), FELL),
    ("zero-point", "A17", "Agrees with (0, 0).", _fault(Fault.ZERO_POINT), FELL),
    ("short-coordinates", "A17", "Sends coordinates a byte too short.", _fault(Fault.SHORT_POINT), FELL),
    ("long-coordinates", "A17", "Sends coordinates a byte too long.", _fault(Fault.LONG_POINT), FELL),
    ("small-subgroup", "A17", "Maps with a Diffie-Hellman key outside the group.",
     _fault(Fault.SMALL_SUBGROUP, WITH_POWERS), FELL),
    ("power-of-one", "A17", "Maps with the Diffie-Hellman key 1.", _fault(Fault.ONE, WITH_POWERS), FELL),
    ("odd-nonce", "A17", "Sends a nonce of no whole blocks.", _fault(Fault.ODD_NONCE), FELL),
    ("no-nonce", "A17", "Sends an empty nonce.", _fault(Fault.NO_NONCE), FELL),
    ("long-nonce", "A17", "Sends a nonce beyond every limit.", _fault(Fault.LONG_NONCE), FELL),
    ("wrong-token", "A17", "Does not know the password and sends a wrong token.",
     _fault(Fault.WRONG_TOKEN), NOT_OPENED),
    ("reflected-token", "A17", "Sends our own token back.", _fault(Fault.REFLECTS_TOKEN), NOT_OPENED),
    ("short-token", "A17", "Sends the first byte of its token.", _fault(Fault.SHORT_TOKEN), NOT_OPENED),
    # Secure messaging
    *(
        (f"{age}{name}", attack, says, _fault(fault, mechanisms), NOT_READ)
        for age, mechanisms in (("", USUAL), ("old-", ONLY_BAC))
        for name, attack, says, fault in (
            ("sm-no-mac", "A15", "Answers without a MAC.", Fault.NO_MAC),
            ("sm-altered", "A15", "A bit of its answer was flipped on the way.", Fault.ALTERS),
            ("sm-other-status", "A15", "Its status word was changed on the way.", Fault.OTHER_STATUS),
            ("sm-replayed", "A15", "Sends its first answer again and again.", Fault.REPLAYS),
            ("sm-wrong-counter", "A15", "Its counter runs ahead.", Fault.WRONG_COUNTER),
            ("sm-standing-counter", "A15", "Its counter stands still.", Fault.STANDING_COUNTER),
            ("sm-unprotected", "A16", "Sends data and 9000 in clear.", Fault.UNPROTECTED),
            ("sm-6988", "A19", "Has lost its session at the first read, each time.", Fault.DESYNCS),
            ("sm-6700", "A19", "Refuses every length in clear.", Fault.REFUSES_LENGTHS),
            ("endless-61", "A20", "Its answer has always one more piece.", Fault.ENDLESS_PIECES),
            ("endless-6c", "A20", "Wants another Le each time.", Fault.WRONG_LE),
            ("one-byte-reads", "A20", "Gives one byte at a time.", Fault.ONE_BYTE_READS),
            ("endless-file", "A20", "Its DG2 never ends.", Fault.ENDLESS_FILE),
            ("huge-length", "A21", "Its DG2 claims 2 GB.", Fault.HUGE_LENGTH),
            ("malformed-length", "A21", "The length of its DG1 has nine bytes.", Fault.MALFORMED_TLV),
            ("swapped-files", "", "Gives EF.COM where DG1 is asked for.", Fault.SWAPS_FILES),
        )
    ),
    # Files
    ("more-than-asked", "A21", "Sends more of a file than is missing.", _long_portrait(Fault.OVERFLOWS), NOT_READ),
    ("wrong-far-object", "A21", "Wraps what lies beyond 32 KB in another data object.", _long_portrait(Fault.UNWRAPPED),
     NOT_READ),
    ("wrapped-offset", "A21", "Sends the beginning of a file again beyond 32 KB.", _long_portrait(Fault.WRAPS_OFFSETS),
     _fails(pa__dg_hash__2="group-altered")),
    ("long-portrait", "", "A genuine passport whose portrait reaches beyond 32 KB.", _long_portrait(None), GOOD),
    ("changing-file", "A25", "Opened again, it shows another portrait.", _fault(Fault.CHANGES_FILES),
     _fails(pa__dg_hash__2="group-altered")),
    ("stumbles", "A19", "A genuine chip that once answers 6700 in clear, as some do.", _fault(Fault.STUMBLES), GOOD),
    ("ten-thousand-infos", "A21", "Its state has signed a DG14 of 10,000 security infos.", _many_infos,
     _undetermined("ca", "ca-key-unreadable")),
    ("no-sod", "A02", "Says that there is no EF.SOD.", _with(SOD=None), UNSIGNED),
    ("lying-com", "A07", "Its EF.COM claims a group that nobody signed.", _with(COM=groups.com((1, 2, 14, 15, 16))),
     _fails(lds__dg_list="group-unsigned")),
    ("hiding-com", "A02", "Its EF.COM hides DG14 and DG15: nobody believes it.", _with(COM=groups.com((1, 2))), GOOD),
    ("shut-fingers", "", "A genuine chip whose DG3 needs terminal authentication.",
     lambda states, holder: _issued(states, holder, USUAL, DG3=groups.dg3(())), GOOD),
    # Broken
    ("silent", "", "Falls silent once it was opened.", _fault(Fault.SILENT), _aborted("silent")),
    ("error-6f00", "", "Answers 6F00 to everything.", _fault(Fault.ERROR_6F00), NOT_READ),
)  # fmt: skip

CONVERSATIONS: Final = tuple(
    Conversation(name, attack, says, make, *right) for name, attack, says, make, right in _ROWS
)
