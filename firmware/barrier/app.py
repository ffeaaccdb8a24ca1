"""One pass every 5 ms, for ever: look, listen, decide, act, tell, rest. The watchdog is fed here and nowhere else."""

import gc

from firmware.barrier import auth, config, interlock, link, people, words

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from firmware.barrier.hal import Board
    from firmware.barrier.link import Asked, Status

PASS_ms = 5
COLLECT_EVERY = 20  # passes
CONFIG_PATH = "barrier.json"
KEY_PATH = "link.key"


class Doorways:
    """The two counters and the beams' levels as far as their edges have been heard."""

    def __init__(self, levels: list[bool]) -> None:
        self.levels = list(levels)
        self.pairs = [people.NOBODY, people.NOBODY]
        self.broken = [False, False]

    def hear(self, edges: list[tuple[int, bool]], levels: list[bool] | None, overrun: bool) -> list[tuple[int, int]]:
        """The changes (door, +1 in or -1 out) since the last pass. ``levels`` only while no edge is under way:

        a level that is told before its edge would put the edges in a wrong order.
        """
        moved: list[tuple[int, int]] = []
        self.broken = [False, False]
        for beam, level in edges:
            self._edge(beam, level, moved)
        if levels is not None:
            for beam in range(4):
                self._edge(beam, levels[beam], moved)  # whatever edge was missed, the level is true
        a1, a2, b1, b2 = self.levels
        self.broken = [self.broken[0] or a1 or a2, self.broken[1] or b1 or b2]
        if overrun:
            moved.append((words.ENTRY, 1))  # more edges than the ring holds: in doubt, one more
        return moved

    def _edge(self, beam: int, level: bool, moved: list[tuple[int, int]]) -> None:
        if self.levels[beam] == level:
            return
        self.levels[beam] = level
        which = words.ENTRY if beam < 2 else words.EXIT
        # Broken and clear again between two passes is broken too: nothing closes on it.
        self.broken[which] = True
        a1, a2, b1, b2 = self.levels
        outer, inner = (a1, a2) if which == words.ENTRY else (b2, b1)
        self.pairs[which], change = people.count(self.pairs[which], outer, inner)
        if change:
            moved.append((which, change))


class App:
    def __init__(self, board: "Board") -> None:
        self.board = board
        self.settings, valid = config.load(CONFIG_PATH)
        boot = int.from_bytes(board.draw(4), "big") or 1
        self.link = link.Link(
            read_key(), boot, board.board_id(), self.settings["lease_ms"], lambda: board.draw(auth.NONCE_bytes)
        )
        self.state = interlock.State(board.look())
        if not valid:
            self.state.faults = 1 << words.CONFIG_INVALID
        self.doorways = Doorways(board.levels())
        self.healthy_ms = -1
        self.passes = 0
        self.told: "Status | tuple[()]" = ()

    def one_pass(self) -> tuple[int, interlock.Outputs]:
        board, link = self.board, self.link
        now_ms = board.look()
        edges, overrun = board.edges.take()
        levels = board.levels()
        moved = self.doorways.hear(edges, None if board.edges.waiting() else levels, overrun)
        asked, replies = link.receive(now_ms, board.receive())
        entry_broken, exit_broken = self.doorways.broken
        seen = board.seen(not entry_broken, not exit_broken, link.alive(now_ms))
        heard = [(word, values) for word, _, values in asked if word in interlock.ASKED]
        self.state, outputs, events, answers = interlock.step(
            now_ms, self.state, seen, moved, heard, self.settings
        )  # fmt: skip
        board.obey(outputs)
        for event in events:
            link.keep(event, now_ms)
        board.send(replies + self._answers(now_ms, asked, answers, seen))
        return now_ms, outputs

    def _answers(self, now_ms: int, asked: "list[Asked]", answers: list[int], seen: interlock.Seen) -> bytes:
        answers = list(answers)
        sent = b""
        told: list[tuple[int, int]] = []
        for word, sequence, values in asked:
            answer = words.UNKNOWN
            if word in interlock.ASKED:
                answer = answers.pop(0)
            if word == words.BEAT and values:
                self.link.struck_off(values[0])
            if word == words.HELLO:
                continue
            if word == words.CONFIG and values:
                sent += self.link.describe(sequence, values[0], config.NAMES, self.settings)
                continue
            told.append((sequence, values[0] if word == link.AGAIN and values else answer))
        # Events before answers: who reads the state has heard what led to it.
        sent += self.link.tell(now_ms)
        status = self._status(now_ms, seen)
        changed = status[:-1] != self.told[:-1]
        self.told = status
        if changed and not told and self.link.alive(now_ms):
            sent += self.link.news(status)
        for sequence, answer in told:
            sent += self.link.answer(sequence, answer, status)
        return sent

    def _status(self, now_ms: int, seen: interlock.Seen) -> "Status":
        state = self.state
        return (
            state.mode, state.entry[0], state.exit[0], min(state.people, 255), interlock.flags(state, seen),
            state.faults, now_ms,
        )  # fmt: skip

    def run(self) -> None:
        """For ever. Only a pass that went through, moved the clock and left the pins as told feeds the watchdog."""
        self.board.watch(self.settings["watchdog_ms"])
        while True:
            now_ms, outputs = self.one_pass()
            if now_ms >= self.healthy_ms and self.board.holds(outputs):
                self.board.feed()
            self.healthy_ms = now_ms
            self._tidy()
            self.board.rest(now_ms + PASS_ms)

    def _tidy(self) -> None:
        """Collect garbage now and then, when we choose, and not in the middle of a pass."""
        self.passes = (self.passes + 1) % COLLECT_EVERY
        if self.passes == 0:
            gc.collect()


def read_key() -> bytes:
    with open(KEY_PATH, "rb") as file:
        key: bytes = file.read()
    if len(key) != auth.KEY_bytes:
        raise ValueError("link.key must hold 32 bytes: provision this board again")
    return key
