"""A failure as its user reads it: what happened, why, and what to do about it."""

import json
import sys


class Fault(Exception):
    """``code`` is for programs, ``message`` a sentence, ``cure`` what to do; ``exit_code``: docs/contract.md, 9."""

    __slots__ = ("code", "cure", "exit_code", "message")

    def __init__(self, code: str, message: str, cure: str = "", exit_code: int = 2) -> None:
        super().__init__(f"{message} {cure}".strip())
        self.code, self.message, self.cure, self.exit_code = code, message, cure, exit_code


def say(fault: Fault, *, as_json: bool) -> int:
    """On standard error, or as an object on standard output (docs/contract.md, 9); the exit code."""
    if as_json:
        print(json.dumps({"error": {"code": fault.code, "message": fault.message, "cure": fault.cure}}))
    else:
        print(" ".join(part for part in (fault.message, fault.cure) if part), file=sys.stderr)
    return fault.exit_code
