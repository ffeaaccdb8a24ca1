"""A region that has outgrown its file moves into PostgreSQL with everything it knows, and goes on there."""

from contextlib import closing
from typing import Any

import pytest

from gateway.care.in_use import at_work
from gateway.care.moving import move
from gateway.errors import GatewayError
from gateway.intake.rebuild import rebuild
from gateway.intake.vault import Vault
from gateway.state import StateFolder
from simulators.network.postgres import Postgres
from tests.gateway.desk import Desk, offer, open_desk
from tests.gateway.test_gateway_order import snapshot, story


def test_everything_moves_and_a_frame_that_comes_again_is_known_there(region: Any, postgres: Postgres) -> None:
    frames = story(region)
    with open_desk(region) as desk:
        for frame in frames:
            desk.take(frame)
        before = snapshot(desk.connection)
    moved = move(region.authority, postgres.fresh())
    folder = StateFolder(region.state)
    assert folder.config.store.startswith("postgresql://")
    with closing(folder.open_store()) as store:
        assert snapshot(store) == before
        assert moved == len(before[0])
        assert rebuild(store).equal
        lane = region.lane("lane-7")  # enrolled by the old object: into the file, which is not read any more
        desk = Desk(store, region, Vault(folder.store_key()))
        again = [desk.take(frame) for frame in frames]
        assert sum(outcome.stored for outcome in again) == 0
        assert snapshot(store) == before
        assert desk.take(offer(lane, lane.alarm())).stored == 0
    assert (region.state / "gateway.toml").stat().st_mode & 0o077 == 0


def test_nothing_moves_while_a_gateway_works_or_into_a_database_that_is_used(region: Any, postgres: Postgres) -> None:
    region.lane()
    url = postgres.fresh()
    with at_work(region.state), pytest.raises(GatewayError) as caught:
        move(region.authority, url)
    assert caught.value.code == "in-use"
    move(region.authority, url)
    with pytest.raises(GatewayError) as caught:
        move(StateFolder(region.state), postgres.fresh())
    assert caught.value.code == "bad-store"
    (region.state / "gateway.toml").write_text('region = "north"\n')
    with pytest.raises(GatewayError) as caught:
        move(StateFolder(region.state), url)
    assert caught.value.code == "store-there"
    assert StateFolder(region.state).config.store == ""
