"""The board's end of the link under attack: what lacks a true tag, or comes again, moves nothing and beats no heart.

The Pi's end here is the real codec (hardware/wires/barrier.py), so both ends are held to each other.
"""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.barrier import auth, frame, link, words
from hardware.wires.barrier import Event, HostSession, Status, Welcome

KEY = bytes(range(32))
LEASE_ms = 500
STATE = (words.READY, words.SHUT, words.SHUT, 0, 0, 0, 1234)
BEAT = words.pack(words.BEAT_FORM, 0)
PERMIT = words.pack(words.PERMIT_FORM, words.EXIT, 1, 9000)


def a_board(boot: int = 7) -> link.Link:
    nonces = itertools.count(boot << 8)  # another life draws other nonces
    return link.Link(KEY, boot, b"board-00", LEASE_ms, lambda: next(nonces).to_bytes(16, "big"))


def a_host(board: link.Link, host: int = 1, nonce: bytes = bytes(16), now_ms: int = 0) -> HostSession:
    """A host that has been welcomed; the session begins with its first word."""
    session = HostSession(KEY, host, LEASE_ms, nonce)
    _, sent = board.receive(now_ms, session.hello())
    assert isinstance(session.feed(sent)[0], Welcome)
    return session


def say(board: link.Link, host: HostSession, word: int = words.BEAT, payload: bytes = BEAT, now_ms: int = 0) -> list:
    return board.receive(now_ms, host.say(word, payload)[1])[0]


def test_what_the_pi_says_arrives_with_its_values() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    assert say(board, host, words.PERMIT, PERMIT) == [(words.PERMIT, 2, (words.EXIT, 1, 9000))]
    assert say(board, host, words.RELEASE, b"") == [(words.RELEASE, 3, ())]
    assert say(board, host, words.RELEASE, b"?") == [(words.RELEASE, 4, None)]
    assert say(board, host, words.PERMIT, b"") == [(words.PERMIT, 5, None)]
    assert say(board, host, 0x7F, b"") == [(0x7F, 6, ())]


def test_the_answer_carries_state_boot_and_newest_event() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    board.keep((words.PEOPLE_COUNTED, 1, 0), 1200)
    [told] = host.feed(board.answer(1, words.DONE, STATE))
    assert told == Status(1, words.DONE, words.READY, words.SHUT, words.SHUT, 0, 0, 0, 7, 1234, 1, 0)


def test_a_new_program_at_the_other_end_is_announced_and_the_same_one_is_not() -> None:
    board = a_board()
    assert say(board, a_host(board, host=1))[0][0] == words.HELLO
    assert say(board, a_host(board, host=1, nonce=b"\1" * 16))[0][0] == words.BEAT
    assert say(board, a_host(board, host=2))[0][0] == words.HELLO


