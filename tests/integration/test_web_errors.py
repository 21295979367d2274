"""What goes wrong is said in words, to machines as problem details, and gives nothing away."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.web.app import create_app
from crawler.web.headers import HEADERS
from tests.integration.test_web_lookup import main_of
from tests.integration.web_tools import AUTH


@pytest.mark.parametrize("path", ["/nothing.json", "/api/v1/nothing", "/api/v1/lookup", "/d/org.csv"])
def test_machines_get_problem_details(web: TestClient, path: str) -> None:
    response = web.get(path)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code


@pytest.mark.parametrize("path", ["/check", "/de/check"])
def test_a_form_that_is_too_large_is_told_so(web: TestClient, path: str) -> None:
    answer = web.post(path, data={"robots": "# " + "a" * 1_200_000})
    assert answer.status_code == 400
    words = "holds at most 1 MB" if path == "/check" else "fasst höchstens 1 MB"
    assert words in main_of(answer.text)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1"}, 422),
        ({"Origin": "null"}, 422),  # what browsers send from a page without a referrer
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "evil"}, 403),
        ({}, 422),
    ],
)
def test_forms_come_from_our_own_pages(web: TestClient, headers: dict[str, str], code: int) -> None:
    for path in ("/own", "/complain", "/check", "/log"):
        assert web.post(path, data={"domain": ""}, headers=headers).status_code == code


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        *((f"/staff/{page}?before={10**30}", (422,)) for page in ("decisions", "complaints", "audit")),
        *((f"/staff/{page}?before={2**63 - 1}", (200,)) for page in ("decisions", "complaints", "audit")),
        ("/staff/decisions?since=9999-12-31&until=9999-12-31", (200,)),
        ("/staff/decisions.csv?until=9999-12-31", (200,)),
        ("/staff/decisions?since=0001-01-01&until=x", (422,)),
        ("/staff/decisions?q=%00", (422,)),
        ("/staff/decisions?reason=%00%ff", (200,)),
        ("/staff/complaints/%00", (404,)),
        (f"/own/{'a' * 43}?after={10**30}", (404, 422)),
        (f"/api/v1/decisions?limit={10**30}", (422,)),
        (f"/file/{'a' * 64}?line={10**30}", (404, 422)),
    ],
)
def test_odd_numbers_and_days_are_no_defect(web: TestClient, path: str, codes: tuple[int, ...]) -> None:
    assert web.get(path, auth=AUTH).status_code in codes


def test_an_unknown_address_is_no_answer(web: TestClient) -> None:
    response = web.get("/nothing-here")
    assert response.status_code == 404
    assert "That says nothing about your site." in main_of(response.text)


def test_a_defect_of_ours_is_answered_with_all_headers(config: Config) -> None:
    app = create_app(config)

    @app.get("/defect")
    def defect() -> None:
        raise RuntimeError("<script>")

    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/defect")
    assert answer.status_code == 500
    assert "script" not in main_of(answer.text)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "path", ["key", "new", "../forbear.db", "%2e%2e/forbear.db", "tile/0/999", "checkpoint/"]
)
def test_the_log_hands_out_nothing_but_its_files(web: TestClient, path: str) -> None:
    assert web.get(f"/log/{path}").status_code == 404
