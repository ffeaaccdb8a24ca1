"""The loop around the interlock, on a board of paper: what feeds the watchdog, and what is told to whom."""

import itertools
from pathlib import Path

import pytest

from firmware.barrier import auth, frame, words
from firmware.barrier.app import App
from firmware.barrier.interlock import OFF, Outputs, Seen
from hardware.wires.barrier import Event, HostSession, Status, Welcome
from tests.firmware.world import QUIET, seen

KEY = bytes(range(32))
LEASE_ms = 500


class PaperBoard:
    """Stands where hal.Board stands: pins, line, clock and watchdog written down."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.inputs: dict[str, bool] = {}
        self.beams = [False] * 4
        self.coming: list[tuple[int, bool]] = []  # edges that come in while the levels are read
        self.ring: list[tuple[int, bool]] = []
        self.line_in = self.line_out = b""
        self.told: Outputs = OFF
        self.fed = 0
        self.stuck = False
        self.passes = 0
        self.edges = self
        self._draws = itertools.count(1)

    def look(self) -> int:
        return self.now_ms

    def levels(self) -> list[bool]:
        for beam, broken in self.coming:
            self.beams[beam] = broken
            self.ring.append((beam, broken))
        self.coming = []
        return list(self.beams)

    def take(self) -> tuple[list[tuple[int, bool]], bool]:
        taken, self.ring = self.ring, []
        return taken, False

    def waiting(self) -> bool:
        return bool(self.ring)

    def seen(self, entry_clear: bool, exit_clear: bool, alive: bool) -> Seen:
        return seen(QUIET, entry_clear=entry_clear, exit_clear=exit_clear, alive=alive, **self.inputs)

    def obey(self, outputs: Outputs) -> None:
        self.told = outputs

    def holds(self, outputs: Outputs) -> bool:
        return not self.stuck

    def receive(self) -> bytes:
        received, self.line_in = self.line_in, b""
        return received

    def send(self, frames: bytes) -> None:
        self.line_out += frames

    def watch(self, limit_ms: int) -> None:
        assert limit_ms == 1000

    def feed(self) -> None:
        self.fed += 1

    def rest(self, until_ms: int) -> None:
        self.now_ms = until_ms
        self.passes += 1
        if self.passes == 50:
            raise KeyboardInterrupt

    def board_id(self) -> bytes:
        return b"paper-00"

    def draw(self, size_bytes: int) -> bytes:
        return next(self._draws).to_bytes(size_bytes, "big")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PaperBoard:
    (tmp_path / "link.key").write_bytes(KEY)
    (tmp_path / "barrier.json").write_text('{"self_test_ms": 50, "lock_ms": 5}')
    monkeypatch.chdir(tmp_path)
    return PaperBoard()


def run(app: App, board: PaperBoard, passes: int) -> None:
    for _ in range(passes):
        app.one_pass()
        board.now_ms += 5


def greet(app: App, board: PaperBoard) -> HostSession:
    host = HostSession(KEY, 1, LEASE_ms, bytes(16))
    board.line_in = host.hello()
    run(app, board, 1)
    assert isinstance(host.feed(board.line_out)[0], Welcome)
    board.line_out = b""
    return host


def say(app: App, board: PaperBoard, host: HostSession, word: int, payload: bytes = b"") -> list[Status | Event]:
    board.line_out = b""
    board.line_in = host.say(word, payload)[1]
    run(app, board, 1)
    return [told for told in host.feed(board.line_out) if isinstance(told, Status | Event)]


def test_edges_that_come_while_the_levels_are_read_are_counted_in_their_order(board: PaperBoard) -> None:
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    run(app, board, 20)
    board.coming = [(0, True)]
    run(app, board, 2)
    board.coming = [(1, True), (0, False)]
    run(app, board, 1)
    board.coming = [(1, False)]
    run(app, board, 2)
    assert app.state.people == 1


def test_events_come_before_the_state_they_led_to_and_until_they_have_arrived(board: PaperBoard) -> None:
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    host = greet(app, board)
    told = say(app, board, host, words.BEAT, words.pack(words.BEAT_FORM, 0))
    run(app, board, 20)
    told = host.feed(board.line_out)
    codes = [each.code for each in told if isinstance(each, Event)]
    assert codes == [words.STARTED, words.ENTRY_SHUT, words.EXIT_SHUT]
    assert isinstance(told[-1], Status)
    assert told[-1].mode == words.READY
    [status] = say(app, board, host, words.BEAT, words.pack(words.BEAT_FORM, 3))
    assert isinstance(status, Status)
    assert (status.answered, status.newest) == (2, 3)


def test_h5_the_mode_is_safe_in_the_first_pass_after_the_lease(board: PaperBoard) -> None:
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    host = greet(app, board)
    run(app, board, 20)
    heard_ms = board.now_ms
    say(app, board, host, words.BEAT, words.pack(words.BEAT_FORM, 0))
    assert app.state.mode == words.READY
    while board.now_ms <= heard_ms + LEASE_ms:
        run(app, board, 1)
        assert app.state.mode == words.READY
    run(app, board, 1)
    assert app.state.mode == words.SAFE


def test_h6_only_a_pass_that_left_the_pins_as_told_feeds_the_watchdog(board: PaperBoard) -> None:
    with pytest.raises(KeyboardInterrupt):
        App(board).run()  # type: ignore[arg-type]  # a board of paper
    assert board.fed == 50
    board.passes, board.fed, board.stuck = 0, 0, True
    with pytest.raises(KeyboardInterrupt):
        App(board).run()  # type: ignore[arg-type]  # a board of paper
    assert board.fed == 0


def test_a_repeated_sequence_gets_its_old_answer_and_unknown_words_are_told_so(board: PaperBoard) -> None:
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    host = greet(app, board)
    sequence, permit = host.say(words.PERMIT, words.pack(words.PERMIT_FORM, words.ENTRY, 1, 99))
    for _ in range(2):
        board.line_out, board.line_in = b"", permit
        run(app, board, 1)
        [status] = [told for told in host.feed(board.line_out) if isinstance(told, Status)]
        assert (status.answered, status.answer) == (sequence, words.REFUSED)  # it is still starting
    [status] = [told for told in say(app, board, host, 0x7F) if isinstance(told, Status)]
    assert status.answer == words.UNKNOWN
    [status] = [told for told in say(app, board, host, words.CONFIG) if isinstance(told, Status)]
    assert status.answer == words.UNKNOWN


def test_the_configuration_is_told_on_request(board: PaperBoard) -> None:
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    host = greet(app, board)
    say(app, board, host, words.CONFIG, words.pack(words.CONFIG_FORM, 0))
    entries = [body for body in frame.Decoder().feed(board.line_out) if body[1] == words.ENTRY_OF_CONFIG]
    assert [body[words.HEAD_bytes : -auth.TAG_bytes][10:] for body in entries] == [b"beam_held_ms"]


def test_a_board_with_a_bad_configuration_says_so_and_permits_nothing(board: PaperBoard) -> None:
    Path("barrier.json").write_text('{"lease_ms": 1}')
    app = App(board)  # type: ignore[arg-type]  # a board of paper
    run(app, board, 200)
    assert app.state.mode == words.FAULTED
    assert app.state.faults == 1 << words.CONFIG_INVALID


def test_a_board_without_a_whole_key_does_not_start(board: PaperBoard) -> None:
    Path("link.key").write_bytes(bytes(16))
    with pytest.raises(ValueError, match="32 bytes"):
        App(board)  # type: ignore[arg-type]  # a board of paper