# --- attacks ---
@given(st.data())
def test_c03_no_mutated_frame_moves_anything_or_beats(data: st.DataObject) -> None:
    """The CRC is mended after each mutation, as an attacker would: only the tag stands between him and the exit."""
    board = a_board()
    host = a_host(board)
    say(board, host)
    [body] = frame.Decoder().feed(host.say(words.PERMIT, PERMIT)[1])
    altered = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        altered[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    if altered == body:
        return
    asked, sent = board.receive(LEASE_ms + 1, frame.wrap(bytes(altered)))
    assert asked == []
    assert sent == b""
    assert not board.alive(LEASE_ms + 1)


@given(st.binary(max_size=400))
def test_c02_no_garbage_moves_anything(garbage: bytes) -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    assert board.receive(0, garbage + b"\0" + frame.wrap(garbage[:100]))[0] == []


def test_c04_merged_and_cut_frames_are_ignored_and_the_next_is_heard() -> None:
    board = a_board()
    host = a_host(board)
    one, two = host.say(words.BEAT, BEAT)[1], host.say(words.BEAT, BEAT)[1]
    assert board.receive(0, one[:-1] + two[1:])[0] == []
    assert board.receive(0, one[: len(one) // 2])[0] == []
    assert say(board, host)[-1][:2] == (words.BEAT, 3)


def test_h13_a_replayed_frame_is_counted_moves_nothing_and_is_no_heartbeat() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    sequence, permit = host.say(words.PERMIT, PERMIT)
    assert len(board.receive(100, permit)[0]) == 1
    board.answer(sequence, words.REFUSED, STATE)
    for later_ms in (200, 400, 600):
        assert board.receive(later_ms, permit)[0] == [(link.AGAIN, sequence, (words.REFUSED,))]
    assert board.forged == 3
    assert not board.alive(601)


def test_h13_a_replay_older_than_the_kept_answers_is_not_even_answered() -> None:
    board = a_board()
    host = a_host(board)
    permit = host.say(words.PERMIT, PERMIT)[1]
    board.receive(0, permit)
    for _ in range(link.ANSWERS_KEPT + 1):
        [(_, sequence, _)] = say(board, host)
        board.answer(sequence, words.DONE, STATE)
    assert board.receive(0, permit)[0] == []
    assert board.forged == 1


def test_a_frame_overtaken_by_a_later_one_moves_nothing() -> None:
    board = a_board()
    host = a_host(board)
    late, early = host.say(words.PERMIT, PERMIT)[1], host.say(words.BEAT, BEAT)[1]
    board.receive(0, early)
    assert board.receive(0, late)[0] == []


def test_c07_when_the_numbers_are_used_up_the_session_is_over() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    host._said = link.LAST_SEQUENCE - 2
    assert len(say(board, host)) == 1
    assert say(board, host) == []
    assert not board.alive(0)
    assert board.answer(1, words.DONE, STATE) == b""
    assert say(board, a_host(board, nonce=b"\2" * 16))[-1][0] == words.BEAT


def test_c08_a_session_from_before_the_boards_restart_is_over() -> None:
    host = a_host(a_board())
    board = a_board(boot=8)
    a_host(board)
    assert say(board, host) == []
    assert not board.alive(0)
    assert board.forged == 0  # nobody's attack


def test_c09_forged_permissions_are_counted() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    stranger = auth.pads(bytes(32))
    for sequence in range(50, 53):
        assert board.receive(0, link.write(stranger, words.PERMIT, host._id, sequence, PERMIT))[0] == []
    assert board.forged == 3


def test_c10_a_board_with_another_key_cannot_welcome_us_nor_we_it() -> None:
    stranger = link.Link(bytes(32), 1, b"board-01", LEASE_ms, lambda: bytes(16))
    host = HostSession(KEY, 1, LEASE_ms, bytes(16))
    assert stranger.receive(0, host.hello()) == ([], b"")
    forged = link.write(auth.pads(bytes(32)), words.WELCOME, 5, 1, bytes(35))
    assert host.feed(forged) == []
    assert host.rejected == 1


def test_a_recorded_welcome_does_not_open_a_session() -> None:
    board = a_board()
    first = HostSession(KEY, 1, LEASE_ms, bytes(16))
    recorded = board.receive(0, first.hello())[1]
    second = HostSession(KEY, 1, LEASE_ms, b"\1" * 16)
    assert second.feed(recorded) == []
    assert not second.open


def test_a_recorded_hello_does_not_end_the_living_session() -> None:
    board = a_board()
    recorded = HostSession(KEY, 1, LEASE_ms, bytes(16)).hello()
    host = a_host(board, nonce=b"\1" * 16)
    say(board, host)
    asked, sent = board.receive(10, recorded)
    assert asked == []
    assert sent
    assert say(board, host, now_ms=20)[0][0] == words.BEAT
    assert board.alive(20 + LEASE_ms)


@pytest.mark.parametrize(
    ("session", "sequence", "payload"),
    [
        (1, 0, words.pack(words.HELLO_FORM, 1, 1, 500, bytes(16))),
        (0, 1, words.pack(words.HELLO_FORM, 1, 1, 500, bytes(16))),
        (0, 0, words.pack(words.HELLO_FORM, 2, 1, 500, bytes(16))),
        (0, 0, b""),
    ],
)
def test_a_hello_that_is_not_as_it_should_be_is_refused(session: int, sequence: int, payload: bytes) -> None:
    board = a_board()
    hello = link.write(auth.pads(KEY), words.HELLO, session, sequence, payload)
    assert board.receive(0, hello) == ([], b"")
    assert board.forged == 1


def test_our_own_words_thrown_back_at_us_mean_nothing_at_either_end() -> None:
    board = a_board()
    host = a_host(board)
    said = host.say(words.BEAT, BEAT)[1]
    asked, _ = board.receive(0, said)
    told = board.answer(1, words.DONE, STATE)
    assert len(asked) == 2
    assert board.receive(0, told)[0] == []
    assert host.feed(said) == []


def test_a_body_too_short_and_a_version_unknown_are_refused() -> None:
    board = a_board()
    board.receive(0, frame.wrap(b"\1\2\3"))
    board.receive(0, frame.wrap(bytes([9, words.BEAT]) + bytes(20)))
    host = a_host(board)
    host.feed(frame.wrap(b"\1\2\3"))
    assert (board.forged, host.rejected) == (2, 1)


# --- lease ---
def test_h5_the_lease_ends_exactly_when_it_ends() -> None:
    board = a_board()
    host = a_host(board, now_ms=1000)
    assert not board.alive(1000)  # a HELLO is no heartbeat
    say(board, host, now_ms=1100)
    assert board.alive(1100 + LEASE_ms)
    assert not board.alive(1100 + LEASE_ms + 1)
    say(board, host, now_ms=2000)
    assert board.alive(2000 + LEASE_ms)


@pytest.mark.parametrize(("asked_ms", "granted_ms"), [(0, 200), (300, 300), (500, 500), (5000, 500)])
def test_the_lease_is_what_both_ends_agree_to(asked_ms: int, granted_ms: int) -> None:
    board = a_board()
    host = HostSession(KEY, 1, asked_ms, bytes(16))
    [welcome] = host.feed(board.receive(0, host.hello())[1])
    assert isinstance(welcome, Welcome)
    assert welcome.lease_ms == granted_ms
    say(board, host)
    assert board.alive(granted_ms)
    assert not board.alive(granted_ms + 1)


# --- events ---
def heard(host: HostSession, sent: bytes) -> list[int]:
    return [told.number for told in host.feed(sent) if isinstance(told, Event)]


def test_an_event_is_told_until_it_has_arrived_and_only_while_somebody_listens() -> None:
    board = a_board()
    assert board.tell(0) == b""
    board.keep((words.STARTED, 0, 0), 5)
    host = a_host(board)
    assert board.tell(0) == b""
    say(board, host)
    assert heard(host, board.tell(0)) == [1]
    assert heard(host, board.tell(link.RESEND_ms - 1)) == []
    board.keep((words.FORCED, words.EXIT, 0), 6)
    assert heard(host, board.tell(link.RESEND_ms)) == [1, 2]
    board.struck_off(1)
    assert heard(host, board.tell(2 * link.RESEND_ms)) == [2]
    assert board.tell(LEASE_ms + 1) == b""
    again = a_host(board, nonce=b"\3" * 16, now_ms=LEASE_ms + 2)
    say(board, again, now_ms=LEASE_ms + 2)
    assert heard(again, board.tell(LEASE_ms + 2)) == [2]  # kept while the Pi was away


def test_events_are_limited_and_the_oldest_one_kept_is_named() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    for _ in range(link.EVENTS_KEPT + 10):
        board.keep((words.PEOPLE_COUNTED, 1, 0), 0)
    told = [each for each in host.feed(board.tell(0)) if isinstance(each, Event)]
    assert len(told) == link.EVENTS_KEPT
    assert {each.oldest for each in told} == {11}


def test_the_configuration_can_be_read_entry_by_entry() -> None:
    board = a_board()
    host = a_host(board)
    say(board, host)
    [body] = frame.Decoder().feed(board.describe(5, 3, ("a", "b"), {"a": 1, "b": -2}))
    payload = body[words.HEAD_bytes : -auth.TAG_bytes]
    form = words.CONFIG_ENTRY_FORM
    assert words.unpack(form, payload[:-1]) == (5, 1, 2, -2)
    assert payload[-1:] == b"b"


def test_every_word_fits_into_a_frame() -> None:
    biggest = max(
        len(words.pack(words.STATUS_FORM, *[0] * 12)),
        len(words.pack(words.WELCOME_FORM, 0, 0, bytes(8), 0, 0, bytes(16))),
        len(words.pack(words.CONFIG_ENTRY_FORM, 0, 0, 0, 0)) + 32,
    )
    assert words.HEAD_bytes + biggest + auth.TAG_bytes <= frame.LIMIT_BODY_bytes


def test_noise_on_the_line_loses_frames_and_never_invents_one() -> None:
    board, chance = a_board(), random.Random(3)
    host = a_host(board)
    sequences = []
    for _ in range(300):
        said = bytes(
            b ^ chance.randrange(1, 256) if chance.random() < 0.01 else b for b in host.say(words.BEAT, BEAT)[1]
        )
        sequences += [sequence for word, sequence, _ in board.receive(0, said)[0] if word == words.BEAT]
    assert sequences == sorted(set(sequences))
    assert 100 < len(sequences) < 290
