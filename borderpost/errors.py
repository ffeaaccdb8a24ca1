"""How a command says no: what happened and why, and what to do about it."""


class Fault(Exception):
    """A sentence for the user. ``code`` is kebab-case and stable; neither sentence holds personal data."""

    def __init__(self, code: str, message: str, cure: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cure = cure
        self.exit_code = exit_code
