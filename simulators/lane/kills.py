"""kill -9 of one process while a traveller is under way, and its supervisor's answer: it is started again."""

import asyncio
from collections.abc import Awaitable, Callable

from simulators.lane.post import Post

SIGHT_LIMIT_S = 30.0
DOWN_S = 0.5  # how long a supervisor needs


async def strike(post: Post, victim: str, screen: str) -> bool:
    """Wait until the traveller is shown this screen, kill, and start again. False: she never came that far."""
    if await post.display.until(lambda shown: shown["screen"] == screen, SIGHT_LIMIT_S) is None:
        return False
    await KILLS[victim](post)
    return True


async def _edge(post: Post) -> None:
    post.edge.kill()
    await post.edge.wait_dead()
    await asyncio.sleep(DOWN_S)
    await post.edge.start()


async def _gateway(post: Post) -> None:
    post.gateway.kill()
    await post.gateway.wait_dead()
    await asyncio.sleep(DOWN_S)
    await post.gateway.start()


async def _broker(post: Post) -> None:
    await asyncio.to_thread(post.broker.kill)
    await asyncio.sleep(DOWN_S)
    await asyncio.to_thread(post.broker.start)


async def _controller(post: Post) -> None:
    post.controller.kill(DOWN_S)
    await asyncio.sleep(DOWN_S)


KILLS: dict[str, Callable[[Post], Awaitable[None]]] = {
    "edge": _edge,
    "gateway": _gateway,
    "broker": _broker,
    "controller": _controller,
}
MOMENTS = ("reading", "enter", "look", "go")
