"""How does somebody get a case into his hands? In a folder: the document or seal, whom to trust, and what is right."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from simulators.issuing.catalogue.entry import Answer, Case, DocumentCase, Entry, SealCase
from simulators.issuing.folder import write_passport

PORT: Final = "127.0.0.1:7001"


def write_case(entry: Entry, case: Case, folder: Path) -> None:
    """Also ``sources``, what the inspecting post imports into its trust store, and expected.json. Raises OSError."""
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    for name, content in case.trusted.files().items():
        (folder / "sources" / name).write_bytes(content)
    if isinstance(case, DocumentCase):
        write_passport(folder, case.passport)
    else:
        (folder / "seal").write_bytes(case.content)
        (folder / "mrz.txt").write_text("".join(f"{line}\n" for line in case.printed))
    (folder / "expected.json").write_text(json.dumps(expected(entry, case, folder), indent=1) + "\n")


def expected(entry: Entry, case: Case, folder: Path) -> dict[str, Any]:  # Any: JSON
    """``checks`` are all mandatory ones that must not be successful, ``notes`` others that must say this."""
    right = entry.right
    return {
        "name": entry.name,
        "attack": entry.attack,
        "says": entry.says,
        "result": right.result,
        "error": right.refused or None,
        "checks": [_answer(id, answer) for id, answer in right.decides.items()],
        "notes": [_answer(id, answer) for id, answer in right.notes.items()],
        "commands": [shlex.join(["borderpost", *words]) for words in _commands(case, folder)],
    }


def _answer(id: str, answer: Answer) -> dict[str, str]:
    return {"id": id, "result": answer[0].value, "code": answer[1]}


def _commands(case: Case, folder: Path) -> Iterator[list[str]]:
    """The trust store first; of a document the chip, which stays until Ctrl-C, and then its reader."""
    yield ["document", "trust", "import", str(folder / "sources"), "--into", str(folder / "trust")]
    if isinstance(case, SealCase):
        yield ["document", "seal", str(folder / "seal"), *_zone(case.printed), *_trust(folder)]
        return
    yield ["sim", "chip", str(folder), "--listen", PORT]
    yield reading(case, folder, f"socket://{PORT}")


def reading(case: DocumentCase, folder: Path, reader: str) -> list[str]:
    """The words of the command that reads it."""
    key = ["--can", case.can] if case.can else _zone(case.passport.mrz_lines)
    groups = [word for number in case.wanted or () for word in ("--dg", str(number))]
    portrait = ["--portrait", str(folder / "portrait.png")] if case.portrait else []
    policy = ["--allow-bac"] if case.allow_bac else []
    return ["document", "read", "--reader", reader, *key, *groups, *policy, *portrait, *_trust(folder)]


def _trust(folder: Path) -> list[str]:
    return ["--trust", str(folder / "trust"), "--json"]


def _zone(lines: tuple[str, ...]) -> list[str]:
    return [word for line in lines for word in ("--mrz", line)]
