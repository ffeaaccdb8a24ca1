"""Whom does a verb believe? A store may show its damage when it is opened, or only when it is asked: one sentence."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
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


@contextmanager
def opened(folder: Path | None) -> Iterator["TrustStore | TrustedSet"]:
    """Open and ``usable`` while it is asked. Without a folder nobody is trusted. Raises Fault."""
    from edge.inspection.trust import TrustStore
    from icao.pki.trust import TrustedSet

    if folder is None:
        yield TrustedSet()
        return
    with usable(), closing(TrustStore.open(folder)) as store:
        yield store
