"""Plain HTTP, with every header in the test's hand."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    """``content_type="x"`` becomes the header Content-Type."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, parts.path or "/", body or None, named)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        endless = told.get("content-type", "").startswith("text/event-stream")
        return Answer(answer.status, told, b"" if endless else answer.read())
    finally:
        connection.close()


def first_event(url: str, name: str, **headers: str) -> dict[str, object]:
    """The first event of that name on a stream."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path, headers=headers)
        answer = connection.getresponse()
        while answer.readline().decode().strip() != f"event: {name}":
            pass
        return json.loads(answer.readline().decode().removeprefix("data: "))
    finally:
        connection.close()
