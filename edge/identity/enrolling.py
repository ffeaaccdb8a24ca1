"""How does a device join its region over a network, and stay in it? It asks, is answered, and swaps its identity.

The first time nobody knows anybody: the claim code names the CA of the gateway's servers, so the CA is fetched first,
compared, and only then is a connection made that the CA must prove and that the code is told on. From then on the
device's own signing key proves it, even when its certificate has ended.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.identity.files import Files, IdentityFolder, files_of, request_pem
from edge.identity.tls import unnamed_context
from edge.outbox.clock import Stamp
from messages.claim import BadClaim, Claim
from messages.enrolment import (
    BODY_MAX_BYTES,
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
    renew_text,
    write,
)
from messages.keys import DeviceKey, device_of

ANSWER_LIMIT_S: Final = 10.0
PORT_MAX: Final = 65_535


class EnrolmentRefused(Exception):
    """Why it did not come about: ``code`` for programs, a sentence, and a cure. Nothing on the disk was changed."""

    def __init__(self, code: str, message: str, cure: str = "") -> None:
        super().__init__(f"{message} {cure}".strip())
        self.code, self.message, self.cure = code, message, cure


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
    """May be repeated with the same claim until it is answered: the keys in the folder stay the same."""
    try:
        claim = Claim.read(code)
    except BadClaim as error:
        raise EnrolmentRefused("claim-unreadable", f"This is no claim code: {error}.", "Type it again.") from None
    folder, files = IdentityFolder(identity), Files()
    folder.make()
    folder.write(files.ca, _proven_ca(at, claim), secret=False)
    csr = request_pem(device, folder.tls_key(files.key))
    signer = folder.signing_key(files.signing, device)
    proof = signer.sign(enrol_text(device, post, csr, signer.public))
    request = EnrolRequest(claim=code, device=device, post=post, csr=csr, public=signer.public, proof=proof)
    link = _Link(at, unnamed_context(identity / files.ca, now))
    enrolled = _enrolled(link.ask("POST", ENROL_PATH, write(request)))
    _expect(enrolled, device)
    folder.keep(enrolled, device, files)


def renew_at(at: str, identity: Path, now: Callable[[], Stamp], *, new_key: bool = False) -> None:
    """A new certificate over a new TLS key, and with ``new_key`` a new signing key, signed for by the old one."""
    folder = expect_enrolled(IdentityFolder(identity))
    with folder.alone():
        link = _Link(at, unnamed_context(identity / _known_files(folder).ca, now))
        nonce = bytes.fromhex(str(json.loads(link.ask("GET", NONCE_PATH))["nonce"]))
        renewal = prepare(identity, nonce, new_key=new_key)
        renewal.keep(_enrolled(link.ask("POST", RENEW_PATH, write(renewal.request))))


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
    signer = folder.signing_key(files.signing, kid)
    follower = folder.signing_key(following.signing, device) if changes_key else None
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
    pem = _Link(at, context).ask("GET", CA_PATH)
    with suppress(ValueError):
        if (named := claim.proven(pem)) is not None:
            return named
    message = f"Whoever answers at {at} is not the gateway that made this claim."
    raise EnrolmentRefused("other-gateway", message, "Check the address; if it is right, somebody stands in between.")


class _Link:
    """One question, one connection."""

    def __init__(self, at: str, context: ssl.SSLContext) -> None:
        host, _, port = at.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > PORT_MAX:
            raise EnrolmentRefused("usage", f"{at!r} is no address.", "Write it as HOST:PORT.")
        self._at, self._host, self._port, self._context = at, host.strip("[]"), int(port), context

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            status, content = self._exchange(method, path, body)
        except ssl.SSLCertVerificationError as error:
            message = f"The gateway at {self._at} does not prove itself ({error.args[-1]})."
            raise EnrolmentRefused("other-gateway", message, "Check the address and the clocks.") from error
        except (OSError, http.client.HTTPException) as error:
            message = f"The gateway at {self._at} does not answer ({_why(error)})."
            raise EnrolmentRefused("no-answer", message, "Check the address and the line, and try again.") from error
        if status != http.HTTPStatus.OK:
            raise _refused(content)
        return content

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=ANSWER_LIMIT_S, context=self._context)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read(BODY_MAX_BYTES + 1)
        finally:
            connection.close()


def _why(error: Exception) -> str:
    """As a technician would say it on the telephone."""
    match error:
        case socket.gaierror():
            return "nobody here knows this name"
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return f"it kept silent for {ANSWER_LIMIT_S:.0f} s"
        case ssl.SSLError():
            return "what listens there is no enrolment"
        case _:
            return type(error).__name__


def _refused(content: bytes) -> EnrolmentRefused:
    try:
        error = json.loads(content)["error"]
        return EnrolmentRefused(str(error["code"]), str(error["message"]), str(error["cure"]))
    except (ValueError, KeyError, TypeError):
        return EnrolmentRefused("no-answer", "The gateway's answer cannot be read.", "Try again.")


def _enrolled(content: bytes) -> Enrolled:
    try:
        return read_enrolled(content)
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


def _known_files(folder: IdentityFolder) -> Files:
    try:
        return files_of(_known(folder))
    except (ValueError, TypeError):
        message = f"The identity in {folder.folder} is damaged."
        raise EnrolmentRefused("damaged", message, "Take the folder away and enrol again.") from None
