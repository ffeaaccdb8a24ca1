"""Which rules and lists hold now? The files on the disk, read again when they change; a bad file is never obeyed."""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.decision.decide import decide
from edge.decision.lists import KINDS, ListError, Lists, load_lists
from edge.decision.rules import Rules, RulesError, load_rules
from edge.decision.verdict import Finding, Verdict
from edge.gate.events import Reason
from edge.inspection.document import Document

log = logging.getLogger(__name__)

STALE: Final = Finding("lists-fresh", Reason.LISTS_STALE)

Mark = tuple[tuple[str, int, int], ...]


class Policy:
    """Called for each document, in a thread. A file that cannot be understood refers everybody and says why.

    With ``proof`` a file is obeyed only if it is what the region's manifest says (the SHA-256 for a name; None: none).
    ``stale`` tells whether the manifest's time is over.
    """

    def __init__(
        self,
        rules: Path,
        lists: Path,
        lists_key: bytes,
        now: Callable[[], datetime],
        *,
        proof: Callable[[str], bytes | None] | None = None,
        stale: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._rules_path, self._lists_path, self._key, self._now = rules, lists, lists_key, now
        self._proof, self._stale = proof, stale
        self._mark: Mark | None = None
        self._rules: Rules | None = None
        self._lists = Lists(None, None)

    def __call__(self, document: Document) -> Verdict:
        self._refresh()
        if self._rules is None:
            return Verdict((Finding("rules-in-force", Reason.RULES_INVALID),), "none", ())
        now = self._now()
        verdict = decide(document, self._lists, self._rules, now.astimezone().date(), now)
        if any(map(self._stale, KINDS)) and STALE not in verdict.findings:  # G04, G12
            verdict = replace(verdict, findings=(*verdict.findings, STALE))
        return verdict

    def _refresh(self) -> None:
        mark = _mark(self._rules_path, *sorted(self._lists_path.glob("*.json")), *self._lists_path.glob("*.manifest"))
        if mark == self._mark:
            return
        try:
            self._rules = load_rules(self._rules_path) if self._is_proven("rules", self._rules_path) else None
        except RulesError as error:
            log.error("%s", error)
            self._rules = None
        try:
            found = load_lists(self._lists_path, self._key)
            proven = {kind: self._is_proven(kind, self._lists_path / f"{kind}.json") for kind in KINDS}
            self._lists = Lists(**{kind: getattr(found, kind) if proven[kind] else None for kind in KINDS})
        except ListError as error:
            log.error("%s", error)
            self._lists = Lists(None, None)  # not asked, so everybody is referred
        self._mark = mark

    def _is_proven(self, name: str, path: Path) -> bool:
        """G01, G11: whoever can write a file on this device cannot write what the region signed."""
        if self._proof is None:
            return True
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            return False
        if digest != self._proof(name):
            log.error("%s did not come from the region: publish it there, or set [device] lists", path.name)
            return False
        return True


def _mark(*paths: Path) -> Mark:
    """What the files look like from outside: enough to see that one was replaced."""
    seen = []
    for path in paths:
        with suppress(FileNotFoundError):  # replaced or taken away at this very moment: the next look sees it
            status = path.stat()
            seen.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(seen)
