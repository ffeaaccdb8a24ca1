"""What does a subscriber hear? Everything up to a marker that was sent after what should not arrive."""

import asyncio

import aiomqtt

ARRIVES_S = 5.0


async def heard_until(client: aiomqtt.Client, marker: bytes) -> list[bytes]:
    """With the marker. Raises TimeoutError when it does not come."""
    found: list[bytes] = []
    async with asyncio.timeout(ARRIVES_S):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            found.append(message.payload)
            if message.payload == marker:
                return found
    raise AssertionError("the marker never came")
