"""Who may give orders to a lane? Whoever has its officer's key, from a page of its own."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable

from starlette.requests import Request

WRONG_KEY_DELAY_S = 1.0  # a wrong key costs so long, one after the other
QUEUE_LIMIT = 8  # keys waiting to be judged; more are refused unheard
SESSIONS_LIMIT = 8  # the oldest gives way
SESSION_LIFE_S = 12 * 3600.0  # a shift
KEY_LIMIT_CHARACTERS = 256

Clock = Callable[[], float]


class TooManyTries(Exception):
    """So many keys wait to be judged that this one is not heard."""


class OfficerKey:
    """The lane's key. Guessing is slow: keys are judged one at a time, and a wrong one holds up the next."""

    def __init__(self, key: str, delay_s: float = WRONG_KEY_DELAY_S) -> None:
        if not key:
            raise ValueError("The officer's key is empty: set one, or anybody could give orders to the lane.")
        self._digest = _digest(key)
        self._delay_s = delay_s
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def fits(self, offered: str) -> bool:
        """Judge one key in constant time. Raises TooManyTries instead of queueing without end."""
        if self._waiting >= QUEUE_LIMIT:
            raise TooManyTries
        self._waiting += 1
        try:
            async with self._turn:
                if len(offered) <= KEY_LIMIT_CHARACTERS and hmac.compare_digest(_digest(offered), self._digest):
                    return True
                await asyncio.sleep(self._delay_s)
                return False
        finally:
            self._waiting -= 1


class Sessions:
    """Officers who showed the key. In memory only: a restart of the lane asks for the key again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[bytes, float] = {}

    def open(self) -> str:
        """A new random token at each login, so that nobody can plant one before it."""
        token = secrets.token_urlsafe(16)
        while len(self._until) >= SESSIONS_LIMIT:
            del self._until[next(iter(self._until))]
        self._until[_digest(token)] = self._clock() + SESSION_LIFE_S
        return token

    def knows(self, token: str) -> bool:
        return self._clock() < self._until.get(_digest(token), float("-inf"))

    def close(self, token: str) -> None:
        self._until.pop(_digest(token), None)


def own_page(request: Request) -> bool:
    """Did one of our own pages send this? Another port of this host is same-site: the cookie alone proves nothing."""
    return request.headers.get("origin") == f"{request.url.scheme}://{request.headers.get('host', '')}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
