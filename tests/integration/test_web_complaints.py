"""Complaints from the form to the withdrawal, staff pages with their audit, and proofs of ownership."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.store.complaints import add_working_days, forget_contacts
from crawler.store.database import open_database
from crawler.store.public import hashed
from crawler.web import ownership
from tests.integration.test_web_lookup import main_of
from tests.integration.web_tools import AUTH, TOKEN, config_for, running, small_record

FORM = {"what": "example.org", "kind": "taken", "more": "You took <b>three</b> pages.", "name": "River Press",
        "role": "rightsholder", "mail": "rights@example.org", "true": "1"}  # fmt: skip
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    found = config_for(tmp_path)
    small_record(found)
    return found


@pytest.fixture
def web(config: Config) -> Iterator[TestClient]:
    with running(config) as client:
        yield client


def filed(web: TestClient, **changes: str) -> str:
    response = web.post("/complain", data=FORM | changes)
    assert response.status_code == 303
    return response.headers["location"]


def seal(web: TestClient, reference: str) -> str:
    page = web.get(f"/staff/complaints/{reference}", auth=AUTH).text
    found = re.search(r'name="seal" value="([^"]+)"', page)
    assert found
    return found[1]


def step(web: TestClient, reference: str, name: str, text: str = "Because.") -> int:
    data = {"step": name, "text": text, "seal": seal(web, reference)}
    return web.post(f"/staff/complaints/{reference}", data=data, auth=AUTH).status_code


def test_a_complaint_gets_a_number_and_dates_at_once(web: TestClient) -> None:
    page = filed(web)
    text = main_of(web.get(page).text)
    due = add_working_days(datetime.now(UTC), 10)
    assert re.search(r"Your complaint C-20\d\d-0001 has arrived\.", text)
    assert f"you will have our answer by {due.day} {due:%B %Y}" in text
    assert "“You took &lt;b&gt;three&lt;/b&gt; pages.”" in text


@pytest.mark.parametrize(("field", "value"), [("what", " "), ("mail", "rights.example.org"), ("true", "")])
def test_what_is_missing_is_said_beside_the_field(web: TestClient, field: str, value: str) -> None:
    response = web.post("/complain", data=FORM | {field: value})
    assert response.status_code == 422
    assert "<title>1 error" in response.text
    assert f'id="{field}-e"' in response.text
    assert "River Press" in response.text


def test_only_its_address_opens_a_complaint(web: TestClient) -> None:
    page = filed(web)
    reference = page.split("/")[2]
    assert web.get(f"/complaint/{reference}/{'x' * 43}").status_code == 404
    assert web.get(page).status_code == 200
    assert web.get(page).headers["referrer-policy"] == "no-referrer"


def test_an_upheld_complaint_withdraws_and_keeps_the_proof(web: TestClient) -> None:
    page = filed(web)
    reference = page.split("/")[2]
    assert step(web, reference, "confirmed", "") == 303
    assert "is being looked into" in main_of(web.get(page).text)
    assert step(web, reference, "upheld") == 303
    data = {"subject": "https://example.org/page/1", "seal": seal(web, reference)}
    assert web.post(f"/staff/complaints/{reference}/withdraw", data=data, auth=AUTH).status_code == 303
    text = main_of(web.get(page).text)
    assert "You were right. One page of example.org was withdrawn from the training data" in text
    assert "https://example.org/page/1" in text
    assert "https://example.org/page/2" not in text
    assert "2 pages of example.org are in our training data today" in main_of(web.get("/d/example.org").text)
    taken_back = main_of(web.get("/lookup?url=https://example.org/page/1").text)
    assert "It was withdrawn on" in taken_back


def test_the_complainant_may_add_and_settle(web: TestClient) -> None:
    page = filed(web)
    reference = page.split("/")[2]
    step(web, reference, "declined", "The page was free.")
    assert web.post(page, data={"reply": "I disagree.", "do": "reply"}).status_code == 303
    assert "“I disagree.”" in main_of(web.get(page).text)
    web.post(page, data={"do": "confirm"})
    assert "is closed since" in main_of(web.get(page).text)
    assert step(web, reference, "upheld") == 422


def test_a_note_is_for_staff_alone(web: TestClient) -> None:
    page = filed(web)
    step(web, page.split("/")[2], "note", "Call the lawyer.")
    assert "Call the lawyer." not in web.get(page).text
    assert "Call the lawyer." in web.get(f"/staff/complaints/{page.split('/')[2]}", auth=AUTH).text


def test_a_decision_without_a_reason_is_refused(web: TestClient) -> None:
    assert step(web, filed(web).split("/")[2], "declined", " ") == 422


def test_a_decision_s_number_gives_no_address_away(web: TestClient) -> None:
    page = filed(web, what="https://mine.example/", decision="4")
    assert "example.org/private" not in web.get(page).text
    about = filed(web, what="https://example.org/private/a", decision="4")
    assert "Decisions tied to this complaint" in web.get(about).text


def test_a_machine_files_one_too(web: TestClient) -> None:
    sent = {"subjects": "example.org", "contact": "rights@example.org", "content": "Please."}
    response = web.post("/api/v1/complaints", json=sent)
    assert response.status_code == 201
    assert response.json()["address"].startswith("https://register.example/complaint/C-")
    wrong = web.post("/api/v1/complaints", json={"subjects": "x", "contact": "nobody"})
    assert wrong.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"


def test_names_are_deleted_when_their_time_is_over(web: TestClient, config: Config) -> None:
    page = filed(web)
    reference = page.split("/")[2]
    step(web, reference, "closed")
    engine = open_database(config.database_url)
    with engine.begin() as connection:
        assert forget_contacts(connection, datetime.now(UTC) - timedelta(days=1)) == 0
        assert forget_contacts(connection, datetime.now(UTC) + timedelta(days=1)) == 1
    engine.dispose()
    assert "rights@example.org" not in web.get(f"/staff/complaints/{reference}", auth=AUTH).text


def test_working_days_skip_the_weekend() -> None:
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert add_working_days(friday, 1) == datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert add_working_days(friday, 10) == datetime(2026, 12, 11, 12, tzinfo=UTC)


STAFF = ("/staff", "/staff/decisions", "/staff/decisions.csv", "/staff/complaints", "/staff/audit")


@pytest.mark.parametrize("path", STAFF)
def test_staff_pages_need_the_token(web: TestClient, path: str) -> None:
    anonymous = web.get(path)
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"].startswith("Basic")
    assert web.get(path, auth=("anna", "wrong")).status_code == 401
    assert web.get(path, auth=AUTH).status_code == 200


def test_guessing_tokens_is_slowed_down(web: TestClient) -> None:
    codes = {web.get("/staff", auth=("anna", f"guess {n}")).status_code for n in range(30)}
    assert codes == {401, 429}


def test_staff_pages_are_not_served_in_the_clear_to_others(config: Config) -> None:
    from crawler.web.app import create_app

    with TestClient(create_app(config), base_url="http://register.example", client=("203.0.113.7", 5)) as web:
        assert web.get("/staff", auth=AUTH).status_code == 403
    with TestClient(
        create_app(config), base_url="https://register.example", client=("203.0.113.7", 5)
    ) as web:
        assert web.get("/staff", auth=AUTH).status_code == 200


def test_decisions_are_filtered_by_the_address(web: TestClient) -> None:
    text = main_of(web.get("/staff/decisions?q=reserved.example&verdict=exclude", auth=AUTH).text)
    assert "2 decisions match" in text
    assert "https://example.org" not in text
    assert web.get("/staff/decisions?verdict=nonsense", auth=AUTH).status_code == 422
    assert web.get("/staff/decisions?since=tomorrow", auth=AUTH).status_code == 422
    assert "No decision matches" in web.get("/staff/decisions?since=2030-01-01", auth=AUTH).text


def test_an_export_is_audited_with_its_digest(web: TestClient) -> None:
    response = web.get("/staff/decisions.jsonl?verdict=keep", auth=AUTH)
    rows = [json.loads(line) for line in response.content.splitlines()]
    assert {row["verdict"] for row in rows} == {"keep"}
    digest = sha256(response.content).hexdigest()
    assert response.headers["x-sha256"] == digest
    assert (
        f"jsonl: verdict=keep: {len(rows)} rows, sha256 {digest}" in web.get("/staff/audit", auth=AUTH).text
    )


def test_another_site_cannot_act_for_staff(web: TestClient) -> None:
    reference = filed(web).split("/")[2]
    data = {"step": "closed", "text": "x", "seal": seal(web, reference)}
    path = f"/staff/complaints/{reference}"
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert web.post(path, data=data, auth=AUTH, headers=cross).status_code == 403
    assert web.post(path, data=data | {"seal": "forged"}, auth=AUTH).status_code == 422


def test_the_overview_counts_what_needs_somebody(web: TestClient) -> None:
    assert (
        "Nothing needs you" in main_of(web.get("/staff", auth=AUTH).text)
        or "needs you" in web.get("/staff", auth=AUTH).text
    )
    reference = filed(web).split("/")[2]
    text = main_of(web.get("/staff", auth=AUTH).text)
    assert f"Complaint {reference} must be confirmed by" in text
    assert "None was kept without evidence." in text


def claimed(web: TestClient, domain: str) -> str:
    response = web.post("/own", data={"domain": domain})
    assert response.status_code == 303
    return response.headers["location"].rpartition("/")[2]


def proved(web: TestClient, domain: str, monkeypatch: pytest.MonkeyPatch, method: str = "dns") -> str:
    token = claimed(web, domain)
    value = ownership.value_of(token)

    async def records(name: str) -> tuple[str, ...]:
        found = (
            f"v1; token={value}"
            if method == "dns" and name == f"_crawler-transparency.{domain}"
            else "v=spf1"
        )
        return (found,)

    async def on_server(*_: object) -> bool:
        return method == "file"

    monkeypatch.setattr(ownership, "text_records", records)
    monkeypatch.setattr(ownership, "_on_server", on_server)
    assert web.post(f"/own/{token}").status_code == 303
    return token


def test_an_owner_sees_every_page_and_others_none(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = proved(web, "example.org", monkeypatch)
    text = main_of(web.get(f"/own/{token}").text)
    assert "example.org is yours" in text
    assert "https://example.org/private/a" in text
    assert "reserved.example" not in text
    lines = web.get(f"/own/{token}/decisions.jsonl").content.splitlines()
    assert len(lines) == 4
    names = zipfile.ZipFile(io.BytesIO(web.get(f"/own/{token}/proof.zip").content)).namelist()
    assert "decisions.jsonl" in names
    key = {"Authorization": f"Bearer {token}"}
    assert len(web.get("/api/v1/decisions?domain=example.org", headers=key).json()["items"]) == 4
    assert web.get("/api/v1/decisions?domain=reserved.example", headers=key).status_code == 403
    assert web.get("/api/v1/decisions", headers=key).status_code == 403
    assert web.get("/api/v1/decisions?domain=example.org").status_code == 401
    assert web.get("/staff", headers=key).status_code == 401


def test_a_file_proves_one_host_only(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = proved(web, "example.org", monkeypatch, method="file")
    key = {"Authorization": f"Bearer {token}"}
    assert web.get("/api/v1/decisions?domain=example.org", headers=key).status_code == 403
    names = zipfile.ZipFile(io.BytesIO(web.get(f"/own/{token}/proof.zip").content)).namelist()
    assert "decisions.jsonl" not in names


def test_what_is_published_does_not_open_anything(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = proved(web, "example.org", monkeypatch)
    value = ownership.value_of(token)
    assert len(value) == 43
    assert web.get(f"/own/{value}").status_code == 404
    key = {"Authorization": f"Bearer {value}"}
    assert web.get("/api/v1/decisions?domain=example.org", headers=key).status_code == 401


def test_an_unproved_claim_opens_nothing(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = claimed(web, "example.org")

    async def nothing(name: str) -> tuple[str, ...]:
        return ()

    async def no_file(*_: object) -> bool:
        return False

    monkeypatch.setattr(ownership, "text_records", nothing)
    monkeypatch.setattr(ownership, "_on_server", no_file)
    assert web.post(f"/own/{token}").status_code == 422
    assert web.get(f"/own/{token}/decisions.csv").status_code == 403
    assert "https://example.org/private" not in web.get(f"/own/{token}").text


def test_tokens_are_kept_as_hashes_only(web: TestClient, config: Config) -> None:
    token = claimed(web, "example.org")
    page = filed(web)
    raw = b"".join(p.read_bytes() for p in config.storage.data.glob("forbear.db*"))
    assert token.encode() not in raw
    assert page.rpartition("/")[2].encode() not in raw
    assert hashed(token).encode() in raw


def test_staff_are_told_what_is_theirs_to_do(web: TestClient) -> None:
    reference = filed(web).split("/")[2]
    address = f"/staff/complaints/{reference}"
    assert "The next step is due by" in main_of(web.get(address, auth=AUTH).text)
    step(web, reference, "declined")
    assert "It is decided, and closes on" in main_of(web.get(address, auth=AUTH).text)
    step(web, reference, "closed")
    assert "It is closed." in main_of(web.get(address, auth=AUTH).text)


def test_what_was_withdrawn_is_told_in_the_language_of_the_page(web: TestClient) -> None:
    page = filed(web).replace("/complaint/", "/de/complaint/")
    reference = page.split("/")[3]
    data = {"subject": "example.org", "seal": seal(web, reference)}
    assert web.post(f"/staff/complaints/{reference}/withdraw", data=data, auth=AUTH).status_code == 303
    assert step(web, reference, "upheld", "115 documents of yours were taken.") == 303
    german = main_of(web.get(page).text)
    assert "Zurückgezogen3 Dokumente von example.org" in german
    assert "115 documents of yours were taken." in german
    assert "3 documents of example.org" in main_of(web.get(page.removeprefix("/de")).text)
