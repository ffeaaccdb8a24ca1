"""Where does this region keep its rows? A file of its own, or the PostgreSQL that a URL names."""

from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.store.connection import Connection

SCHEMES: Final = ("postgresql://", "postgres://")


def is_url(store: str) -> bool:
    return store.startswith(SCHEMES)


def open_store(url: str, path: Path) -> Connection:
    """One connection, for one thread at a time: to ``url``, or to the file ``path`` when it is empty."""
    if not url:
        from gateway.store.sqlite import connect

        return connect(path)
    try:
        from gateway.store import postgres  # whoever has one host needs no driver
    except ImportError as error:
        message = "The store is a PostgreSQL, and the driver for it is not installed."
        raise GatewayError("no-driver", message, "Install this project's extra: postgres.") from error
    return postgres.connect(url)
