"""Which rules and lists hold now? The files on the disk, read again when they change; a bad file is never obeyed."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from edge.decision.decide import decide
from edge.decision.lists import ListError, Lists, load_lists
from edge.decision.rules import Rules, RulesError, load_rules
from edge.decision.verdict import Finding, Verdict
from edge.gate.events import Reason
from edge.inspection.document import Document

log = logging.getLogger(__name__)

Mark = tuple[tuple[str, int, int], ...]


class Policy:
    """Called for each document, in a thread. A file that cannot be understood refers everybody and says why."""

    def __init__(self, rules: Path, lists: Path, lists_key: bytes, now: Callable[[], datetime]) -> None:
        self._rules_path, self._lists_path, self._key, self._now = rules, lists, lists_key, now
        self._mark: Mark | None = None
        self._rules: Rules | None = None
        self._lists = Lists(None, None)

    def __call__(self, document: Document) -> Verdict:
        self._refresh()
        if self._rules is None:
            return Verdict((Finding("rules-in-force", Reason.RULES_INVALID),), "none", ())
        now = self._now()
        return decide(document, self._lists, self._rules, now.astimezone().date(), now)

    def _refresh(self) -> None:
        mark = _mark(self._rules_path, *sorted(self._lists_path.glob("*.json")))
        if mark == self._mark:
            return
        try:
            self._rules = load_rules(self._rules_path)
        except RulesError as error:
            log.error("%s", error)
            self._rules = None
        try:
            self._lists = load_lists(self._lists_path, self._key)
        except ListError as error:
            log.error("%s", error)
            self._lists = Lists(None, None)  # not asked, so everybody is referred
        self._mark = mark


def _mark(*paths: Path) -> Mark:
    """What the files look like from outside: enough to see that one was replaced."""
    seen = []
    for path in paths:
        with suppress(FileNotFoundError):  # replaced or taken away at this very moment: the next look sees it
            status = path.stat()
            seen.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(seen)
