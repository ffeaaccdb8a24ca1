"""How does a device join its region over a network, and stay in it? It asks, is answered, and swaps its identity.

The first time nobody knows anybody: the claim code names the CA of the gateway's servers, so the CA is fetched first,
compared, and only then is a connection made that the CA must prove and that the code is told on. From then on the
device's own signing key proves it, even when its certificate has ended.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from msgspec import structs

from edge.identity.asking import EnrolmentRefused, Link
from edge.identity.files import Files, IdentityFolder, files_of, request_pem
from edge.identity.tls import unnamed_context
from edge.outbox.clock import Stamp
from messages.claim import BadClaim, Claim
from messages.enrolment import (
    CA_PATH,
    ENROL_PATH,
    NONCE_PATH,
    RENEW_PATH,
    BadRequest,
    Enrolled,
    EnrolRequest,
    RenewRequest,
    enrol_text,
    read_enrolled,
    read_nonce,
    renew_text,
    write,
)
from messages.keys import DeviceKey, device_of

OTHER_KEY: Final = ("device-known", "claim-used")  # perhaps with the other key that lies here
LOST: Final = "Enrol it with a new claim; if its keys are lost, revoke the device and claim a new name for it."
Answer = TypeVar("Answer", bytes, Enrolled)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal asks with: the files that will count once it is answered, and the key that signs from then on."""

    folder: IdentityFolder
    request: RenewRequest
    files: Files

    def keep(self, enrolled: Enrolled) -> None:
        """The one step that counts is the last: identity.toml is replaced. An answer for another device is refused."""
        _expect(enrolled, self.request.device)
        self.folder.keep(enrolled, self.request.device, self.files)


def enrol_at(at: str, code: str, identity: Path, post: str, device: str, now: Callable[[], Stamp]) -> None:
    """May be repeated with the same claim until it is answered, and with a new one at any time: the device's signing
    keys stay as they are, and nothing that counts is replaced before the answer is there."""
    try:
        claim = Claim.read(code)
    except BadClaim as error:
        raise EnrolmentRefused("claim-unreadable", f"This is no claim code: {error}.", "Type it again.") from None
    folder = IdentityFolder(identity)
    folder.make()
    with folder.alone():
        ca, files = _proven_ca(at, claim), _next_files(folder)
        folder.write(files.ca, ca, secret=False)
        link = Link(at, unnamed_context(identity / files.ca, now))
        csr = request_pem(device, folder.tls_key(files.key))

        def ask(signing: str, before: str | None) -> Enrolled:
            signer = _signer(folder, signing, _known_kid(folder, device) if signing == files.signing else device)
            older = None if before is None else _signer(folder, before, device)
            bare = EnrolRequest(claim=code, device=device, post=post, csr=csr, public=signer.public, proof=b"")
            return _enrolled(link, bare, signer, older)

        signing, enrolled = _first_known(ask, folder.signing_names(files.signing))
        _expect(enrolled, device)
        folder.keep(enrolled, device, replace(files, signing=signing))


def _first_known(ask: Callable[[str, str | None], Enrolled], names: list[str]) -> tuple[str, Enrolled]:
    """The key that counts; then one whose rotation was asked for and whose answer was lost: the gateway may know it
    alone by now. It is told of the key before, which signed until now."""
    before = None
    for name in names[:-1]:
        try:
            return name, ask(name, before)
        except EnrolmentRefused as error:
            if error.code not in OTHER_KEY:
                raise
        before = name
    return names[-1], ask(names[-1], before)


def _enrolled(link: Link, bare: EnrolRequest, signer: DeviceKey, older: DeviceKey | None) -> Enrolled:
    """A gateway that is older than this device refuses what it cannot read: it is asked as it knows."""
    request = _signed_by(bare, signer, older)
    try:
        return _ask_to_enrol(link, request)
    except EnrolmentRefused as error:
        plain = _signed_by(bare, replace(signer, kid=signer.device), None)
        if error.code != "bad-request" or plain == request:
            raise
    return _ask_to_enrol(link, plain)


def _ask_to_enrol(link: Link, request: EnrolRequest) -> Enrolled:
    return _answer(lambda: read_enrolled(link.ask("POST", ENROL_PATH, write(request))))


def _signed_by(bare: EnrolRequest, signer: DeviceKey, older: DeviceKey | None) -> EnrolRequest:
    kid = "" if signer.kid == bare.device else signer.kid
    text = enrol_text(bare.device, bare.post, bare.csr, bare.public, kid)
    before = b"" if older is None else older.sign(text)
    return structs.replace(bare, proof=signer.sign(text), kid=kid, before=before)


