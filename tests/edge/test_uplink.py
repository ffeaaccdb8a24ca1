"""Rows reach the region exactly once and go only on its own word, through a real broker with mutual TLS."""

import asyncio
import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edge.outbox.outbox import Outbox
from edge.uplink.limits import LIVE_ROWS
from messages.ack import Epoch
from messages.facts import CrossingAbandoned, CrossingReferred, Person, Sex, TravelDocument, Where, data_of
from messages.keys import GatewayKey
from messages.topics import Channel
from simulators.network.broker import Broker
from tests.edge.uplink_world import (
    LIMIT_S,
    NOW,
    SEALER,
    Pki,
    expect_all_stored_once,
    post_at,
    region_at,
    settings_for,
    until,
)


def test_rows_go_out_in_order_and_are_struck_off_when_the_gateway_acknowledges(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            post.commit(60)
            await post.drained()
            expect_all_stored_once(region, post, 60)
            assert region.order == list(range(1, 61))
            assert outbox.waiting(1) == []
            state = post.uplink.state
            assert (state.connected, state.waiting, state.refused_acks) == (True, 0, 0)
            assert state.last_ack_age_s is not None
            assert post.states[0].connected

    asyncio.run(story())


def test_an_alarm_of_today_overtakes_a_backlog(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    backlog = LIVE_ROWS + 300

    async def story() -> None:
        outbox_rows = [("lane.alarm.v1", {"code": "lingering", "visit": None})]
        for _ in range(backlog):
            outbox.commit_group(outbox_rows, NOW)
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            await until(lambda: len(region.order) > LIVE_ROWS)
            post.commit()
            await until(lambda: backlog + 1 in region.order)
            assert outbox.waiting_count > 1  # what was cut off is still draining
            await post.drained()
            expect_all_stored_once(region, post, backlog + 1)
            # Of what had waited, the newest came first, then the rest in its order.
            assert [seq for seq in region.order if seq <= 300] == list(range(1, 301))
            assert region.order.index(301) < region.order.index(41)

    asyncio.run(story())


def test_a_row_committed_in_a_thread_goes_out_at_once(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        settings = replace(settings_for(broker.port, pki), ack_timeout_s=10 * LIMIT_S)
        async with region_at(broker.port, pki) as region, post_at(outbox, settings) as post:
            post.commit()
            await post.drained()
            thread = threading.Thread(target=post.commit)
            thread.start()
            await until(lambda: len(region.stored) == 2)  # nothing else wakes the uplink for as long as this waits
            await post.drained()
            thread.join()

    asyncio.run(story())


def test_e18_a_broker_that_acknowledges_everything_strikes_off_nothing(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.answers = False
            post.commit(3)
            await until(lambda: region.offered >= 6)  # sent, PUBACKed, and sent again
            assert outbox.waiting_count == 3
            region.answers = True
            await post.drained()
            expect_all_stored_once(region, post, 3)

    asyncio.run(story())


def test_e18_a_region_that_confirms_nothing_is_an_alarm_each_time_and_an_idle_lane_is_none(
    broker: Broker, pki: Pki, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.uplink.delivery.SILENCE_MAX_S", 0.5)

    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            await until(lambda: len(region.statuses) >= 5)  # idle for longer than that
            assert post.alarms == []
            region.answers = False
            post.commit()
            await until(lambda: post.alarms == ["region-silent"])
            region.answers = True
            await post.drained()
            await until(lambda: region.statuses[-1]["waiting"] == 0)
            region.answers = False
            post.commit()
            await until(lambda: post.alarms == ["region-silent"] * 2)

    asyncio.run(story())


def test_a_broker_killed_with_rows_on_their_way_loses_none(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        async with post_at(outbox, settings_for(broker.port, pki)) as post:
            async with region_at(broker.port, pki) as region:
                region.answers = False
                post.commit(30)
                await until(lambda: region.offered >= 5)
                before = dict(region.stored)
                await asyncio.to_thread(broker.kill)
            await until(lambda: not post.uplink.state.connected)
            post.commit(10)  # the lane goes on
            assert outbox.waiting_count == 40
            await asyncio.to_thread(broker.start)
            async with region_at(broker.port, pki) as region:
                region.stored |= before
                await post.drained()
                expect_all_stored_once(region, post, 40)

    asyncio.run(story())


def test_a_region_restored_from_yesterdays_backup_gets_everything_again(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            post.commit(30)
            await post.drained()
            lost, region.stored = region.stored, {}
            region.epoch = Epoch("1" * 16, 2)
            post.commit()  # what happens next tells the post of it
            await until(lambda: len(region.stored) == 31)
            await post.drained()
            assert {place: event.id for place, event in lost.items()}.items() <= {
                place: event.id for place, event in region.stored.items()
            }.items()
            assert post.alarms == []

    asyncio.run(story())


def test_rows_of_a_process_that_is_gone_are_sent_by_the_next_one(broker: Broker, pki: Pki, tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "edge" / "outbox.db"
        first = Outbox.open(path, SEALER)
        first.commit_group([("lane.alarm.v1", {"code": "tailgating", "visit": None})] * 3, NOW)
        first.close()
        second = Outbox.open(path, SEALER)
        try:
            async with region_at(broker.port, pki) as region, post_at(second, settings_for(broker.port, pki)) as post:
                post.commit()
                await post.drained()
                assert sorted(region.stored) == sorted(
                    [(first.boot, 1), (first.boot, 2), (first.boot, 3), (second.boot, 1)]
                )
                assert post.alarms == []
        finally:
            second.close()

    asyncio.run(story())


def test_d27_a_forged_acknowledgement_strikes_off_nothing_and_raises_an_alarm(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.answers = False
            post.commit(2)
            await until(lambda: len(region.stored) == 2)
            for key in (GatewayKey("gateway-1", b"\x0a" * 32), GatewayKey("gateway-9", b"\x0b" * 32)):
                await region.acknowledge(outbox.boot, 1, 2, key)
            await region.say(Channel.ACK, b"\xd2garbage")
            await until(lambda: post.uplink.state.refused_acks == 3)
            assert outbox.waiting_count == 2
            assert post.alarms == ["ack-forged"]  # once a minute: a flood must not fill the outbox
            region.answers = True
            await post.drained()

    asyncio.run(story())


def test_d28_an_acknowledgement_for_numbers_never_sent_is_ignored_and_raises_an_alarm(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.answers = False
            post.commit(2)
            await until(lambda: len(region.stored) == 2)
            await region.acknowledge(outbox.boot, 1, 3)
            await region.acknowledge("f" * 32, 1, 1)
            await until(lambda: post.uplink.state.refused_acks == 2)
            assert outbox.waiting_count == 2
            assert post.alarms == ["ack-unknown"]

    asyncio.run(story())


def test_d09_a_frame_that_the_gateway_never_acknowledges_does_not_stop_the_others(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.never = set(range(1, 25))  # more than a whole window
            post.commit(40)
            await until(lambda: outbox.waiting_count == 24)
            assert [row.first for row in outbox.waiting(100)] == list(range(1, 25))

    asyncio.run(story())


def test_d07_a_number_that_the_region_lacks_comes_again_without_being_asked_for(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.never = {3, 4}  # the frames that are lost on the way ...
            post.commit(9)
            await until(lambda: outbox.waiting_count == 2)
            for seq in region.never:
                del region.stored[outbox.boot, seq]  # ... so that a gap is left between their neighbours
            region.never = set()
            await post.drained()
            expect_all_stored_once(region, post, 9)

    asyncio.run(story())


def test_the_status_is_signed_and_tells_what_is_still_to_come(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            region.answers = False
            post.commit(2)
            counted = [{"boot": outbox.boot, "last_seq": 2, "number": outbox.number}]
            await until(lambda: bool(region.statuses) and region.statuses[-1]["boots"] == counted)
            await until(lambda: len(region.statuses) >= 3)
            status = region.statuses[-1]
            assert status["produced"] == 2
            assert (status["boot"], status["state"], status["waiting"]) == (outbox.boot, "Idle", 2)
            times = [status["mono_ms"] for status in region.statuses]
            assert times == sorted(times, key=int)  # type: ignore[arg-type]  # a number in each

    asyncio.run(story())


def test_e03_a_command_is_handed_on_and_a_retained_one_ignored(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region:
            await region.say(Channel.CMD, b"open, said yesterday", retain=True)
            async with post_at(outbox, settings_for(broker.port, pki)) as post:
                await post.connected()
                await region.say(Channel.CMD, b"hold")
                await region.say(Channel.LIST, b"manifest")
                await until(lambda: len(post.commands) == 2)
                assert post.commands == [(Channel.CMD, b"hold"), (Channel.LIST, b"manifest")]

    asyncio.run(story())


def test_an_answer_waits_for_somebody_who_hears_it_and_is_said_once(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            post.uplink.answer(b"before the line stands")
            await post.connected()
            post.uplink.answer(b"done")
            await until(lambda: len(region.answers_heard) == 2)
            post.commit()
            await post.drained()
            assert region.answers_heard == [b"before the line stands", b"done"]

    asyncio.run(story())


def test_no_traveller_stands_in_any_log(
    broker: Broker, pki: Pki, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    crossing = "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88"
    document = TravelDocument("P", "UTO", "L898902C3", "2032-04-15")
    person = Person("ERIKSSON", "ANNA MARIA", "1974-08-12", Sex.FEMALE, "UTO")
    day = NOW.time.date()
    referred = CrossingReferred(crossing, 1, Where.INSIDE, ("face-no-match",), document, person, (), day)

    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(broker.port, pki)) as post:
            outbox.commit(referred.TYPE, data_of(referred), NOW)
            await post.drained()
            abandoned = CrossingAbandoned(crossing, 1, "stepped-back")
            outbox.commit(abandoned.TYPE, data_of(abandoned), NOW)
            await region.say(Channel.ACK, b"garbage")
            await asyncio.to_thread(broker.kill)
            await until(lambda: not post.uplink.state.connected)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(story())
    assert "uplink" in caplog.text
    for word in ("ERIKSSON", "ANNA", "L898902C3", "1974", crossing):
        assert word not in caplog.text
        assert word not in broker.log.read_text()
