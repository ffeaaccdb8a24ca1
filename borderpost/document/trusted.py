"""Whom does a verb believe? A store may show its damage when it is opened, or only when it is asked: one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from borderpost.errors import Fault

if TYPE_CHECKING:
    from edge.inspection.trust import TrustStore
    from icao.pki.trust import TrustedSet


@contextmanager
def usable() -> Iterator[None]:
    """Raises Fault for a store that cannot be used."""
    from edge.inspection.trust import TrustError

    try:
        yield
    except TrustError as error:
        raise Fault("trust-store", str(error)) from error


def opened(folder: Path | None) -> "TrustStore | TrustedSet":
    """Without a folder nobody is trusted. Raises TrustError: open it, and ask it, while it is ``usable``."""
    from edge.inspection.trust import TrustStore
    from icao.pki.trust import TrustedSet

    return TrustedSet() if folder is None else TrustStore.open(folder)
