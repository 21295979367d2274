"""Many domains at once, for collecting societies: a table in, a table out."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient

from tests.integration.web_tools import AUTH, TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffDomain;Title\r\nexample.org;a, b\r\nreserved.example;c\r\n",
        "domain\ttitle\nexample.org\ta;b\nreserved.example\tc\n",
        "example.org,a;b\nreserved.example,c",
        '"example.org","a\nb"\n\n"reserved.example"\n',
    ],
)
def test_the_tables_of_every_spreadsheet_are_read(web: TestClient, text: str) -> None:
    answer = web.post("/api/v1/bulk", content=text.encode(), auth=AUTH)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["domain"] for row in rows] == ["example.org", "reserved.example"]
    assert rows[1]["in_words"] == "Content-Usage in robots.txt reserves"


def test_what_is_no_table_or_no_domain_is_said(web: TestClient) -> None:
    answer = web.post("/api/v1/bulk", content=b"example.org\n" + b"a" * 200_000, auth=AUTH)
    assert (answer.status_code, answer.json()["detail"]) == (422, "Line 2 is no CSV.")
    answer = web.post("/api/v1/bulk", content=b"example.org\nexample.org;x\n", auth=AUTH)
    (_, second) = csv.DictReader(io.StringIO(answer.text))
    assert second["problem"].startswith("That is no domain.")
    assert second["pages"] == ""


def test_many_domains_at_once(web: TestClient) -> None:
    sent = "domain\nexample.org\nreserved.example\nnobody.example\n=cmd()\n"
    response = web.post("/api/v1/bulk", content=sent, headers=BEARER)
    rows = response.text.splitlines()
    assert rows[0].startswith("asked,domain,pages,left_out,taken")
    assert rows[1].startswith("example.org,example.org,4,1,3,0,3,robots.disallow,")
    assert rows[2].startswith("reserved.example,reserved.example,2,2,0,0,0,aipref.robots,")
    assert rows[3].startswith("nobody.example,nobody.example,0,0,0,0,0,")
    assert rows[4].startswith("'=cmd()")
    assert web.post("/api/v1/bulk", content=sent).status_code == 401
