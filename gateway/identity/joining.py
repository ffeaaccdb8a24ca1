"""How does a device come in, stay, and go? A claim lets it in once, its own key renews it, a command ends it.

Each of these is one transaction. Bad input is a GatewayError with a sentence for whoever stands at the device.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict

from gateway.care.keys_since import write_keys
from gateway.care.ledger import Entry, write_down
from gateway.errors import GatewayError
from gateway.identity.authority import Authority
from gateway.identity.certificates import GRACE_DAYS
from gateway.identity.certifier import Asked, Certifier, check_names, check_post
from gateway.identity.claims import HOURS_DEFAULT, HOURS_MAX, Claims, OpenClaim
from gateway.identity.register import RETIRED_DAYS, Device, Register
from gateway.identity.revocation import REASON_MAX_CHARS, write_lists
from messages.claim import BadClaim, Claim
from messages.enrolment import Enrolled, EnrolRequest, RenewRequest, enrol_text, renew_text
from messages.keys import KeyRecord, verified

NOT_YOURS: Final = "If this device is yours, its key was copied or restored: revoke it and enrol it under a new name."


@dataclass(frozen=True, slots=True, repr=False)
class NewClaim:
    """``code`` is told once and kept nowhere. ``known``: it brings back an enrolled device, which has its keys."""

    code: str
    ends: datetime
    known: bool


class Shown(TypedDict):
    """A device as ``device show --json`` tells it (docs/contract.md, 13.6)."""

    device: str
    post: str
    state: str
    keys: list[dict[str, str]]
    certificate_ends: str | None
    last_event: str | None  # by the device's own clock
    claim: dict[str, str] | None


class Joining:
    """The doors of one region."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def claim(self, post: str, device: str, now: datetime, hours: int = HOURS_DEFAULT) -> NewClaim:
        check_names(post, device)
        if not 1 <= hours <= HOURS_MAX:
            raise GatewayError("bad-hours", f"A claim is good for 1 to {HOURS_MAX} hours.", "Set --hours.")
        with self._authority.certifying(now, device) as certifier:
            known = certifier.register.device(device)
            if known is not None and known.revoked:
                raise GatewayError("revoked", f"Device {device} is revoked.", "Claim a new name.")
            if known is not None:
                check_post(known, post)
            ca = self._authority.servers_ca().read_bytes()
            code = Claims(certifier.connection).make(post, device, ca, certifier.now_ms, hours)
        return NewClaim(code, now + timedelta(hours=hours), known is not None)

    def enrol(self, request: EnrolRequest, now: datetime) -> Enrolled:
        text = enrol_text(request.device, request.post, request.csr, request.public, request.kid)
        try:
            claim = Claim.read(request.claim)
        except BadClaim:
            raise GatewayError("claim-unknown", "This gateway knows no such claim.", "Type it again.") from None
        if not verified(request.public, text, request.proof):
            raise GatewayError("bad-signature", "The request is not signed by the key that it brings.")
        with self._authority.certifying(now, request.device) as certifier:
            Claims(certifier.connection).use(claim, request.post, request.device, request.public, certifier.now_ms)
            asked = Asked(request.csr, request.public, request.post, request.device, request.kid)
            certified = certifier.enrol(asked)
            if _hear_out(certifier, certified.record, text, request.before) or certified.fresh:
                write_keys(self._authority.state, [certified.record], certifier.now_ms)
        return self._authority.welcome(request.post, certified.record.kid, certified.certificate)

    def renew(self, request: RenewRequest, now: datetime) -> Enrolled:
        """A new certificate, and a new signing key if the request brings one.

        One that was answered and whose answer was lost may be asked again, however late: the same new key is taken
        from a device that still signs with the old one.
        """
        with self._authority.certifying(now, request.device) as certifier:
            record, newest = certifier.register.key(request.kid), certifier.register.device(request.device)
            if record is None or newest is None or record.device != request.device:
                raise GatewayError("unknown-device", "This gateway knows no such device.", "Enrol it.")
            _check_not_revoked(record, newest, request)
            if not verified(record.public, renew_text(request), request.signature):
                raise GatewayError("bad-signature", "The request is not signed by the device's key.", NOT_YOURS)
            _check_in_time(certifier, request.device, now)
            kid = _signing_key(certifier, record, newest, request)
            certificate = certifier.certificate(request.device, request.csr)
            if kid != record.kid:
                write_keys(self._authority.state, [certifier.register[kid]], certifier.now_ms)
        return self._authority.welcome(record.post, kid, certificate)

    def hear(self, device: str, now: datetime) -> tuple[str, datetime]:
        """The key before its newest is taken for 30 days from now: which one, and until when.

        What a post signed with it waits there, however long it was cut off, and is sent again until it is stored. But
        somebody must vouch for that: in the hands of a thief the key would tell as much, for as long.
        """
        with self._authority.certifying(now, device) as certifier:
            newest = certifier.register.device(device)
            if newest is None:
                raise GatewayError("unknown-device", f"This gateway knows no device {device}.", "See: device show")
            if newest.revoked:
                raise GatewayError("revoked", f"Device {device} is revoked: nothing of it is taken.")
            before = certifier.register.before(newest.kid)
            if before is None:
                raise GatewayError("one-key", f"Device {device} has had no key before {newest.kid}.")
            certifier.register.retire_anew(before.kid, certifier.now_ms)
            write_keys(self._authority.state, [newest], certifier.now_ms)  # a restore gives the one before its days
        return before.kid, now + timedelta(days=RETIRED_DAYS)

    def revoke(self, device: str, reason: str, now: datetime) -> bool:
        """Its keys, its certificates and its unused claims, at once. The broker's lists are written anew.

        False: it was invited alone. Its claim has ended, and the name may be claimed again.
        """
        with self._authority.certifying(now, device) as certifier:
            invited = Claims(certifier.connection).end(device)
            if not certifier.register.revoke_within(device):
                if invited:
                    return False
                raise GatewayError("unknown-device", f"This gateway knows no device {device}.", "See: device show")
            certifier.register.revoke_certificates(device, reason[:REASON_MAX_CHARS], certifier.now_ms)
            write_down(self._authority.state, Entry("revoked", device, reason[:REASON_MAX_CHARS], certifier.now_ms))
            write_lists(self._authority.state / "broker", certifier.issuer, certifier.register, now)
        return True

    def show(self, now: datetime) -> list[Shown]:
        """Every device, and everybody who was invited and has not come."""
        with closing(self._authority.open_store()) as connection:
            devices = Register(connection).known()
            heard = Register(connection).last_events()
            claims = {claim.device: claim for claim in Claims(connection).open(int(now.timestamp() * 1000))}
        shown = [_shown(device, claims.pop(device.device, None), heard) for device in devices]
        return shown + [
            _shown(Device(claim.device, claim.post, "invited", (), None), claim, heard) for claim in claims.values()
        ]


