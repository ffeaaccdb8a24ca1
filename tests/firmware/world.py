"""A small world around the pure interlock: doors of a few steps, one person at a time, a virtual clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from firmware.barrier import config, interlock, words
from firmware.barrier.interlock import Outputs, Seen, State

PASS_ms = 5
STEPS = 4  # passes from closed to open
SETTINGS = config.defaults() | {
    "self_test_ms": 50,
    "travel_limit_ms": 60,
    "lock_ms": 5,
    "retry_ms": 20,
    "forced_wait_ms": 30,
    "calm_ms": 20,
    "beam_held_ms": 500,
}
QUIET = Seen(
    entry_closed=True, entry_open=False, exit_closed=True, exit_open=False, entry_clear=True, exit_clear=True,
    mat=False, egress=False, fire=False, stop=False, alive=True,
)  # fmt: skip


def seen(base: Seen = QUIET, **changed: bool) -> Seen:
    return Seen(*(changed.get(name, value) for name, value in zip(Seen._fields, base, strict=True)))


@dataclass
class World:
    """Doors obey the pins; the test says what people, inputs and the Pi do. ``run`` checks the rules in every pass."""

    state: State = field(default_factory=lambda: State(0))
    now_ms: int = 0
    places: list[int] = field(default_factory=lambda: [0, 0])
    jammed: bool = False
    inputs: dict[str, bool] = field(default_factory=lambda: {"alive": True})
    outputs: Outputs = interlock.OFF
    events: list[tuple[int, int, int]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def copy(self) -> "World":
        return replace(self, places=list(self.places), inputs=dict(self.inputs), events=[], answers=[])

    def look(self) -> Seen:
        entry, exit_ = self.places
        return seen(
            seen(entry_closed=entry == 0, entry_open=entry == STEPS, exit_closed=exit_ == 0, exit_open=exit_ == STEPS),
            **self.inputs,
        )

    def one_pass(self, asked: Iterable[tuple[int, tuple]] = (), moved: Iterable[tuple[int, int]] = ()) -> None:
        self.now_ms += PASS_ms
        looked = self.look()
        self.state, self.outputs, events, answers = interlock.step(
            self.now_ms, self.state, looked, list(moved), list(asked), SETTINGS
        )
        self.events += events
        self.answers += answers
        out = self.outputs
        assert self.state.fire or not (out.entry_opens and self.places[words.EXIT])
        assert self.state.fire or not (out.exit_opens and self.places[words.ENTRY])
        for which, opens, closes in ((0, out.entry_opens, out.entry_closes), (1, out.exit_opens, out.exit_closes)):
            if not self.jammed:
                self.places[which] = max(0, min(STEPS, self.places[which] + opens - closes))

    def run(self, passes: int = 40) -> "World":
        for _ in range(passes):
            self.one_pass()
        return self

    def until(self, true: Callable[["World"], bool], passes: int = 200) -> bool:
        for _ in range(passes):
            if true(self):
                return True
            self.one_pass()
        return true(self)

    def ask(self, word: int, *values: int) -> int:
        self.one_pass(asked=[(word, values)])
        return self.answers[-1]

    def permit(self, door: int, number: int, valid_ms: int = 5000) -> int:
        return self.ask(words.PERMIT, door, number, self.now_ms + PASS_ms + valid_ms)

    def enter(self) -> None:
        """Somebody walks in through the open entry, and stands on the mat."""
        self.inputs["entry_clear"] = False
        self.one_pass()
        self.inputs["mat"] = True
        self.one_pass(moved=[(words.ENTRY, 1)])
        self.inputs["entry_clear"] = True
        self.one_pass()

    def leave(self, door: int) -> None:
        clear = "entry_clear" if door == words.ENTRY else "exit_clear"
        self.inputs[clear] = False
        self.one_pass()
        self.inputs["mat"] = False
        self.one_pass(moved=[(door, -1)])
        self.inputs[clear] = True
        self.one_pass()

    def press(self) -> None:
        self.inputs["egress"] = True
        self.one_pass()
        self.inputs["egress"] = False
        self.one_pass()

    def codes(self) -> list[int]:
        return [event[0] for event in self.events]
