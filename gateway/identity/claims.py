"""How does a new device prove that it was invited, and know whom it talks to? By one code that is good once.

The code holds a secret of 128 random bits and the beginning of the digest of the servers' CA: the gateway knows the
device by the secret, the device knows the gateway by the digest, before anything else passes between them. The store
keeps a digest of the secret, so that whoever reads the store can claim nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.store.connection import Connection
from messages.claim import SECRET_BYTES, Claim

HOURS_DEFAULT: Final = 24
HOURS_MAX: Final = 24 * 30
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """A claim that nobody has used yet."""

    device: str
    post: str
    ends_ms: int


class Claims:
    """The claims of one store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def make(self, post: str, device: str, servers_ca_pem: bytes, now_ms: int, hours: int = HOURS_DEFAULT) -> str:
        """A new code for this device; an unused older one is good no more. Within the caller's transaction."""
        secret = secrets.token_bytes(SECRET_BYTES)
        self._connection.execute("DELETE FROM claims WHERE device = ? AND public IS NULL", (device,))
        self._connection.execute(
            "INSERT INTO claims (digest, device, post, made_ms, ends_ms) VALUES (?, ?, ?, ?, ?)",
            (_digest(secret), device, post, now_ms, now_ms + hours * HOUR_MS),
        )
        return Claim.of(secret, servers_ca_pem).code

    def use(self, claim: Claim, post: str, device: str, public: bytes, now_ms: int) -> None:
        """Within the transaction of the enrolment: used and enrolled, or neither.

        The same device may ask again with the same key, for its answer may have been lost on the way. Raises
        GatewayError for anybody else.
        """
        found = self._connection.execute(
            "SELECT device, post, ends_ms FROM claims WHERE digest = ?", (_digest(claim.secret),)
        ).fetchone()
        if found is None:
            raise GatewayError("claim-unknown", "This gateway knows no such claim.", "Type it again, or ask for one.")
        if found["ends_ms"] <= now_ms:
            raise GatewayError("claim-ended", "This claim has ended.", "Ask for a new one.")
        if (found["device"], found["post"]) != (device, post):
            raise GatewayError("claim-elsewhere", "This claim is for another device or post.", "Ask for one for it.")
        # Asked and marked in one statement: of two that come at the same moment, at two workers, one is told that.
        used = self._connection.execute(
            "UPDATE claims SET public = ? WHERE digest = ? AND (public IS NULL OR public = ?)",
            (public, _digest(claim.secret), public),
        )
        if used.rowcount != 1:
            raise GatewayError("claim-used", "This claim was used already.", "If not by you, revoke that device.")

    def end(self, device: str) -> bool:
        """No code for this device is good any more; False: there was none. Within the caller's transaction."""
        return self._connection.execute("DELETE FROM claims WHERE device = ?", (device,)).rowcount > 0

    def open(self, now_ms: int) -> list[OpenClaim]:
        rows = self._connection.execute(
            "SELECT device, post, ends_ms FROM claims WHERE public IS NULL AND ends_ms > ? ORDER BY device", (now_ms,)
        )
        return [OpenClaim(row["device"], row["post"], row["ends_ms"]) for row in rows]


def _digest(secret: bytes) -> bytes:
    """No slow hash and no salt: 128 random bits cannot be tried."""
    return hashlib.sha256(secret).digest()
