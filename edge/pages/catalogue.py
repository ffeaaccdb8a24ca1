"""In which words does the display speak? One TOML file a language under text/, all with the same keys."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TEXT = Path(__file__).parent / "text"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """``name`` is the language's own name; ``messages`` are flat: ``sentence.ready``, ``hint.too-dark``."""

    code: str
    name: str
    direction: str
    messages: Mapping[str, str]


def read(code: str, folder: Path = TEXT) -> Catalogue:
    table = tomllib.loads((folder / f"{code}.toml").read_text("utf-8"))
    messages = {
        f"{part}.{key}": str(text)
        for part in table
        if isinstance(table[part], dict)
        for key, text in table[part].items()
    }
    return Catalogue(code, str(table["name"]), str(table["direction"]), messages)


def read_all(codes: tuple[str, ...], folder: Path = TEXT) -> tuple[Catalogue, ...]:
    return tuple(read(code, folder) for code in codes)


def shipped(folder: Path = TEXT) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))
