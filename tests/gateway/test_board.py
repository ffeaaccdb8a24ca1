"""What pages are shown comes from the store, also when that went for a moment."""

import asyncio

import pytest

from gateway.board import Board
from gateway.changes import Changes
from gateway.store.connection import StoreFault
from gateway.views import Overview


def nothing_to_build() -> Overview:
    raise AssertionError("nobody looks at a page")


def asked_of_a_store_that_fails(times: int) -> str:
    """Found by killing PostgreSQL: the first question behind its return was answered 500."""
    failures = iter(range(times))

    def question() -> str:
        if next(failures, None) is not None:
            raise StoreFault("gone")
        return "counts"

    board = Board(nothing_to_build, Changes())
    try:
        return asyncio.run(board.ask(question))
    finally:
        board.close()


def test_a_store_that_went_and_came_back_is_asked_again() -> None:
    assert asked_of_a_store_that_fails(1) == "counts"


def test_a_store_that_stays_away_is_said() -> None:
    with pytest.raises(StoreFault):
        asked_of_a_store_that_fails(2)
