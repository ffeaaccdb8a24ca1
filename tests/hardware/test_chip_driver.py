"""The chip driver on a direct socket whose other end does what it likes, and the thread that may be caught."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hardware.drivers.chip import ChipLimits, ChipReader, ReaderLost, open_chip
from hardware.drivers.worker import Worker
from hardware.wires import vpcd
from icao.chip.apdu import Silent
from simulators.network.broker import free_port

LIMITS = ChipLimits(connect_s=1.0, apdu_s=0.3, poll_s=0.01)
ATR = b"\x3b\x80\x80\x01\x01"
PATIENCE_S = 10.0
Script = Callable[[socket.socket, bytes], None]


def answers(answer: bytes) -> Script:
    return lambda connection, body: connection.sendall(answer)


@contextmanager
def chip_that(script: Script) -> Iterator[ChipReader]:
    """A driver connected to an end that is present, and answers each APDU by the script."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, script), daemon=True)
        thread.start()
        reader = open_chip(f"socket://127.0.0.1:{server.getsockname()[1]}", LIMITS)
        yield reader
        reader.close()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def _serve(server: socket.socket, script: Script) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # the test is over
            return
        messages = vpcd.Messages()
        with connection:
            try:
                while piece := connection.recv(65536):
                    for body in messages.feed(piece):
                        if body == vpcd.ATR:
                            connection.sendall(vpcd.message(ATR))
                        elif len(body) > 1:
                            script(connection, body)
            except OSError:
                continue


def in_pieces(connection: socket.socket, body: bytes) -> None:
    for octet in vpcd.message(bytes(20) + b"\x90\x00"):
        connection.sendall(bytes((octet,)))


def hang_up(connection: socket.socket, body: bytes) -> None:
    connection.sendall(b"\x00\x10half")
    connection.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket, body: bytes) -> None:
    """A byte whenever the driver might have lost patience with the piece, and never the whole."""
    connection.sendall(b"\xff\xff")
    for _ in range(100):
        connection.sendall(b"\x00")
        time.sleep(0.05)


def nothing(connection: socket.socket, body: bytes) -> None:
    pass


def test_an_answer_in_pieces_is_whole() -> None:
    with chip_that(in_pieces) as reader, reader.connect() as transceive:
        assert transceive(b"\x00\x84\x00\x00\x08") == bytes(20) + b"\x90\x00"


@pytest.mark.parametrize("script", [nothing, hang_up, drip, answers(b"\x00\x00")])
def test_a_chip_that_gives_no_whole_answer_is_silent_within_the_limit(script: Script) -> None:
    with chip_that(script) as reader:
        assert reader.wait_present(PATIENCE_S)
        began_s = time.monotonic()
        with reader.connect() as transceive, pytest.raises(Silent):
            transceive(b"\x00\x84\x00\x00\x08")
        assert time.monotonic() - began_s < 1.0


def test_after_a_silent_chip_the_next_answer_is_not_the_old_one() -> None:
    slow = threading.Event()

    def late(connection: socket.socket, body: bytes) -> None:
        if body[-1] == 1:
            slow.wait(PATIENCE_S)
        connection.sendall(vpcd.message(body[-1:] + b"\x90\x00"))

    with chip_that(late) as reader:
        with reader.connect() as transceive, pytest.raises(Silent):
            transceive(b"\x00\xb0\x00\x01")
        slow.set()
        with reader.connect() as transceive:
            assert transceive(b"\x00\xb0\x00\x02") == b"\x02\x90\x00"


def test_a_reader_that_is_not_there_is_lost_with_a_sentence_and_comes_back() -> None:
    port = free_port()
    reader = open_chip(f"socket://127.0.0.1:{port}", LIMITS)
    with pytest.raises(ReaderLost, match="Is it running"):
        reader.present()
    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=_serve, args=(server, nothing), daemon=True)
        thread.start()
        assert reader.present()
        reader.close()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)
    with pytest.raises(ReaderLost):
        reader.present()


@pytest.mark.parametrize("url", ["", "pcsc:", "socket://nowhere", "socket://127.0.0.1:", "serial:/dev/ttyUSB0"])
def test_a_url_that_names_no_reader_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="Write pcsc:READER NAME or socket://HOST:PORT"):
        open_chip(url)


def test_a_caught_worker_holds_nobody_up_and_frees_what_was_left_to_it() -> None:
    release, freed = threading.Event(), threading.Event()
    worker = Worker()
    assert worker.call(lambda: 42, limit_s=PATIENCE_S) == 42
    with pytest.raises(Silent):
        worker.call(lambda: release.wait(PATIENCE_S), limit_s=0.05)
    began_s = time.monotonic()
    worker.leave(freed.set, limit_s=PATIENCE_S)
    assert time.monotonic() - began_s < 1.0
    assert not freed.is_set()
    release.set()
    assert freed.wait(PATIENCE_S)
    worker.close()


def test_an_error_in_the_worker_reaches_the_caller_and_the_worker_lives() -> None:
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda: 1 // 0, limit_s=PATIENCE_S)
    assert worker.call(lambda: "alive", limit_s=PATIENCE_S) == "alive"
    worker.close()


def test_a_message_that_does_not_fit_is_refused() -> None:
    assert vpcd.message(bytes(65535))[:2] == b"\xff\xff"
    with pytest.raises(ValueError, match="does not fit"):
        vpcd.message(bytes(65536))
