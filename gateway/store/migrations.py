"""How does a store come to its newest shape? By numbered files, each applied once and in order."""

from collections.abc import Iterator
from importlib import resources
from typing import Final, Literal

Engine = Literal["sqlite", "postgres"]
ENDINGS: Final[dict[Engine, str]] = {"sqlite": ".sql", "postgres": ".postgres.sql"}


def migrations(engine: Engine) -> list[tuple[int, str]]:
    """Number and script of each file for this engine, lowest number first."""
    folder = resources.files("gateway") / "migrations"
    names = sorted(file.name for file in folder.iterdir() if _engine_of(file.name) == engine)
    return [(int(name.split("_")[0]), (folder / name).read_text()) for name in names]


def statements(script: str) -> Iterator[str]:
    """Cut a script into its statements. A statement ends with the line that ends in ``;``; comments are left out."""
    pending = ""
    for line in script.splitlines():
        code = line.partition("--")[0].rstrip()
        pending += f"{code}\n" if code else ""
        if code.endswith(";"):
            yield pending
            pending = ""


def _engine_of(name: str) -> Engine | None:
    return next((engine for engine in ("postgres", "sqlite") if name.endswith(ENDINGS[engine])), None)
