"""The proxy configuration that docs/web.md gives, run by nginx in front of the site."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crawler.web.connection import BoundedConnection
from tests.foreign import debian, needed
from tests.integration.mail_server import free_port
from tests.integration.test_web_callers import serving
from tests.integration.web_tools import AUTH

DOCS = Path(__file__).parents[2] / "docs/web.md"
HOST = "register.example.org"
MAIN = """daemon off; pid {folder}/pid; error_log {folder}/error.log warn; worker_processes 1;
events {{ worker_connections 512; }}
http {{
client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{site}
}}
"""


def configuration(folder: Path, port: int, behind: int) -> str:
    """The block of the docs, on ports of the test and with times it can wait for."""
    found = re.search(r"^```nginx\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    site = found[1]
    for given, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8080", f"127.0.0.1:{behind}"),
        ("/etc/ssl/register.pem", f"{folder}/site.pem"),
        ("/etc/ssl/private/register.key", f"{folder}/site.key"),
        ("client_header_timeout 10s", "client_header_timeout 1s"),
    ):
        assert site.count(given) == 1
        site = site.replace(given, here)
    return MAIN.format(folder=folder, site=site)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    nginx, openssl = debian("nginx", "nginx"), needed("openssl", "apt-get install openssl")
    folder, number = tmp_path_factory.mktemp("proxy"), free_port()
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    made = [openssl, *words, "-keyout", folder / "site.key", "-out", folder / "site.pem"]
    subprocess.run(made, check=True, capture_output=True)
    with serving(
        folder / "site", BoundedConnection, trusted_proxies=["127.0.0.1"], lookups_per_minute=4
    ) as behind:
        (folder / "nginx.conf").write_text(configuration(folder, number, behind))
        running = subprocess.Popen(
            [nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE, text=True
        )
        try:
            _wait(running, number)
            yield number
        finally:
            running.terminate()
            running.wait(10)


def _wait(running: subprocess.Popen[str], port: int) -> None:
    for _ in range(100):
        if running.poll() is not None:
            assert running.stderr is not None
            pytest.fail(running.stderr.read())
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx does not listen")


@pytest.fixture
def web(port: int) -> Iterator[httpx.Client]:
    base, headers = f"https://127.0.0.1:{port}", {"Host": HOST}
    with httpx.Client(base_url=base, headers=headers, verify=False, timeout=10) as client:
        yield client


def test_pages_come_through_with_every_header(web: httpx.Client) -> None:
    answer = web.get("/accessibility")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    style = web.get("/static/forbear.css", headers={"Accept-Encoding": "gzip"})
    assert style.headers["content-encoding"] == "gzip"
    again = web.get("/static/forbear.css", headers={"If-None-Match": style.headers["etag"]})
    assert again.status_code == 304


def test_forms_and_staff_pages_work_behind_it(web: httpx.Client) -> None:
    form = {"what": "example.org", "mail": "a@example.org", "true": "1"}
    sent = web.post("/de/complain", data=form, headers={"Origin": f"https://{HOST}"})
    assert (sent.status_code, sent.headers["location"][:14]) == (303, "/de/complaint/")
    strange = web.post("/complain", data=form, headers={"Origin": "https://evil.example"})
    assert strange.status_code == 403
    assert web.get("/staff", auth=AUTH).status_code == 200
    assert web.get("/staff").status_code == 401


def test_nobody_gets_around_the_limits_by_naming_another_address(web: httpx.Client) -> None:
    asked = [
        web.get("/d/example.org.json", headers={"X-Forwarded-For": f"198.51.{n}.7"}).status_code
        for n in range(6)
    ]
    assert asked == [200] * 4 + [429] * 2


def test_a_slow_caller_ends_at_the_proxy_and_others_are_answered(port: int, web: httpx.Client) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    slow = []
    for _ in range(150):
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        made = context.wrap_socket(plain)
        made.sendall(b"GET / HTTP/1.1\r\nHost: register.example.org\r\nX-Slow: ")
        slow.append(made)
    begun = time.monotonic()
    assert web.get("/accessibility").status_code == 200
    assert time.monotonic() - begun < 5
    assert all(made.recv(100) == b"" for made in slow[:5])
    for made in slow:
        made.close()


def test_a_form_beyond_all_bounds_is_refused(web: httpx.Client) -> None:
    assert web.post("/check", data={"robots": "a" * (7 * 2**20)}).status_code == 413
