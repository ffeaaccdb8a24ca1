"""How does a device ask a gateway? One question over one proven connection, and a sentence when nothing comes of it."""

import http.client
import json
import socket
import ssl
from typing import Final

from messages.enrolment import BODY_MAX_BYTES
from messages.printable import printable

ANSWER_LIMIT_S: Final = 10.0
PORT_MAX: Final = 65_535
SAID_MAX_CHARS: Final = 300


class EnrolmentRefused(Exception):
    """Why it did not come about: ``code`` for programs, a sentence, and a cure. What counts on the disk stays."""

    def __init__(self, code: str, message: str, cure: str = "") -> None:
        super().__init__(f"{message} {cure}".strip())
        self.code, self.message, self.cure = code, message, cure


class Link:
    """One question, one connection."""

    def __init__(self, at: str, context: ssl.SSLContext) -> None:
        host, _, port = at.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > PORT_MAX:
            raise EnrolmentRefused("usage", f"{at!r} is no address.", "Write it as HOST:PORT.")
        self._at, self._host, self._port, self._context = at, host.strip("[]"), int(port), context

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            status, content = self._exchange(method, path, body)
        except ssl.SSLCertVerificationError as error:
            message = f"The gateway at {self._at} does not prove itself ({error.args[-1]})."
            raise EnrolmentRefused("other-gateway", message, "Check the address and the clocks.") from error
        except (OSError, http.client.HTTPException) as error:
            message = f"The gateway at {self._at} does not answer ({_why(error)})."
            raise EnrolmentRefused("no-answer", message, "Check the address and the line, and try again.") from error
        if status != http.HTTPStatus.OK:
            raise _refused(content)
        return content

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=ANSWER_LIMIT_S, context=self._context)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read(BODY_MAX_BYTES + 1)
        finally:
            connection.close()


def _why(error: Exception) -> str:
    """As a technician would say it on the telephone."""
    match error:
        case socket.gaierror():
            return "nobody here knows this name"
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return f"it kept silent for {ANSWER_LIMIT_S:.0f} s"
        case ssl.SSLError():
            return "what listens there is no enrolment"
        case _:
            return type(error).__name__


def _refused(content: bytes) -> EnrolmentRefused:
    try:
        error = json.loads(content)["error"]
        return EnrolmentRefused(*(_said(error[name]) for name in ("code", "message", "cure")))
    except (ValueError, KeyError, TypeError, RecursionError):
        return EnrolmentRefused("no-answer", "The gateway's answer cannot be read.", "Try again.")


def _said(words: object) -> str:
    """Whoever answers may be a stranger: a terminal or a log must not be told anything by him."""
    return printable(str(words)[:SAID_MAX_CHARS])
