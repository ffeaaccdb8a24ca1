"""A lane's log tells of faults, and of no traveller."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest

from edge.log import FORMAT, Wordless, say_fault

NUMBER = "L898902C3"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Wordless(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def stumble() -> None:
    try:
        int(NUMBER)
    except ValueError as error:
        raise KeyError(NUMBER) from error


def test_a_fault_is_told_by_kind_and_place_and_its_cause_too(written: io.StringIO) -> None:
    try:
        stumble()
    except KeyError as error:
        logging.getLogger("edge").error("work failed", exc_info=error)
    told = written.getvalue()
    assert "work failed" in told
    assert "KeyError, at" in told
    assert "ValueError, at" in told
    assert "in stumble" in told
    assert NUMBER not in told


def test_a_fault_that_nobody_awaited_is_told_without_its_words(written: io.StringIO) -> None:
    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(say_fault)

        async def fail() -> None:
            stumble()

        task = asyncio.ensure_future(fail())
        await asyncio.wait({task})
        del task  # now asyncio finds out that nobody asked for its end

    asyncio.run(story())
    assert "a fault that nobody awaited" in written.getvalue()
    assert "in stumble" in written.getvalue()
    assert NUMBER not in written.getvalue()
