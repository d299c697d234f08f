"""Bytes of pipes and sockets: given as they come, looked at first, ended from outside."""

import contextlib
import os
import re
import socket
import struct
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.streaming.connection import Connection


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield Connection(reading, "a pipe"), writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    with near, far:
        yield Connection(near, "tcp://x:1"), far


def test_what_is_there_is_given_at_once(pipe):
    connection, writing = pipe
    os.write(writing, b"abc")
    assert connection.read(100) == b"abc"
    os.write(writing, b"defg")
    assert connection.read(3) == b"def"
    assert connection.read(0) == b""
    assert connection.read() == b"g"
    os.close(writing)
    assert connection.read(5) == connection.read() == b""


def test_first_looks_and_reads_nothing(pair):
    connection, far = pair
    seen = []

    def tell(data):
        seen.append(data)
        return "a line" if b"\n" in data else None

    far.sendall(b"1,2")
    threading.Timer(0.05, far.sendall, [b",3\n4"]).start()
    assert connection.first(tell, 100) == "a line"
    assert seen == [b"1,2", b"1,2,3\n4"]
    assert connection.read(4) == b"1,2,"
    assert connection.read(4) == b"3\n4"


def test_first_gives_up_at_its_limit_and_at_the_end(pipe):
    connection, writing = pipe
    seen = []
    os.write(writing, b"abcdef")
    assert connection.first(seen.append, 4) is None
    assert seen == [b"abcd"]
    os.close(writing)
    assert connection.first(seen.append, 10) is None
    assert seen == [b"abcd", b"abcdef"]
    assert connection.read() == b"abcdef"


@given(pieces=st.lists(st.binary(min_size=1, max_size=9), max_size=9), sizes=st.lists(st.integers(1, 9)))
def test_every_byte_comes_once_in_order(pieces, sizes):
    near, far = socket.socketpair()
    with near, far:
        connection = Connection(near, "tcp://x:1")
        for piece in pieces:
            far.sendall(piece)
        far.close()
        connection.first(lambda _: None, 5)
        got = [connection.read(size) for size in sizes]
        while more := connection.read():
            got.append(more)
    assert b"".join(got) == b"".join(pieces)
    assert all(len(part) <= size for part, size in zip(got, sizes, strict=False))


def test_stop_is_an_end_to_whoever_waits(pipe):
    connection, _ = pipe
    got = []
    reader = threading.Thread(target=lambda: got.append(connection.read(10)), daemon=True)
    reader.start()
    time.sleep(0.05)
    assert reader.is_alive()
    connection.stop()
    reader.join(5)
    assert got == [b""]


def test_a_broken_connection_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    with near:
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
        far.close()
        message = "tcp://x:1: cannot be read (Connection reset by peer); check that its program still runs"
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            Connection(near, "tcp://x:1").read(1)
