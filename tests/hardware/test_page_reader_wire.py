"""The page reader's bytes: what is said, what is garbage, and that the next good frame is always heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.wires.page_reader import (
    FRAME_LIMIT_BYTES,
    Garbled,
    Laid,
    Lifted,
    Lines,
    PageEvent,
    PageFramer,
    Profile,
    check_byte,
    encode,
)

TD3 = ("P<UTOOBERLIN<<MIRA<SOLEDA<<<<<<<<<<<<<<<<<<<", "X1234567<6UTO8803149F3511230<<<<<<<<<<<<<<06")
TD2 = ("I<UTOTARQUEST<<JONAS<EMERY<<<<<<<<<<", "X1234567<6UTO8809023M3511230<<<<<<<6")
TD1 = ("I<UTOX1234567<6<<<<<<<<<<<<<<<", "8803149F3511230UTO<<<<<<<<<<<6", "OBERLIN<<MIRA<SOLEDA<<<<<<<<<<")

good_events = st.lists(st.sampled_from([Laid(), Lifted(), Lines(TD3), Lines(TD2), Lines(TD1)]), max_size=6)


def wire(events: list[PageEvent], profile: Profile) -> bytes:
    return b"".join(encode(event, profile) for event in events if not isinstance(event, Garbled))


def test_the_framed_bytes_are_these() -> None:
    assert encode(Laid(), "framed") == b"\x02D+\x03\x6e"
    assert encode(Lifted(), "framed") == b"\x02D-\x03\x68"
    assert encode(Lines(("AB", "C")), "framed") == b"\x02MAB\rC\x03\x01"[:-1] + bytes((check_byte(b"\x02MAB\rC\x03"),))


def test_the_plain_bytes_are_these() -> None:
    assert encode(Lines(TD1[:2]), "plain") == (TD1[0] + "\r" + TD1[1] + "\r").encode()
    assert encode(Laid(), "plain") == b""


@given(good_events, st.data())
def test_frames_split_and_merged_anyhow_say_the_same(events: list[PageEvent], data: st.DataObject) -> None:
    stream, framer, heard = wire(events, "framed"), PageFramer("framed"), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        heard += framer.feed(stream[:size])
        stream = stream[size:]
    assert heard == events


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
@pytest.mark.parametrize("lines", [TD1, TD2, TD3])
def test_plain_lines_are_grouped_by_their_length(lines: tuple[str, ...], end: bytes) -> None:
    framer = PageFramer("plain")
    stream = b"".join(line.encode() + end for line in lines) * 2
    assert [event for byte in stream for event in framer.feed(bytes((byte,)))] == [Lines(lines), Lines(lines)]


@given(st.lists(st.binary(max_size=600), max_size=5), st.sampled_from(["framed", "plain"]))
def test_garbage_raises_nothing_and_is_never_lines_beyond_the_limits(portions: list[bytes], profile: Profile) -> None:
    framer = PageFramer(profile)
    for portion in portions:
        for event in framer.feed(portion):
            if isinstance(event, Lines):
                assert 1 <= len(event.lines) <= 3
                assert all(1 <= len(line) <= 44 and line.isascii() for line in event.lines)


@given(st.binary(max_size=600))
def test_the_reader_is_understood_again_after_any_noise(noise: bytes) -> None:
    framer = PageFramer("framed")
    framer.feed(noise)
    # One frame may be lost to what the noise began (its tail may pass for an ETX), a second one never.
    framer.feed(encode(Lifted(), "framed"))
    assert framer.feed(encode(Laid(), "framed")) == [Laid()]


@given(st.binary(max_size=600), st.sampled_from(["framed", "plain"]))
def test_after_noise_and_a_silence_nothing_is_lost(noise: bytes, profile: Profile) -> None:
    framer = PageFramer(profile)
    framer.feed(noise)
    framer.silence()
    assert framer.feed(encode(Lines(TD3), profile)) == [Lines(TD3)]


@given(st.integers(0, 94), st.integers(1, 255))
def test_one_damaged_byte_never_passes_for_an_mrz(at: int, flip: int) -> None:
    stream = bytearray(encode(Lines(TD3), "framed"))
    stream[at % len(stream)] ^= flip
    assert Lines not in {type(event) for event in PageFramer("framed").feed(bytes(stream))}


def test_a_wrong_check_byte_is_refused_and_said() -> None:
    framer = PageFramer("framed")
    assert framer.feed(b"\x02D+\x03\x00" + encode(Lifted(), "framed")) == [Garbled("wrong-check"), Lifted()]


def test_a_lost_check_byte_does_not_swallow_the_next_frame() -> None:
    cut = encode(Laid(), "framed")[:-1]
    assert PageFramer("framed").feed(cut + encode(Lifted(), "framed")) == [Garbled("wrong-check"), Lifted()]


def test_a_frame_cut_short_does_not_swallow_the_next_one() -> None:
    cut = encode(Lines(TD3), "framed")[:30]
    assert PageFramer("framed").feed(cut + encode(Laid(), "framed")) == [Garbled("cut-short"), Laid()]


@pytest.mark.parametrize(
    "payload",
    [
        b"M" + b"\x1b[2J" + b"A" * 20,  # an escape sequence for whoever prints the log
        b"MP<UTO\x00\x00\x00",
        b"Mp<uto",
        b"M",
        b"M" + b"A" * 45,
        b"MAA\rBB\rCC\rDD",
        b"MAA\r\rBB",
    ],
)
def test_what_is_no_mrz_line_is_refused_though_its_check_byte_is_right(payload: bytes) -> None:
    framed = b"\x02" + payload + b"\x03"
    assert PageFramer("framed").feed(framed + bytes((check_byte(framed),))) == [Garbled("bad-line")]


@pytest.mark.parametrize("payload", [b"", b"D", b"D++", b"X", b"D+\x00"])
def test_an_unknown_payload_is_refused(payload: bytes) -> None:
    framed = b"\x02" + payload + b"\x03"
    assert PageFramer("framed").feed(framed + bytes((check_byte(framed),))) == [Garbled("bad-payload")]


@pytest.mark.parametrize(("profile", "byte"), [("framed", b"\x00"), ("framed", b"\x02"), ("plain", b"A")])
def test_a_megabyte_without_an_end_mark_is_dropped_at_the_limit(profile: Profile, byte: bytes) -> None:
    framer, complaints = PageFramer(profile), 0
    framer.feed(b"\x02M")
    for _ in range(256):
        complaints += len(framer.feed(byte * 4096))
    kept = framer._framing._frame if profile == "framed" else framer._framing._line  # type: ignore[union-attr]  # white box: memory
    assert len(kept) < FRAME_LIMIT_BYTES
    assert complaints <= 256
    framer.silence()
    assert framer.feed(encode(Lines(TD3), profile)) == [Lines(TD3)]


def test_half_an_mrz_does_not_wait_for_the_next_travellers_half() -> None:
    framer = PageFramer("plain")
    assert framer.feed(TD3[0].encode() + b"\r") == []
    assert framer.silence() == [Garbled("cut-short")]
    assert framer.feed(encode(Lines(TD3), "plain")) == [Lines(TD3)]


def test_lines_of_different_lengths_are_no_mrz() -> None:
    assert PageFramer("plain").feed((TD3[0] + "\r" + TD2[0] + "\r" + TD2[1] + "\r").encode()) == [
        Garbled("lines-differ"),
        Lines(TD2),
    ]


def test_an_mrz_does_not_show_in_a_log() -> None:
    assert "OBERLIN" not in repr(Lines(TD3))
