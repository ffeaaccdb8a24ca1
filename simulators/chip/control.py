"""How is a document laid on the simulated reader? JSON lines over a Unix socket: lay, lift, ping.

``Control`` is the hand that lays documents down; ``simulators.chip.table`` is the reader's plate it lays them on.
"""

import base64
import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.chip.secrets import NO_SECRETS, ChipSecrets

LINE_LIMIT_BYTES = 1 << 20  # a document with a portrait is about 60 KB in base64
ANSWER_LIMIT_S = 5.0


class ControlError(Exception):
    """The chip process did not do what it was asked to; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class Laid:
    """What was laid down: the chip's files, the lines printed on the page, the fault by name, and the chip's keys.

    ``exchanged``: in place of what lies there, faster than any reader looks (attack A25).
    """

    files: Mapping[str, bytes]
    mrz: tuple[str, ...]
    fault: str | None = None
    secrets: ChipSecrets = NO_SECRETS
    exchanged: bool = False


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A socket's path in under 108 characters (the limit of ``sun_path``), however deep the state folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path) -> socket.socket:
    """A listening control socket that only this user can open; an old one at the same path gives way.

    It appears under its name only when it listens: whoever waits for the file may connect at once.
    """
    unready = path.with_name(f".{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short(unready) as name:
            listener.bind(name)
        unready.chmod(0o600)
        listener.listen()
        unready.rename(path)
    except OSError:
        listener.close()
        raise
    return listener


def parse(line: bytes) -> Laid | str:
    """A document to lay down, or the word ``lift`` or ``ping``. Raises ValueError with a sentence."""
    order = json.loads(line)
    if not isinstance(order, dict):
        raise ValueError("An order is a JSON object.")
    match order:
        case {"do": "lift" | "ping" as word}:
            return str(word)
        case {"do": "lay", "files": dict() as files, "mrz": list() as mrz} if _all_texts(files):
            return Laid(
                {str(name): base64.b64decode(text, validate=True) for name, text in files.items()},
                tuple(str(line) for line in mrz),
                order.get("fault"),
                ChipSecrets.from_json(order.get("secrets", {})),
                order.get("exchanged") is True,
            )
        case _:
            raise ValueError("An order is one of lay (with files and mrz), lift, ping.")


def _all_texts(files: dict[Any, Any]) -> bool:  # Any: JSON
    return all(isinstance(text, str) for text in files.values())


class Control:
    """The hand that lays documents on the simulated reader. One connection, one order after another, any thread."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_LIMIT_S)
        try:
            with short(path) as name:
                self._socket.connect(name)
        except OSError as error:
            self._socket.close()
            raise ControlError(f"No chip process answers at {path} ({error.strerror}). Start it first.") from error
        self._answers = self._socket.makefile("rb")
        self._turn = threading.Lock()

    def lay(
        self,
        files: Mapping[str, bytes],
        mrz: Sequence[str],
        fault: str | None = None,
        secrets: ChipSecrets = NO_SECRETS,
        *,
        exchanged: bool = False,
    ) -> None:
        """Down on the reader; ``exchanged`` in place of what lies there, and no reader sees it."""
        encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
        order = {"do": "lay", "files": encoded, "mrz": list(mrz), "fault": fault, "secrets": secrets.as_json()}
        self._ask(order | {"exchanged": exchanged})

    def lift(self) -> None:
        self._ask({"do": "lift"})

    def ping(self) -> None:
        self._ask({"do": "ping"})

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, order: Mapping[str, Any]) -> None:  # Any: JSON
        try:
            with self._turn:  # an answer belongs to the order before it
                self._socket.sendall(json.dumps(order).encode() + b"\n")
                line = self._answers.readline(LINE_LIMIT_BYTES)
        except OSError as error:
            raise ControlError(f"The chip process is gone ({error}).") from error
        if not line:
            raise ControlError("The chip process closed the control socket.")
        answer = json.loads(line)
        if not answer.get("ok"):
            raise ControlError(str(answer.get("error", "The chip process refused without a reason.")))
