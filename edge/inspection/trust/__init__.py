"""Whom does this post believe? A store of certificates and lists on disk: ``TrustStore.open(folder)``."""

from edge.inspection.trust.database import TrustError
from edge.inspection.trust.store import Oddity, TrustStore

__all__ = ["Oddity", "TrustError", "TrustStore"]
