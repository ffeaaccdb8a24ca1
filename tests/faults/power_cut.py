"""What survives when the power goes at any write? Every moment of a real process, in many disks that might be left.

The process runs once under ``strace``; its log is played into images (``disk``), and each is opened by the real code:
no promised row may be missing, none may be damaged. A model, no proof: names and files are torn independently, a sync
that lies is not looked at.
"""

import hashlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.outbox.errors import OutboxError
from edge.outbox.outbox import Outbox
from messages.errors import Refused
from messages.frame import open_frame, read_events, verify
from tests.faults import power_writer
from tests.faults.disk import Deed, Disk, Image, Said, read_image, write_image
from tests.faults.traced import deeds_in, trace

ROUNDS = 8
OUTBOX_WRITER = Path(power_writer.__file__)
MEMORY = Path("/dev/shm")  # noqa: S108  # images lie in memory: what is proven is what stands in them, not their disk
SHOWN_MAX = 10
NOT_KEPT = ("-shm",)  # shared memory is made anew by whoever opens the file first

Judge = Callable[[Path, list[str]], str]  # an image's folder and what had been said: what is wrong, or nothing


@dataclass(slots=True)
class Verdicts:
    images: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # ok, lost, corrupt
    sentences: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"images": self.images, **{name: self.counts[name] for name in ("ok", "lost", "corrupt")}}


@dataclass(frozen=True, slots=True)
class Story:
    """What lay there before, and what a process then did."""

    before: Image
    deeds: list[Deed]


def told_by(prepare: Callable[[Path], None], words: Callable[[Path], list[str]], options: Sequence[str] = ()) -> Story:
    """Prepare a folder unobserved, then watch a command work in it."""
    place = Path(tempfile.mkdtemp(prefix="borderpost-power-"))
    try:
        folder, log = place / "it", place / "strace.log"
        prepare(folder)
        before = read_image(folder)
        trace(words(folder), log, options)
        return Story(before, deeds_in(log, folder))
    finally:
        shutil.rmtree(place)


def explore(story: Story, judge: Judge, images: int, chance: random.Random) -> Verdicts:
    """``images`` of them at random cuts, each judged against what had been said before its cut."""
    verdicts = Verdicts()
    for at, said, image in images_of(story, images, chance):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
            write_image({path: content for path, content in image.items() if not path.endswith(NOT_KEPT)}, Path(name))
            wrong = judge(Path(name), said)
        verdicts.images += 1
        verdicts.counts[wrong.split(":")[0] or "ok"] += 1
        if wrong and len(verdicts.sentences) < SHOWN_MAX:
            verdicts.sentences.append(f"after deed {at}: {wrong}")
    return verdicts


def images_of(story: Story, count: int, chance: random.Random) -> Iterable[tuple[int, list[str], Image]]:
    """Where it was cut, what had been said by then, and what is left."""
    deeds = story.deeds
    cuts = Counter(chance.randint(0, len(deeds)) for _ in range(count))
    disk, said = Disk(), list[str]()
    disk.lay(story.before)
    for at in range(len(deeds) + 1):
        for _ in range(cuts[at]):
            yield at, said, disk.image(chance)
        if at < len(deeds):
            deed = deeds[at]
            disk.do(deed)
            said += [deed.line] if isinstance(deed, Said) else []


# --- the edge's outbox ---
def outbox_story(rounds: int = ROUNDS, synchronous: str = "FULL") -> Story:
    """What the real outbox does to its files, in two lives."""
    return told_by(Path.mkdir, lambda edge: [sys.executable, str(OUTBOX_WRITER), str(edge), str(rounds), synchronous])


def judge_outbox(folder: Path, said: list[str]) -> str:
    """Every committed event waits, whole, unless its striking off had begun; and new ones can be written."""
    try:
        outbox = Outbox.open(folder / "outbox.db", power_writer.SEALER)
    except OutboxError as error:
        return f"corrupt: it does not open ({type(error).__name__})"
    with closing(outbox):
        if outbox.moved_aside is not None:
            return "corrupt: the file was damaged and moved aside"
        try:
            waiting = waiting_in(outbox)
            outbox.commit(*power_writer.ALARM, power_writer.stamp(0))
        except (OutboxError, Refused) as error:
            return f"corrupt: a frame does not open ({error})"
        return _compare(said, waiting, dict(outbox.boots()))


def waiting_in(outbox: Outbox) -> dict[tuple[str, int], str]:
    """The digest of every event that waits, by boot and number; each frame verified and opened."""
    topic, key = outbox.sealer.topic, outbox.sealer.device_key
    keys = {key.kid: key.record(topic.region, topic.post)}
    return {
        (event.boot, event.seq): hashlib.sha256(event.to_json()).hexdigest()
        for row in outbox.waiting(100_000)
        for event in read_events(open_frame(verify(row.frame, topic, keys), power_writer.REGION_KEY))
    }


def _compare(said: list[str], waiting: dict[tuple[str, int], str], ends: dict[str, int]) -> str:
    committed: dict[tuple[str, int], str] = {}
    leaving: set[tuple[str, int]] = set()
    for line in said:
        match line.split():
            case ["committed", boot, seq, digest]:
                committed[boot, int(seq)] = digest
            case ["striking", boot, first, last]:
                leaving.update((boot, seq) for seq in range(int(first), int(last) + 1))
    for (boot, seq), digest in committed.items():
        if ends.get(boot, 0) < seq or ((boot, seq) not in waiting and (boot, seq) not in leaving):
            return f"lost: {boot[:8]}/{seq} was committed and is not there"
        if waiting.get((boot, seq), digest) != digest:
            return f"corrupt: {boot[:8]}/{seq} holds other bytes than were committed"
    return ""