def _shown(device: Device, claim: OpenClaim | None, heard: Mapping[str, int]) -> Shown:
    return {
        "device": device.device,
        "post": device.post,
        "state": device.state,
        "keys": [{"kid": kid, "state": state} for kid, state in device.keys],
        "certificate_ends": device.certificate_ends,
        "last_event": _time(heard[device.device]) if device.device in heard else None,
        "claim": None if claim is None else {"ends": _time(claim.ends_ms)},
    }


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def _hear_out(certifier: Certifier, newest: KeyRecord, text: bytes, signature: bytes) -> bool:
    """What a device signed until it came by a claim is still to come, when its change of keys was not answered.

    It proves the older key, too: else an enrolment would give a stolen one, long followed, another 30 days.
    """
    before = certifier.register.before(newest.kid)
    if before is None or not verified(before.public, text, signature):
        return False
    certifier.register.retire_anew(before.kid, certifier.now_ms)
    return True


def _check_in_time(certifier: Certifier, device: str, now: datetime) -> None:
    """A post that was cut off comes back by itself for a month; after that somebody should have a look at it."""
    ends = certifier.register.certificate_ends(device)
    if ends is not None and now > ends + timedelta(days=GRACE_DAYS):
        message = f"The certificate of {device} ended more than {GRACE_DAYS} days ago."
        raise GatewayError("too-late", message, "Make a claim for it and enrol it again with its own keys.")


def _check_not_revoked(record: KeyRecord, newest: KeyRecord, request: RenewRequest) -> None:
    """A device is revoked when its newest key is. An older key is over 30 days after it was followed, and then renews
    nothing by itself; but whoever lost the answer to that change signs with it still, and proves the newest key, too.
    """
    if newest.revoked:
        raise GatewayError("revoked", f"Device {request.device} is revoked.", "Enrol under a new name.")
    if record.revoked and request.public != newest.public:  # a stolen old card takes no device back
        raise GatewayError("revoked", f"The key {record.kid} was followed by {newest.kid}, and has ended.", NOT_YOURS)


def _signing_key(certifier: Certifier, record: KeyRecord, newest: KeyRecord, request: RenewRequest) -> str:
    """The kid that the device signs with from now on."""
    public, proof = request.public, request.proof
    # Also when it is asked for again: whoever kept the old key alone may know what the new one is, and not hold it.
    if public is not None and (proof is None or not verified(public, renew_text(request), proof)):
        raise GatewayError("bad-signature", "The new key did not sign the request.")
    if public == newest.public:
        # Until now it signed with the old one, and what it tells of that time is still to come.
        certifier.register.retire_anew(record.kid, certifier.now_ms)
        return newest.kid
    if record.kid != newest.kid:  # two machines with one key: each would follow it with one of its own
        raise GatewayError("retired-key", f"The key {record.kid} was followed by {newest.kid}.", NOT_YOURS)
    if public is None:
        return newest.kid
    if certifier.register.owner(public) is not None:
        raise GatewayError("key-known", "The new key was somebody's before.", "Make another.")
    return certifier.register.follow(request.device, public, certifier.now_ms)
