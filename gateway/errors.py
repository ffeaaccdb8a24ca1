"""Why can the gateway not do what was asked? One exception with a code, a sentence and a cure."""


class GatewayError(Exception):
    """``code`` is for programs, ``message`` one sentence without personal data, ``cure`` what to do about it."""

    def __init__(self, code: str, message: str, cure: str = "") -> None:
        super().__init__(f"{message} {cure}".strip())
        self.code, self.message, self.cure = code, message, cure