def renew_at(at: str, identity: Path, now: Callable[[], Stamp], *, new_key: bool = False) -> None:
    """A new certificate over a new TLS key, and with ``new_key`` a new signing key, signed for by the old one."""
    folder = expect_enrolled(IdentityFolder(identity))
    with folder.alone():
        files = _known_files(folder)
        link = Link(at, unnamed_context(identity / files.ca, now, identity / files.certificate))
        nonce = _answer(lambda: read_nonce(link.ask("GET", NONCE_PATH)))
        renewal = prepare(identity, nonce, new_key=new_key)
        renewal.keep(_answer(lambda: read_enrolled(link.ask("POST", RENEW_PATH, write(renewal.request)))))


def expect_enrolled(folder: IdentityFolder) -> IdentityFolder:
    """Raises EnrolmentRefused where there is no identity."""
    _known(folder)
    return folder


def prepare(identity: Path, nonce: bytes, *, new_key: bool = False) -> Renewal:
    """A new key that lies there already was asked for before, and perhaps answered: it is asked for again."""
    folder = IdentityFolder(identity)
    known, files = _known(folder), _known_files(folder)
    device, kid = str(known["device"]), str(known.get("kid", known["device"]))
    following = files.following(new_signing=True)
    changes_key = new_key or (identity / following.signing).exists()
    if not changes_key:
        following = files.following(new_signing=False)
    signer = _signer(folder, files.signing, kid)
    follower = _signer(folder, following.signing, device) if changes_key else None
    public = None if follower is None else follower.public
    csr = request_pem(device, folder.tls_key(following.key))
    return Renewal(folder, _signed(device, nonce, csr, signer, follower, public), following)


def _signed(
    device: str, nonce: bytes, csr: bytes, signer: DeviceKey, follower: DeviceKey | None, public: bytes | None
) -> RenewRequest:
    bare = RenewRequest(device=device, kid=signer.kid, nonce=nonce, csr=csr, signature=b"", public=public)
    text = renew_text(bare)
    proof = None if follower is None else follower.sign(text)
    return RenewRequest(
        device=device, kid=signer.kid, nonce=nonce, csr=csr, signature=signer.sign(text), public=public, proof=proof
    )


def _proven_ca(at: str, claim: Claim) -> bytes:
    """Fetched from whoever answers, believed because the claim names it: nothing secret is sent before this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    pem = Link(at, context).ask("GET", CA_PATH)
    with suppress(ValueError):
        if (named := claim.proven(pem)) is not None:
            return named
    message = f"Whoever answers at {at} is not the gateway that made this claim."
    raise EnrolmentRefused("other-gateway", message, "Check the address; if it is right, somebody stands in between.")


def _answer(asked: Callable[[], Answer]) -> Answer:
    """Of an older gateway, or of somebody who is none."""
    try:
        return asked()
    except BadRequest as error:
        raise EnrolmentRefused("no-answer", str(error), "Update this device, or the gateway.") from None


def _expect(enrolled: Enrolled, device: str) -> None:
    if device_of(enrolled.kid) != device:
        raise EnrolmentRefused("no-answer", "The gateway answered for another device.", "Try again.")


def _known(folder: IdentityFolder) -> dict[str, object]:
    try:
        known = folder.known()
    except ValueError:
        known = None
    if known is None or "device" not in known:
        raise EnrolmentRefused("not-enrolled", f"There is no identity in {folder.folder}.", "Enrol this device.")
    return known


def _known_kid(folder: IdentityFolder, device: str) -> str:
    """The name of the signing key that counts; the first one's where an identity is damaged, or another device's."""
    with suppress(ValueError):
        kid = str((folder.known() or {}).get("kid", ""))
        return kid if device_of(kid) == device else device
    return device


def _known_files(folder: IdentityFolder) -> Files:
    try:
        return files_of(_known(folder))
    except (ValueError, TypeError):
        message = f"The identity in {folder.folder} is damaged."
        raise EnrolmentRefused("damaged", message, LOST) from None


def _next_files(folder: IdentityFolder) -> Files:
    """Where an enrolment may write. Behind a damaged identity.toml, or none, nothing counts but signing keys."""
    try:
        known = folder.known()
        return Files() if known is None else files_of(known).following(new_signing=False)
    except (ValueError, TypeError):
        return Files()


def _signer(folder: IdentityFolder, name: str, kid: str) -> DeviceKey:
    try:
        return folder.signing_key(name, kid)
    except ValueError:
        raise EnrolmentRefused("damaged", f"The key {name} in {folder.folder} is damaged.", LOST) from None
