"""Callers who mean harm, on real sockets: too slow, too many, too long, and odd questions."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from crawler.web.app import create_app
from crawler.web.connection import MAX_HEAD, BoundedConnection
from crawler.web.serving import listening
from tests.integration.web_tools import config_for, small_record

GET = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"


class Quick(BoundedConnection):
    """The same bounds, in times a test can wait for."""

    most = 20
    receiving = 0.5
    sending = 0.5


class Patient(Quick):
    """Closes nobody for the time they take, as far as a test goes."""

    receiving = 60.0


@contextmanager
def serving(folder: Path, connection: type[BoundedConnection] = Quick, **publish: Any) -> Iterator[int]:
    """A site in this process whose connections are bounded tightly; its port."""
    config = config_for(folder, **publish)
    small_record(config)
    with listening("127.0.0.1", 0) as listener:
        made = uvicorn.Config(
            create_app(config), http=connection, ws="none", log_level="critical", access_log=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=MAX_HEAD, timeout_keep_alive=2,
        )  # fmt: skip
        server = uvicorn.Server(made)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.02)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("site")) as found:
        yield found


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask(port: int, path: str = "/robots.txt", fields: bytes = b"") -> bytes:
    with connect(port) as made:
        made.sendall(GET % (path.encode(), fields + b"Connection: close\r\n"))
        return read(made)


def read(made: socket.socket) -> bytes:
    """Everything until the other side is done, or hangs up."""
    found = b""
    try:
        while data := made.recv(65_536):
            found += data
    except ConnectionResetError:
        pass
    return found


def status(answer: bytes) -> int:
    return int(answer[9:12])


def test_half_a_request_is_not_waited_for(port: int) -> None:
    for beginning in (b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
        with connect(port) as made:
            made.sendall(beginning)
            begun = time.monotonic()
            assert read(made) == b""
            assert time.monotonic() - begun < 3


def test_a_byte_now_and_then_does_not_keep_a_connection(port: int) -> None:
    with connect(port) as made:
        begun = time.monotonic()
        try:
            for byte in GET % (b"/" + b"a" * 200, b""):
                made.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
        assert time.monotonic() - begun < 3


def test_half_a_form_is_not_waited_for(port: int) -> None:
    with connect(port) as made:
        made.sendall(b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nurl=")
        begun = time.monotonic()
        read(made)
        assert time.monotonic() - begun < 3
    assert status(ask(port)) == 200


def test_a_form_beyond_all_bounds_is_refused_before_it_is_sent(port: int) -> None:
    with connect(port) as made:
        made.sendall(b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n")
        assert status(read(made)) == 413


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/robots.txt", b"X-Bomb: " + b"a" * 100_000 + b"\r\n"),
        ("/robots.txt", b"X-B: a\r\n" * 10_000),
        ("/lookup?q=" + "a" * 100_000, b""),
    ],
    ids=["long", "many", "query"],
)
def test_a_head_beyond_its_bound_is_refused(port: int, path: str, fields: bytes) -> None:
    with connect(port) as made:
        with suppress(OSError):
            made.sendall(GET % (path.encode(), fields))
        answer = read(made)
    assert answer == b"" or status(answer) == 400
    assert status(ask(port)) == 200


def test_a_long_question_is_answered_in_words(port: int) -> None:
    assert status(ask(port, "/lookup?q=" + "a" * 8000)) == 422
    assert status(ask(port, "/d/" + "a" * 8000)) == 422


def test_idle_connections_make_room_for_a_question(tmp_path: Path) -> None:
    with serving(tmp_path, Patient) as port:
        idle = [connect(port) for _ in range(3 * Patient.most)]
        assert status(ask(port)) == 200
        assert 0 < sum(map(_is_open, idle)) < Patient.most
        for made in idle:
            made.close()


class Crowded(Patient):
    """Counts this machine like any other network."""

    most = 40
    most_of_network = 5
    counts_this_machine = True


def test_one_network_gets_so_many_connections_and_its_idle_ones_make_room(tmp_path: Path) -> None:
    with serving(tmp_path, Crowded) as port:
        idle = [connect(port) for _ in range(3 * Crowded.most_of_network)]
        assert status(ask(port)) == 200
        assert sum(map(_is_open, idle)) < Crowded.most_of_network
        assert sum(map(_is_open, idle[-2:])) == 2
        for made in idle:
            made.close()
        assert [status(ask(port)) for _ in range(3 * Crowded.most_of_network)] == [200] * 15


def test_a_trusted_proxy_may_have_as_many_as_it_needs(tmp_path: Path) -> None:
    with serving(tmp_path, Crowded, trusted_proxies=["127.0.0.1"]) as port:
        idle = [connect(port) for _ in range(3 * Crowded.most_of_network)]
        assert status(ask(port)) == 200
        assert all(map(_is_open, idle))
        for made in idle:
            made.close()


def _is_open(made: socket.socket) -> bool:
    made.setblocking(False)
    try:
        return made.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_who_asks_and_does_not_read_is_left(port: int) -> None:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(10)
    made.connect(("127.0.0.1", port))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        _ask_without_end(made)
    made.close()
    assert status(ask(port)) == 200


def _ask_without_end(made: socket.socket) -> None:
    while True:  # a send that is not taken for ten seconds ends it with another error
        made.sendall(GET % (b"/static/forbear.css", b""))


@pytest.mark.parametrize(
    "path",
    ["/", "/d/example.org", "/d/example.org.atom", "/static/forbear.css", "/api/v1/status", "/nothing"],
)
def test_head_is_answered_like_get_without_the_body(port: int, path: str) -> None:
    with connect(port) as made:
        made.sendall(b"HEAD %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
        head, _, body = read(made).partition(b"\r\n\r\n")
    whole = ask(port, path)
    assert (status(head), body) == (status(whole), b"")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    assert int(length[1]) == len(whole.partition(b"\r\n\r\n")[2]) > 0


def test_pipelined_questions_are_answered_in_order(port: int) -> None:
    with connect(port) as made:
        made.sendall(GET % (b"/robots.txt", b"") + GET % (b"/nowhere", b"Connection: close\r\n"))
        answer = read(made)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.index(b"HTTP/1.1 200") < answer.index(b"HTTP/1.1 404")
