"""A process that is killed loses nothing that it had promised, wherever it is killed."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge.outbox.outbox import Outbox
from messages.events import validate
from messages.facts import OutboxDropped
from messages.keys import RegionKey
from tests.edge.outbox.reading import events_in

ROOT = Path(__file__).parents[3]
WRITER = Path(__file__).parent / "killed_writer.py"
KILLS = 60  # every statement of one round of commits, telemetry, drops, group and strike
PROMISE = re.compile(r"(\d+) (committed|struck) ([0-9a-f]{32}) (\d+)")


def writer(folder: Path, kills: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WRITER), str(folder), str(kills)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def expect_promises_kept(outbox: Outbox, told: str, region_key: RegionKey) -> None:
    """Every committed number waits or was struck; no number is missing without a word; every row is whole and reads."""
    promised: dict[str, set[int]] = {}
    struck: dict[str, set[int]] = {}
    for _, word, boot, number in PROMISE.findall(told):
        (promised if word == "committed" else struck).setdefault(boot, set()).add(int(number))
    there: dict[str, set[int]] = {}
    events = events_in(outbox, region_key)
    for event in events:
        there.setdefault(event.boot, set()).add(event.seq)
        fact = validate(event)
        if isinstance(fact, OutboxDropped):  # as good as waiting: the region is told
            numbers = {number for first, last in fact.seqs for number in range(first, last + 1)}
            assert not numbers & promised.get(fact.boot, set())  # only telemetry is ever dropped
            there.setdefault(fact.boot, set()).update(numbers)
    last_seqs = dict(outbox.boots())
    for boot, numbers in promised.items():
        assert last_seqs[boot] >= max(numbers)
        waiting, gone = there.get(boot, set()), set(range(1, last_seqs[boot] + 1)) - there.get(boot, set())
        assert struck.get(boot, set()) <= gone
        assert not struck.get(boot, set()) & waiting
        # One strike may have reached the disk without its promise; nothing else may be missing.
        assert len(gone - struck.get(boot, set())) <= 1
    assert outbox.waiting_count == len(events)


def test_killed_before_any_statement_no_promised_row_is_lost(
    open_outbox: Callable[..., Outbox], tmp_path: Path, region_key: RegionKey
) -> None:
    with writer(tmp_path, KILLS) as process:
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    outbox = open_outbox()
    assert outbox.moved_aside is None
    assert len(outbox.boots()) == KILLS + 1
    expect_promises_kept(outbox, told, region_key)


def test_killed_at_any_moment_no_promised_row_is_lost(
    open_outbox: Callable[..., Outbox], tmp_path: Path, region_key: RegionKey
) -> None:
    chance, told = random.Random(20261124), ""
    for _ in range(4):
        with writer(tmp_path, kills=1_000_000) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randrange(5, 40))]
            time.sleep(chance.uniform(0, 0.02))  # any moment will do
            group = [int(word) for word in _children(process.pid)]
            process.send_signal(signal.SIGKILL)
            for child in group:
                _kill(child)
            rest, _ = process.communicate(timeout=20)
        told += "".join(lines) + rest
        outbox = open_outbox()
        assert outbox.moved_aside is None
        expect_promises_kept(outbox, told, region_key)
        outbox.close()


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # It had just killed itself.
