"""Is this our broker? TLS 1.3 with both certificates, whose dates are judged by the post's own time.

OpenSSL would ask the system's clock, and a device that wakes in 1970 would take every certificate for one of the future
and never come online again to learn the time. So its check of dates is switched off, and done here, between the
handshake and the first byte that is sent. Everything else stays OpenSSL's: chain, name, usage, signature.

A time that is in doubt is the least that a certificate must reach, but at most until the device's own ends: a clock
that was ahead once, perhaps by years, leaves such a time behind, and must not lock the device out until it has come.
"""

import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from edge.identity.validity import Validity
from edge.outbox.clock import Stamp

HANDSHAKE_LIMIT_S: Final = 3.0
NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, x509_vfy.h; ssl has no name for it


class PostContext(ssl.SSLContext):
    """``now`` is the clock of the post; ``own_end`` is when its own certificate ends, if it has one."""

    now: Callable[[], Stamp]
    own_end: datetime | None


def context(ca: Path, cert: Path, key: Path, now: Callable[[], Stamp]) -> PostContext:
    """Made for each connection, so that a certificate that was renewed meanwhile is taken. Raises OSError."""
    made = unnamed_context(ca, now, cert)
    made.load_cert_chain(cert, key)
    return made


def unnamed_context(ca: Path, now: Callable[[], Stamp], own: Path | None = None) -> PostContext:
    """For whoever has no certificate yet, or one (``own``) that has ended: he proves himself by what he sends."""
    made = PostContext(ssl.PROTOCOL_TLS_CLIENT)
    validity = None if own is None else Validity.if_readable(own)
    made.now, made.own_end = now, None if validity is None else validity.ends
    made.sslsocket_class = PostSocket
    made.minimum_version = ssl.TLSVersion.TLSv1_3  # E12
    made.verify_flags |= NO_CHECK_TIME
    made.load_verify_locations(ca)
    return made


class PostSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails or hangs; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(HANDSHAKE_LIMIT_S)
        try:
            super().do_handshake(block)
            if isinstance(self.context, PostContext):
                expect_dates(self.getpeercert(binary_form=True) or b"", self.context.now(), self.context.own_end)
        except BaseException:
            self.close()
            raise


def expect_dates(certificate_der: bytes, now: Stamp, own_end: datetime | None = None) -> None:
    """Raises SSLCertVerificationError (E15). A clock that is not believed is still a floor: what had ended by then has
    ended, but nobody can say of a certificate that it has not begun."""
    certificate = load_der_x509_certificate(certificate_der)
    at_least = min(now.judging, own_end) if now.in_doubt and own_end is not None else now.judging
    if at_least > certificate.not_valid_after_utc:
        raise ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED: the broker's certificate has ended")
    if not now.in_doubt and now.judging < certificate.not_valid_before_utc:
        raise ssl.SSLCertVerificationError(
            "CERTIFICATE_VERIFY_FAILED: the broker's certificate begins later: look at the clock of this device"
        )
