"""``./run faults``: break everything that can break while events flow, and count what arrives.

Without a part's name: kills, most of them in a region of light posts under bad weather, a share in a whole lane.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from simulators.lane.post import BrokerFailed, CannotStart
from simulators.network.postgres import Postgres, PostgresFailed, find_programs
from tests.faults import calls, campaign, power_cut, power_identity, power_list, power_store, storm
from tests.faults.traced import NotTraced

KILLS = 1_000
LANE_SHARE = 5  # one kill in so many meets a whole lane with a traveller in it ...
LANE_KILLS_MAX = 40  # ... which takes its time, so no more of them than this unless --lane asks
CALLS_A_LINE = 50
POSTGRES_SHARE = 3  # a database that recovers takes its time

Told = dict[str, Any]


def main() -> int:
    options = read_options(sys.argv[1:])
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="borderpost-faults-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            told = _part(options)(options, folder)
        except (CannotStart, BrokerFailed, PostgresFailed, NotTraced) as error:
            print(error, file=sys.stderr)
            return 4
    told |= {"seed": options.seed, "seconds": round(time.monotonic() - began_s, 1)}
    print(json.dumps(told) if options.json else sentence(told))
    return int(bool(told.get("violations") or told.get("lost") or told.get("duplicated") or told.get("order_breaks")))


def read_options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    many = f"{KILLS} if nothing is said, with --lane {LANE_KILLS_MAX}"
    parser.add_argument("--kills", type=int, metavar="N", help=many)
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same faults in the same order")
    parser.add_argument("--images", type=int, metavar="N", help="cut the power at any write, and look into N disks")
    parser.add_argument("--calls", action="store_true", help="let every write, sync and open of a journey fail once")
    parser.add_argument("--lane", action="store_true", help="all kills in a whole lane, with travellers in it")
    parser.add_argument("--speed", type=float, default=10.0, help="how much faster than life people and doors are")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep state and logs here instead of deleting them")
    parser.add_argument("--json", action="store_true", help="one object, and nothing else on standard output")
    options = parser.parse_args(words)
    if options.kills is None:
        options.kills = LANE_KILLS_MAX if options.lane else KILLS
    if options.kills < 0 or (options.images is not None and options.images < 1):
        parser.error("--kills counts from 0, --images from 1")
    return options


def _part(options: argparse.Namespace) -> Callable[[argparse.Namespace, Path], Told]:
    if options.calls:
        return _calls
    if options.images is not None:
        return _images
    return _lane if options.lane else _kills


def _calls(options: argparse.Namespace, folder: Path) -> Told:
    told = calls.Told()
    for done, failure in enumerate(calls.every(told), 1):
        if done % CALLS_A_LINE == 0:
            _progress(f"{done} journeys; the last one had {failure}")
    return told.as_json()


def _images(options: argparse.Namespace, folder: Path) -> Told:
    """Of the outbox, of the region's store, and of a list's and an identity's replacement."""
    told: Told = {"images": 0, "ok": 0, "lost": 0, "corrupt": 0, "violations": []}
    of_outbox, of_each = shares(options.images)
    parts = {"outbox": (power_cut.outbox_story, power_cut.judge_outbox, of_outbox)}
    for subject in (power_store, power_list, power_identity):
        tell = partial(power_cut.told_by, subject.prepare, subject.words)
        parts[subject.__name__.rpartition("power_")[2]] = (tell, subject.judge, of_each)
    for name, (tell, judge, images) in parts.items():
        story = tell()
        _progress(f"seed {options.seed}: {name} did {len(story.deeds)} things to its files; {images} images of a cut")
        verdicts = power_cut.explore(story, judge, images, random.Random(options.seed))
        one = verdicts.as_json() | {"violations": [f"{name} {sentence}" for sentence in verdicts.sentences]}
        told = together(told, one) | {name: verdicts.as_json()}
    return told


def shares(images: int) -> tuple[int, int]:
    """How many are of the outbox, about half of them, and how many of each of the three others: ``images`` or more."""
    of_each = max(1, images // 6)
    return max(1, images - 3 * of_each), of_each


def _lane(options: argparse.Namespace, folder: Path) -> Told:
    return asyncio.run(campaign.run(options.kills, options.seed, folder / "lane", options.speed, _progress))


def _kills(options: argparse.Namespace, folder: Path) -> Told:
    lane_kills = min(options.kills // LANE_SHARE, LANE_KILLS_MAX)
    on_file, on_postgres = _stores(options.kills - lane_kills)
    _progress(f"seed {options.seed}: {options.kills} kills, {lane_kills} of them in a whole lane")
    told = _storm(on_file, options.seed, folder / "region")
    if on_postgres:
        _progress(f"the same with a PostgreSQL behind the gateway, {on_postgres} kills")
        told = together(told, _storm(on_postgres, options.seed, folder / "grown", Postgres(folder / "postgres")))
    if lane_kills:
        lane = asyncio.run(campaign.run(lane_kills, options.seed, folder / "lane", options.speed, _progress))
        told = together(told, lane)
    return told


def _stores(kills: int) -> tuple[int, int]:
    """How many meet a store in a file, and how many one in a PostgreSQL."""
    try:
        find_programs()
    except PostgresFailed as error:
        _progress(f"No store is killed: {error}")
        return kills, 0
    return kills - kills // POSTGRES_SHARE, kills // POSTGRES_SHARE


def _storm(kills: int, seed: int, folder: Path, postgres: Postgres | None = None) -> Told:
    story = asyncio.run(storm.run(kills, seed, folder, _progress, postgres))
    late = [f"{one} did not drain within {storm.DRAIN_LIMIT_S:.0f} s" for one in story.late]
    return story.as_json() | {"violations": [*story.account.sentences, *late]}


def together(one: Told, other: Told) -> Told:
    """Two stories as one: numbers add up, lists follow one another, whatever only one of them tells stands as it is."""
    told = {**other, **one}
    for name in one.keys() & other.keys():
        if name == "kills":
            told[name] = dict(Counter(one[name]) + Counter(other[name]))
            told[name] |= {victim: 0 for victim in one[name] if victim not in told[name]}
        elif isinstance(one[name], int | list):
            told[name] = one[name] + other[name]
    return told


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def sentence(told: Told) -> str:
    if "images" in told:
        lines = [f"{told['images']} images: {told['ok']} whole, {told['lost']} lost a row, {told['corrupt']} damaged."]
    elif "calls" in told:
        lines = [f"{told['journeys']} journeys with one failing call; {told['told_of']} times that was said."]
    else:
        lines = _of_kills(told)
    lines += [f"VIOLATION: {violation}." for violation in told["violations"]]
    if not told["violations"]:
        lines.append("No door, no record and no promise was broken.")
    return "\n".join(lines)


def _of_kills(told: Told) -> list[str]:
    kills = ", ".join(f"{victim} {count}" for victim, count in told["kills"].items() if count)
    lines = [
        f"Killed: {kills}. {told['produced']} events were written, {told['stored_unique']} stand in the store, "
        f"{told['lost']} lost, {told['duplicated']} doubled."
    ]
    if "cuts" in told:
        lines.append(f"The links were cut {told['cuts']} times; {told['order_breaks']} events are out of order.")
    if "travellers" in told:
        lines.append(
            f"{told['travellers']} travellers: {told['granted']} granted, {told['referred']} referred, "
            f"{told['abandoned']} turned back themselves. {told['granted_without_record']} were granted without a "
            f"record; the exit opened {told['exit_openings']} times."
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
