"""Which rows are on their way, where a real broker would hide the moment that matters."""

import asyncio
from typing import Any, cast  # Any: whatever a client is told beside topic and payload

import aiomqtt
import pytest

from edge.outbox.outbox import Outbox
from edge.outbox.rows import Row
from edge.uplink.delivery import Delivery
from edge.uplink.flight import Flight, Next
from messages.ack import Epoch, seal_ack
from messages.keys import GatewayRecord
from tests.edge.uplink_world import ALARM, GATEWAY_KEY, NOW, TOPIC, until

LIMIT_S = 5.0


class Wire:
    """Takes everything, and answers nothing."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def publish(self, _topic: str, payload: bytes, **_: Any) -> None:
        self.sent.append(payload)


def test_a_plan_that_was_made_before_everything_began_anew_hides_nothing(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        outbox.commit(*ALARM, NOW)
    rows = outbox.waiting(3)

    async def story() -> None:
        wire = Wire()
        delivery = Delivery(outbox, {}, 60.0, on_struck=lambda: None, on_alarm=lambda code: None)
        delivery._flight.sent([row.place for row in rows[:2]], 0.0)
        ask = delivery._rows_of

        def ask_and_begin_anew(plan: Next) -> list[Row]:
            monkeypatch.undo()
            found = ask(plan)
            delivery._flight = Flight(60.0)  # as ``begin`` does when rows wait again
            return found

        monkeypatch.setattr(delivery, "_rows_of", ask_and_begin_anew)
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(delivery.send(cast(aiomqtt.Client, wire), tasks))
            await until(lambda: len(wire.sent) >= 3, LIMIT_S)
            sending.cancel()
        assert wire.sent == [row.frame for row in rows]

    asyncio.run(story())


def test_e17_an_acknowledgement_of_a_store_that_was_replaced_strikes_off_nothing(outbox: Outbox) -> None:
    """It was true once; what it names was lost with that store, and waits again for the new one."""
    before, after = acknowledged(outbox, (1, 2), 1), acknowledged(outbox, (3, 3), 3)
    assert waiting_after(outbox, before, after, before) == [1, 2, 2]


def test_e17_one_late_acknowledgement_of_a_store_in_between_stops_nothing(outbox: Outbox) -> None:
    """Two restores in a short time: the post heard of the second first."""
    told = [acknowledged(outbox, (number, number), store) for number, store in ((1, 1), (2, 3), (3, 2), (3, 3))]
    assert waiting_after(outbox, *told, acknowledged(outbox, (1, 2), 3)) == [2, 2, 2, 1, 0]


def acknowledged(outbox: Outbox, numbers: tuple[int, int], store: int) -> bytes:
    return seal_ack(outbox.boot, [numbers], TOPIC, GATEWAY_KEY, epoch=Epoch(f"{store:016x}", store))


def waiting_after(outbox: Outbox, *payloads: bytes) -> list[int]:
    """How many of three rows wait after each acknowledgement."""
    struck: list[int] = []

    async def story() -> None:
        gateways = {GATEWAY_KEY.kid: GatewayRecord(GATEWAY_KEY.kid, GATEWAY_KEY.public)}
        delivery = Delivery(
            outbox, gateways, 60.0, on_struck=lambda: struck.append(outbox.waiting_count), on_alarm=lambda code: None
        )
        for _ in range(3):
            outbox.commit(*ALARM, NOW)
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
            wire = Wire()
            sending = delivery.send(cast(aiomqtt.Client, wire), tasks)
            working = [tasks.create_task(work) for work in (delivery.strike(), sending)]
            await until(lambda: len(wire.sent) == 3, LIMIT_S)
            for payload in payloads:
                heard = len(struck)
                delivery.take(payload)
                await until(lambda heard=heard: len(struck) > heard, LIMIT_S)
            for task in working:
                task.cancel()

    asyncio.run(story())
    return struck
