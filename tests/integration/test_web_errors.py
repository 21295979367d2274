"""What goes wrong is said in words, to machines as problem details, and gives nothing away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.web.app import create_app
from crawler.web.headers import HEADERS
from tests.integration.test_web_lookup import main_of
from tests.integration.web_tools import config_for, running, small_record


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    found = config_for(tmp_path_factory.mktemp("web"))
    small_record(found)
    return found


@pytest.fixture(scope="module")
def web(config: Config) -> Iterator[TestClient]:
    with running(config) as client:
        yield client


@pytest.mark.parametrize("path", ["/nothing.json", "/api/v1/nothing", "/api/v1/lookup", "/d/org.csv"])
def test_machines_get_problem_details(web: TestClient, path: str) -> None:
    response = web.get(path)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code


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
