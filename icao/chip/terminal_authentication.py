"""May this inspection system read fingers and irises? It proves so to the chip. (BSI TR-03110-1, 3.5; TR-03110-3, B.3)

Version 1, after chip authentication only: the terminal hands the chip its chain of CV certificates, and signs the
chip's challenge together with the key of that chip authentication, so that nobody between them can pass it on. It says
nothing about the document: its check is optional, and a post without certificates leaves it out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Final

from icao.checks import Check, Mode, Result
from icao.chip import apdu
from icao.chip.apdu import Ask, Command
from icao.chip.chip_authentication import Refused
from icao.pki.cvc import AUTHORITY, READ_DG3, READ_DG4, CvCertificate
from icao.pki.cvc_chain import path
from icao.tlv import Garbled, read, write

CHALLENGE_BYTES: Final = 8
MAX_REFERENCES: Final = 2  # in EF.CVCA: the present CVCA key, and the one before it
BAC_DATES: Final = 14  # of the key information, behind the document number and its digit

# TR-03110-3, B.3: the parameters of the commands, and the data object that holds a name.
SET_DST: Final = (0x81, 0xB6)
SET_AT: Final = (0x81, 0xA4)
VERIFY_CERTIFICATE: Final = (0x00, 0xBE)
TAG_REFERENCE: Final = 0x83


@dataclass(frozen=True, slots=True, repr=False)
class Terminal:
    """What an inspection system holds. ``sign`` may reach into a security module; an ECDSA signature is plain."""

    certificates: Sequence[CvCertificate]
    sign: Callable[[bytes], bytes]


def authorities(ef_cvca: bytes) -> tuple[str, ...]:
    """Whom the chip believes, the present key first. Raises Garbled."""
    names: list[str] = []
    place = 0
    while place < len(ef_cvca) and ef_cvca[place] and len(names) < MAX_REFERENCES:
        found, place = read(ef_cvca, place)
        if found.tag != AUTHORITY or not found.value:
            raise Garbled("EF.CVCA holds something else than references")
        names.append(found.value.decode("latin-1"))
    if not names:
        raise Garbled("EF.CVCA names nobody")
    return tuple(names)


def id_after_bac(key_information: str) -> bytes:
    """Who the chip is: the document number with its check digit. After PACE it is the chip's key, compressed.

    >>> id_after_bac("L898902C<369080619406236")
    b'L898902C<3'
    """
    return key_information[:-BAC_DATES].encode("ascii")


def run(ask: Ask, terminal: Terminal, known: Iterable[str], chip_id: bytes, our_key: bytes) -> Check:
    """``known`` are the chip's ``authorities``, ``our_key`` the compressed one of chip authentication.

    Raises Garbled or Silent as ``ask`` does.
    """
    chain = next((found for name in known if (found := path(terminal.certificates, name))), ())
    if not chain:
        return _check(Result.UNDETERMINED, "ta-no-chain", "We hold no certificates that this chip's state has signed.")
    try:
        for certificate in chain:
            _present(ask, certificate)
        _authenticate(ask, terminal, chain[-1], chip_id, our_key)
    except Refused as error:
        return _check(Result.FAILED, "ta-refused", f"The chip does not accept us: {error}.")
    return _check(Result.SUCCESSFUL, "", f"The chip lets us read {readable(rights(chain))}.")


def rights(chain: Iterable[CvCertificate]) -> int:
    """What every certificate of the chain grants; the chip's own trust point may grant less."""
    return reduce(and_, (certificate.rights for certificate in chain), READ_DG3 | READ_DG4)


def readable(rights: int) -> str:
    """
    >>> readable(READ_DG3 | READ_DG4), readable(0)
    ('DG3 and DG4', 'nothing more')
    """
    return " and ".join(name for bit, name in ((READ_DG3, "DG3"), (READ_DG4, "DG4")) if rights & bit) or "nothing more"


def signed_part(chip_id: bytes, challenge: bytes, our_key: bytes) -> bytes:
    """What the terminal signs, and the chip checks."""
    return chip_id + challenge + our_key


def _present(ask: Ask, certificate: CvCertificate) -> None:
    """One step down the chain: name the key that is to check, then the certificate."""
    name = write(TAG_REFERENCE, certificate.authority.encode("latin-1"))
    _accepted(
        ask(Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *SET_DST, name)), "the name of a certificate's signer"
    )
    command = Command(0x00, apdu.PERFORM_SECURITY_OPERATION, *VERIFY_CERTIFICATE, certificate.for_the_card)
    _accepted(ask(command), f"the certificate of {certificate.holder}")


def _authenticate(ask: Ask, terminal: Terminal, own: CvCertificate, chip_id: bytes, our_key: bytes) -> None:
    name = write(TAG_REFERENCE, own.holder.encode("latin-1"))
    _accepted(ask(Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *SET_AT, name)), "our name")
    challenge = ask(Command(0x00, apdu.GET_CHALLENGE, le=CHALLENGE_BYTES))
    _accepted(challenge, "a request for a challenge")
    if len(challenge.data) != CHALLENGE_BYTES:
        raise Refused(f"its challenge has {len(challenge.data)} bytes")
    signature = terminal.sign(signed_part(chip_id, challenge.data, our_key))
    _accepted(ask(Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=signature)), "our signature")


def _accepted(response: apdu.Response, what: str) -> None:
    if not response.ok:
        raise Refused(f"it answered {response.status:04X} to {what}")


def _check(result: Result, code: str, detail: str) -> Check:
    return Check("ta", result, Mode.OPTIONAL, detail, code=code)
