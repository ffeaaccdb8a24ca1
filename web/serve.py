"""How do pages stand on a port of this machine, and leave it at once?"""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette

GRACE_S: Final = 1  # what is still open then is cut
KEEP_ALIVE_S: Final = 5
BACKLOG: Final = 64


class PageServer(uvicorn.Server):
    """A uvicorn that ends its streams when it is told to stop; left alone it waits for every open page.

    The composition root awaits ``serve([listen(host, port)])`` and sets ``should_exit`` to end it. Signals are the
    root's own business: this server takes no handler away from it.
    """

    def __init__(self, app: Starlette, end_streams: Callable[[], None], connections_limit: int = 64) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=KEEP_ALIVE_S,
                limit_concurrency=connections_limit,
            )
        )
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the port before the server starts, so that a taken one is an OSError and not the end of the process."""
    return socket.create_server((host, port), backlog=BACKLOG)
