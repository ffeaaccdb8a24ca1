"""Is every word of gateway.toml one that the gateway knows? One that is misspelt would be passed over in silence."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("region", "state", "store", "worker", "broker", "pages", "enrolment", "retention"),
    "broker": ("host", "port", "kind", "nodes", "reload"),
    "pages": ("host", "port"),
    "enrolment": ("host", "port"),
    "retention": ("events_days",),
}


def expect_known(path: Path, raw: Mapping[str, object]) -> None:
    """Raises GatewayError that names the word, where it stands, and the one that was most likely meant."""
    _expect_of("", path, raw)
    for table in SETTINGS:
        inside = raw.get(table)
        if isinstance(inside, dict):
            _expect_of(table, path, inside)


def _expect_of(table: str, path: Path, words: Mapping[str, object]) -> None:
    known = SETTINGS[table]
    for word in words:
        if word not in known:
            where = f"Under [{table}] in {path}" if table else f"In {path}"
            raise GatewayError("bad-config", f"{where} there is no setting {word!r}.", _meant(word, known))


def _meant(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known)}."
