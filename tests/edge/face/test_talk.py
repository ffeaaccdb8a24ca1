"""Words between the edge and its face process: round trips, and nothing that was not declared."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.face.talk import (
    BLOB_LIMIT_BYTES,
    JSON_LIMIT_BYTES,
    LENGTHS,
    Answered,
    CameraChanged,
    Compare,
    Hinted,
    Message,
    Ready,
    Stop,
    TalkGarbledError,
    decode_body,
    decode_lengths,
    encode,
)

MESSAGES: list[Message] = [
    Compare(3, 9.5),
    Stop(),
    Ready("sface", "1", "00" * 32, 0.6, 150.0),
    Hinted(3, "nobody"),
    Answered(3, "match", "", 0.8, 1, 1, 40.0),
    Answered(3, "not-captured", "nobody", None, 9, 0, 0.0),
    CameraChanged(lost=True, why="hung up"),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_what_is_said_is_what_is_heard(message: Message) -> None:
    told = encode(message, b"portrait")
    words, blob = decode_lengths(told[: LENGTHS.size])
    assert decode_body(told[LENGTHS.size :][:words]) == message
    assert told[LENGTHS.size + words :] == b"portrait"
    assert blob == len(b"portrait")


@pytest.mark.parametrize(
    "said",
    [
        {"is": "hinted", "work": 1},
        {"is": "hinted", "work": 1, "hint": "nobody", "more": 1},
        {"is": "hinted", "work": "1", "hint": "nobody"},
        {"is": "hinted", "work": True, "hint": "nobody"},
        {"is": "camera", "lost": 1, "why": ""},
        {
            "is": "answered",
            "work": 1,
            "outcome": "match",
            "hint": "",
            "score": "1",
            "frames": 1,
            "good": 1,
            "compare_ms": 1,
        },
        {"is": "granted"},
        {},
        [],
        7,
    ],
)
def test_other_fields_and_types_are_refused(said: object) -> None:
    with pytest.raises(TalkGarbledError):
        decode_body(json.dumps(said).encode())


@pytest.mark.parametrize("lengths", [(0, 0), (JSON_LIMIT_BYTES + 1, 0), (10, BLOB_LIMIT_BYTES + 1), (2**32 - 1, 0)])
def test_lengths_beyond_the_limits_are_refused_before_anything_is_read(lengths: tuple[int, int]) -> None:
    with pytest.raises(TalkGarbledError):
        decode_lengths(LENGTHS.pack(*lengths))


@given(st.binary(max_size=200))
def test_garbage_is_only_ever_garbled(words: bytes) -> None:
    with pytest.raises(TalkGarbledError):
        decode_body(words)
