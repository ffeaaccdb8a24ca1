"""How much of a request is read? No more than a limit."""

from starlette.requests import Request


class TooLong(Exception):
    """The body is longer than this route takes."""


async def read_body(request: Request, limit_bytes: int) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise TooLong
    return body
