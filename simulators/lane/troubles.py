"""What fails around the travellers, when, and how it is mended again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from simulators.lane.eyes import Display
from simulators.lane.post import Post
from simulators.lane.scenarios import Trouble

GATEWAY_DOWN_S = 1.0
SIGHT_LIMIT_S = 30.0


@contextlib.asynccontextmanager
async def around(trouble: Trouble | None, post: Post) -> AsyncIterator[None]:
    """Trouble for one passage: it strikes while the traveller is under way, and is over when she has gone."""
    if trouble is None:
        yield
        return
    strike = asyncio.ensure_future(STRIKES[trouble](post))
    try:
        yield
    finally:
        await strike
        await mend(trouble, post)


async def mend(trouble: Trouble, post: Post) -> None:
    match trouble:
        case Trouble.NETWORK_CUT:
            await post.proxy.heal()
        case Trouble.GATEWAY_KILLED:
            pass  # a supervisor has started it again already
        case Trouble.CONTROLLER_UNPLUGGED:
            post.controller.plug()


async def _cut_network(post: Post) -> None:
    await post.proxy.cut()


async def _kill_gateway(post: Post) -> None:
    await _when_inside(post.display)
    post.gateway.kill()
    await post.gateway.wait_dead()
    await asyncio.sleep(GATEWAY_DOWN_S)
    await post.gateway.start()


async def _unplug_controller(post: Post) -> None:
    await _when_inside(post.display)
    post.controller.unplug()


async def _when_inside(display: Display) -> None:
    """In mid-passage: the traveller stands between the doors and is asked to look."""
    await display.until(lambda shown: shown["screen"] == "look", SIGHT_LIMIT_S)


STRIKES = {
    Trouble.NETWORK_CUT: _cut_network,
    Trouble.GATEWAY_KILLED: _kill_gateway,
    Trouble.CONTROLLER_UNPLUGGED: _unplug_controller,
}
