"""The demo web over real sockets: every behaviour, and the log that crawlers are judged by."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crawler.demoweb import DemoWeb
from crawler.demoweb.catalog import load
from crawler.demoweb.server import DemoWebError


@pytest.fixture(scope="module")
def shared() -> Iterator[DemoWeb]:
    with DemoWeb() as web:
        yield web


@pytest.fixture
def web(shared: DemoWeb) -> DemoWeb:
    shared.clear_log()
    return shared


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5) as client:
        yield client


def raw(web: DemoWeb, site: str, request: bytes, limit: int = 1 << 20) -> bytes:
    """What comes back for these bytes, up to `limit` or the end."""
    host = web.origin(site).removeprefix("http://").partition(":")[0]
    with socket.create_connection((host, web.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while len(answer) < limit and (piece := connection.recv(65536)):
            answer += piece
    return answer


def test_it_starts_and_stops_quickly_and_frees_its_port() -> None:
    load()
    began = time.perf_counter()
    with DemoWeb() as web:
        assert time.perf_counter() - began < 0.3
        port = web.port
        # A connection that never gets an answer must not hold up the end.
        lost = socket.create_connection(("127.0.1.12", port))
        lost.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.05)
        began = time.perf_counter()
    assert time.perf_counter() - began < 1
    lost.close()
    with DemoWeb(port=port) as again:
        assert again.port == port


def test_a_port_in_use_is_said_plainly(web: DemoWeb) -> None:
    with pytest.raises(DemoWebError, match=r"cannot listen on 127\.0\.1\.1"):
        DemoWeb(port=web.port).__enter__()


def test_every_seed_answers_under_its_own_address(web: DemoWeb, client: httpx.Client) -> None:
    answers = {url: client.get(url) for url in web.seeds()}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert len({answer.url.host for answer in answers.values()}) == len(web.sites)
    assert [record.status for record in web.log()] == [200] * len(answers)


def test_the_start_page_links_to_all_sites_with_the_real_port(web: DemoWeb, client: httpx.Client) -> None:
    page = client.get(web.url("start")).text
    assert all(f'href="{web.url(site.name)}"' in page for site in web.sites if site.name != "start")


def test_the_log_says_who_asked_for_what_verbatim(web: DemoWeb) -> None:
    raw(
        web,
        "museo",
        b"GET /a/../%7Eredazione/?x=\xe9 HTTP/1.1\r\nHost: other.example\r\nUser-Agent: ForbearDemo/1\r\n"
        b"From: bot@example.org\r\nConnection: close\r\n\r\n",
    )
    (record,) = web.log("museo")
    assert record.target == "/a/../%7Eredazione/?x=\xe9"
    assert (record.method, record.host, record.status) == ("GET", "other.example", 404)
    assert (record.user_agent, record.from_address) == ("ForbearDemo/1", "bot@example.org")
    assert record.complete
    assert abs(record.at - time.time()) < 5


def test_the_log_can_be_written_as_json_lines(tmp_path: Path, client: httpx.Client) -> None:
    path = tmp_path / "access.jsonl"
    with DemoWeb(log_path=path) as web:
        client.get(web.url("start", "/about"))
        client.get(web.url("museo", "/robots.txt"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["site"], line["target"]) for line in lines] == [
        ("start", "/about"),
        ("museo", "/robots.txt"),
    ]


def test_connections_are_kept_open(web: DemoWeb) -> None:
    one = b"GET /about HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"HEAD /about HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(web, "start", one + one + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.count(b"</html>") == 2
    assert [record.sent > 0 for record in web.log()] == [True, True, False]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", 405),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET http://auenthal.example/about HTTP/1.0\r\n\r\n", 200),
        (b"GET /?query=unknown HTTP/1.0\r\n\r\n", 200),
        (b"GET /nowhere HTTP/1.0\r\n\r\n", 404),
    ],
)
def test_odd_requests_get_an_answer(web: DemoWeb, request_bytes: bytes, status: int) -> None:
    assert raw(web, "start", request_bytes).startswith(b"HTTP/1.1 %d " % status)


def test_clients_that_leave_do_no_harm(web: DemoWeb, client: httpx.Client) -> None:
    for request in (b"", b"GET / HT", b"GET /releves/complet HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n\0\xff"):
        with socket.create_connection(("127.0.1.28", web.port)) as connection:
            connection.sendall(request)
    assert client.get(web.url("annuaire")).status_code == 200


def test_reset(web: DemoWeb, client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadError, match="reset"):
        client.get(web.url("kreiszeitung", "/robots.txt"))
    assert web.log()[-1].status is None


def test_never_an_answer(web: DemoWeb, client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.get(web.url("stillwasser", "/robots.txt"), timeout=0.2)
    assert (web.log()[-1].target, web.log()[-1].complete) == ("/robots.txt", False)


def test_a_late_answer(web: DemoWeb, client: httpx.Client) -> None:
    began = time.perf_counter()
    assert client.get(web.url("estafette", "/robots.txt")).status_code == 200
    assert 1.4 < time.perf_counter() - began < 2.5


def test_a_late_answer_holds_up_nobody_else(web: DemoWeb, client: httpx.Client) -> None:
    url = web.url("estafette", "/robots.txt")
    slow = threading.Thread(target=httpx.get, args=(url,), kwargs={"trust_env": False})
    slow.start()
    began = time.perf_counter()
    client.get(web.url("start", "/about"))
    client.get(web.url("estafette"))
    assert time.perf_counter() - began < 1
    slow.join()


def test_an_endless_body_flows_until_the_client_leaves(web: DemoWeb) -> None:
    with httpx.stream("GET", web.url("fass", "/nachschlag"), trust_env=False) as response:
        taken = 0
        for piece in response.iter_raw():
            taken += len(piece)
            if taken > 3_000_000:
                break
    record = web.log()[-1]
    assert not record.complete
    assert taken - 100_000 < record.sent < taken + 5_000_000


def test_a_truncated_body(web: DemoWeb, client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(web.url("fass", "/abgerissen"))
    assert not web.log()[-1].complete


def test_a_bomb_is_small_on_the_wire_and_huge_unpacked(web: DemoWeb) -> None:
    answer = raw(web, "fass", b"GET /konzentrat HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert len(body) < 500_000
    inflate, size = zlib.decompressobj(31), 0
    while body:
        size += len(inflate.decompress(body, 1 << 22))
        body = inflate.unconsumed_tail
    assert (size, inflate.eof) == (300 << 20, True)


def test_leaving_at_the_headers_saves_most_of_the_body(web: DemoWeb) -> None:
    url = web.url("annuaire", "/releves/complet")
    with httpx.stream("GET", url, trust_env=False) as response:
        assert response.headers["tdm-reservation"] == "1"
    time.sleep(0.1)
    at_most = web.expected()[url].at_most
    assert at_most is not None
    assert web.log()[-1].sent < at_most


@pytest.mark.parametrize(
    ("site", "path", "early"), [("ruhe", "/trinkhalle", 429), ("turbine", "/zaehler", 503)]
)
def test_first_refused_then_served(client: httpx.Client, site: str, path: str, early: int) -> None:
    with DemoWeb() as web:
        answers = [client.get(web.url(site, path)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [early, 200, 200]
    assert answers[0].headers.get("retry-after") == ("1" if early == 429 else None)


def test_header_bytes_go_out_raw(web: DemoWeb) -> None:
    head = raw(web, "zirkus", b"GET / HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")[0]
    assert b"X-Motto: Man\xe8ge \x1b[2J \xff" in head


def test_header_lines_stay_apart(web: DemoWeb, client: httpx.Client) -> None:
    lines = client.get(web.url("doppelblatt", "/dafuer")).headers.get_list("x-robots-tag")
    assert lines == ["AndererSammler: noindex", "noai"]


def test_redirects_lead_to_the_other_sites(web: DemoWeb, client: httpx.Client) -> None:
    assert client.get(web.url("wegekreuz", "/zum-film")).headers["location"] == web.url(
        "streamhafen", "/film/7"
    )
    assert client.get(web.url("abo", "/analyse/partie-1"), follow_redirects=True).url.path == "/login"
    with pytest.raises(httpx.TooManyRedirects):
        client.get(web.url("karussell", "/robots.txt"), follow_redirects=True)


def test_encodings(web: DemoWeb, client: httpx.Client) -> None:
    assert "Gepresst" in client.get(web.url("werkstatt", "/bleisatz")).text
    assert "Übermut".encode("latin-1") in client.get(web.url("werkstatt", "/umlaute")).content
    assert client.get(web.url("kroniek", "/robots.txt")).content.decode("utf-16").startswith("User-agent")


def test_location_files_can_be_asked_for_again_cheaply(web: DemoWeb, client: httpx.Client) -> None:
    url = web.url("museo", "/robots.txt")
    etag = client.get(url).headers["etag"]
    again = client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_the_soft_404_site_has_a_page_for_everything(web: DemoWeb, client: httpx.Client) -> None:
    answers = [client.get(web.url("gartenpost", path)) for path in ("/robots.txt", "/x9", "/ai.txt")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_made_files_are_what_they_say(web: DemoWeb, client: httpx.Client) -> None:
    assert client.get(web.url("start", "/img/bridge.png")).content.startswith(b"\x89PNG\r\n")
    assert b"DMI-PROHIBITED" in client.get(web.url("fotohaus", "/img/braut.png")).content
    assert b"DMI-" not in client.get(web.url("fotohaus", "/img/studio.png")).content
    pdf = client.get(web.url("institut", "/reports/flood.pdf")).content
    assert pdf.startswith(b"%PDF-1.4")
    assert b"<tdm:reservation>1<" in pdf
    epub = client.get(web.url("institut", "/books/novel.epub")).content
    book = zipfile.ZipFile(io.BytesIO(epub))
    assert book.namelist()[0] == "mimetype"
    assert b'property="tdm:reservation">1<' in book.read("book.opf")


def test_what_should_not_have_been_asked_for_is_named(web: DemoWeb, client: httpx.Client) -> None:
    for site, path in [
        ("morgenblatt", "/robots.txt"),
        ("lizenzhaus", "/license.xml"),
        ("museo", "/archivio/pubblico/guida"),
        ("start", "/about"),
    ]:
        client.get(web.url(site, path))
    assert web.violations() == ()
    for site, path in [
        ("morgenblatt", "/"),
        ("museo", "/archivio/carte/1733"),
        ("start", "/drafts/new-bridge"),
        ("streamhafen", "/robots.txt"),
    ]:
        client.get(web.url(site, path))
    assert [record.site for record in web.violations()] == ["morgenblatt", "museo", "start", "streamhafen"]


def test_what_a_crawl_needs_to_know(web: DemoWeb) -> None:
    assert ("morgenblatt", "/") in web.forbidden()
    assert web.listed() == {"streamhafen"}
    entry = json.loads(web.blocklist())
    assert (entry["value"], entry["value_kind"]) == ("127.0.1.44", "ip")
    assert web.expected()[web.url("gazette", "/essay")].reasons == ("aipref.header",)
    assert web.url("wegekreuz", "/alt") in web.unjudged()
    assert set(web.seeds()) <= set(web.expected())


def test_the_command_shows_the_sites_and_ends_on_a_signal() -> None:
    with DemoWeb() as probe:
        port = probe.port
    process = subprocess.Popen(
        [sys.executable, "-m", "crawler.demoweb", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"COLUMNS": "160", "PATH": ""},
    )
    assert process.stderr is not None
    assert f"http://127.0.1.1:{port}/" in process.stderr.readline()
    assert httpx.get(f"http://127.0.1.4:{port}/visite", trust_env=False).status_code == 200
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "Museo della Carta" in output
