"""From when until when is this device's certificate good? Whoever renews it, or judges a time by it, asks here."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

ALARM_LEFT: Final = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Validity:
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, certificate: Path) -> "Validity":
        """Raises OSError or ValueError."""
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        return cls(read.not_valid_before_utc, read.not_valid_after_utc)

    @classmethod
    def if_readable(cls, certificate: Path) -> "Validity | None":
        """None of one that is missing or damaged: who needs it will say so."""
        with suppress(OSError, ValueError):
            return cls.of(certificate)
        return None

    def due(self, now: datetime) -> bool:
        return now >= self.ends - (self.ends - self.begins) / 3

    def ending(self, now: datetime) -> bool:
        """So near that somebody must look at it."""
        return now >= self.ends - ALARM_LEFT
