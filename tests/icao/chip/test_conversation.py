"""One conversation with one chip: nothing in clear once it was protected, and one account for everything."""

from collections.abc import Callable, Iterator

import pytest

from icao.chip import bac, conversation
from icao.chip.apdu import Command, Response, parse_command
from icao.chip.conversation import Conversation
from icao.chip.secure_messaging import NotProtected, Session, TripleDes, unwrap_command, wrap_response
from icao.tlv import Garbled

READ = Command(0x00, 0xB0, 0x81, 0, le=64)
SESSION = Session(TripleDes(bytes(range(16)), bytes(range(16, 32))), 7)


def scripted(*answers: bytes) -> tuple[Callable[[bytes], bytes], list[bytes]]:
    heard: list[bytes] = []
    pending: Iterator[bytes] = iter(answers)

    def answer(command: bytes) -> bytes:
        heard.append(command)
        return next(pending)

    return answer, heard


def protected(talk: Conversation, *responses: Response) -> list[Command]:
    """The other end of ``SESSION``: it answers each command with the next response."""
    heard: list[Command] = []
    session, pending = SESSION, iter(responses)

    def answer(apdu: bytes) -> bytes:
        nonlocal session
        command, session = unwrap_command(session, apdu)
        heard.append(command)
        wrapped, session = wrap_response(session, next(pending), command.ins)
        return wrapped

    talk._transceive = answer
    talk.protect(SESSION)
    return heard


@pytest.mark.parametrize("broken", [b"\x69\x88", b"\x67\x00", b"plain data\x90\x00", b"\x90\x00"])
def test_a16_after_an_answer_in_clear_nothing_is_said_in_clear(broken: bytes) -> None:
    answer, heard = scripted(broken, b"plain data\x90\x00")
    talk = Conversation(answer)
    talk.protect(SESSION)
    with pytest.raises(Garbled):
        talk.send(READ)
    with pytest.raises(Garbled, match="session is over"):
        talk.send(READ)
    assert len(heard) == 1
    assert not talk.alive


def test_a15_after_a_wrong_mac_the_session_does_not_come_back() -> None:
    wrapped, _ = wrap_response(SESSION.next(), Response(b"data", 0x9000), 0xB0)
    answer, heard = scripted(wrapped[:-3] + bytes([wrapped[-3] ^ 1]) + wrapped[-2:], wrapped)
    talk = Conversation(answer)
    talk.protect(SESSION)
    for _ in range(2):
        with pytest.raises(Garbled):
            talk.send(READ)
    assert len(heard) == 1


def test_a15_an_answer_that_came_before_is_refused() -> None:
    wrapped, _ = wrap_response(SESSION.next(), Response(b"data", 0x9000), 0xB0)
    answer, _ = scripted(wrapped, wrapped)
    talk = Conversation(answer)
    talk.protect(SESSION)
    assert talk.send(READ).data == b"data"
    with pytest.raises(Garbled, match="replayed"):
        talk.send(READ)


def test_a_chip_that_is_opened_anew_is_spoken_to_in_clear_again() -> None:
    answer, heard = scripted(b"\x69\x88", b"\x90\x00")
    talk = Conversation(answer)
    talk.protect(SESSION)
    with pytest.raises(NotProtected):
        talk.send(READ)
    talk.restart()
    assert talk.send(READ).ok
    assert parse_command(heard[1]) == READ


# --- what a chip may still ask of us ---
def test_the_right_le_is_asked_for_once_and_not_for_ever() -> None:
    answer, heard = scripted(b"\x6c\x08", bytes(8) + b"\x90\x00")
    assert Conversation(answer).send(Command(0x00, 0x84, le=16)).data == bytes(8)
    assert [parse_command(command).le for command in heard] == [16, 8]
    answer, heard = scripted(b"\x6c\x08", b"\x6c\x07", b"\x6c\x06")
    assert Conversation(answer).send(Command(0x00, 0x84, le=16)).status == 0x6C07
    assert len(heard) == 2


def test_the_right_le_is_asked_for_under_secure_messaging_too() -> None:
    talk = Conversation(lambda command: b"")
    heard = protected(talk, Response(b"", 0x6C08), Response(bytes(8), 0x9000))
    assert talk.send(READ).data == bytes(8)
    assert [command.le for command in heard] == [64, 8]


def test_an_answer_in_pieces_is_put_together() -> None:
    answer, heard = scripted(b"abc\x61\x03", b"def\x61\x00", b"ghi\x90\x00")
    assert Conversation(answer).send(READ).data == b"abcdefghi"
    assert [command.hex() for command in heard[1:]] == ["00c0000003", "00c0000000"]


def test_a20_pieces_without_end_are_ended() -> None:
    talk = Conversation(lambda command: b"a\x61\x01")
    with pytest.raises(Garbled, match="without end"):
        talk.send(READ)
    assert talk.commands < 40


@pytest.mark.parametrize(("limit", "value"), [("MAX_COMMANDS", 20), ("MAX_WIRE_BYTES", 500)])
def test_a20_what_a_chip_may_cost_in_all_is_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(conversation, limit, value)
    talk = Conversation(lambda command: bytes(20) + b"\x90\x00")
    with pytest.raises(Garbled, match="busy"):
        list(map(talk.send, [READ] * 100))


def test_each_session_is_counted() -> None:
    talk = Conversation(lambda command: b"")
    for number in (1, 2):
        talk.protect(SESSION)
        assert talk.sessions == number


def test_the_code_of_a_denied_access_is_a_word() -> None:
    assert bac.AccessDenied("why").code == "wrong-key"
