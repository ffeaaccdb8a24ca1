"""A failure as its user reads it: what happened, why, and what to do about it."""


class Fault(Exception):
    """``code`` is for programs, ``message`` a sentence, ``cure`` what to do; ``exit_code``: docs/contract.md, 9."""

    __slots__ = ("code", "cure", "exit_code", "message")

    def __init__(self, code: str, message: str, cure: str = "", exit_code: int = 2) -> None:
        super().__init__(f"{message} {cure}".strip())
        self.code, self.message, self.cure, self.exit_code = code, message, cure, exit_code
