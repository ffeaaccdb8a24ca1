"""Cameras by URL, and the frames wire with a stranger at the other end."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from hardware.drivers.camera import CameraLost, Frame, open_camera
from hardware.wires.frames import (
    ASK,
    HEADER,
    JPEG_LIMIT_BYTES,
    FrameGarbledError,
    FrameHeader,
    decode_header,
    encode_frame,
)

LIMIT_S = 0.3


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A frame server that answers the first question in its own way."""

    def serve() -> None:
        line, _ = listener.accept()
        with line:
            assert line.recv(1) == ASK
            answer(line)
            line.settimeout(5)
            with suppress(ConnectionResetError):
                line.recv(1)  # until the other end lets go

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"frames://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def asked(answer: Callable[[socket.socket], None]) -> Frame:
    with server(answer) as url, closing(open_camera(url)) as camera:
        return camera.next_frame(LIMIT_S)


def test_the_bytes_of_a_frame_are_these() -> None:
    assert encode_frame(1, 2, b"\xff\xd8") == b"\0\0\0\x02" + b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02" + b"\xff\xd8"
    assert decode_header(encode_frame(7, 9, b"abc")[: HEADER.size]) == FrameHeader(3, 7, 9)


@pytest.mark.parametrize("length", [0, JPEG_LIMIT_BYTES + 1, 2**32 - 1])
def test_a_length_beyond_the_limit_is_refused(length: int) -> None:
    with pytest.raises(FrameGarbledError):
        decode_header(HEADER.pack(length, 1, 1))


def test_a_frame_comes_in_pieces() -> None:
    def pieces(line: socket.socket) -> None:
        for byte in encode_frame(5, 6, b"jpeg"):
            line.sendall(bytes((byte,)))

    assert asked(pieces) == Frame(5, 6, b"jpeg")


@pytest.mark.parametrize(
    "answer",
    [
        lambda line: line.shutdown(socket.SHUT_WR),  # hangs up
        lambda line: line.sendall(HEADER.pack(1000, 1, 1) + b"half"),  # stops in the middle
        lambda line: line.sendall(HEADER.pack(2**31, 1, 1)),  # claims two gigabytes
        lambda line: None,  # says nothing
        lambda line: line.sendall(struct.pack(">I", 0) * 10),  # speaks another language
    ],
)
def test_a_server_that_gives_no_frame_is_a_lost_camera_in_time(answer: Callable[[socket.socket], None]) -> None:
    with pytest.raises(CameraLost):
        asked(answer)


def test_nobody_at_the_address_is_a_lost_camera() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CameraLost, match="no frame server"):
        open_camera(f"frames://127.0.0.1:{port}")


def test_a_device_that_is_not_there_is_a_lost_camera() -> None:
    with pytest.raises(CameraLost, match="no camera at"):
        open_camera("v4l2:/dev/video-none")


def test_a_url_of_no_known_kind_is_a_mistake_of_the_config() -> None:
    with pytest.raises(ValueError, match="frames://HOST:PORT"):
        open_camera("http://127.0.0.1/")


def test_a_frame_does_not_show_in_a_log() -> None:
    assert repr(Frame(7, 9, b"face")) == "Frame(7)"
