"""`forbear check --offline --explain` and `forbear protocols`, as a webmaster and an operator read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crawler.cli import check, protocols

POLICY = {
    "uid": "https://ex.org/p1",
    "assigner": {"vcard:fn": "Example Press", "vcard:hasEmail": "mailto:rights@ex.org"},
    "permission": [{"action": "tdm:mine", "duty": [{"action": "compensate"}]}],
}
RULE = '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "/p.json"}]'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    app = typer.Typer()
    check.register(app)
    protocols.register(app)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("crawler.cli.shared.out.width", 200, raising=False)

    def call(*words: str, expect: int = 0) -> str:
        result = CliRunner().invoke(app, list(words), terminal_width=200)
        assert result.exit_code == expect, result.output
        return " ".join(result.output.split())

    return call


def offline(run: object, folder: Path, files: dict[str, str], *more: str, expect: int) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    words = ("check", "--offline", "--evidence", str(folder), *more, "https://ex.org/a")
    return run(*words, expect=expect)  # type: ignore[operator,no-any-return]


def test_the_policy_of_a_reservation_is_shown_where_it_is_asked_for(run: object, tmp_path: Path) -> None:
    files = {"tdmrep.json": RULE, "tdm-policy": json.dumps(POLICY)}
    told = offline(run, tmp_path, files, expect=1)
    assert "terms: https://ex.org/p.json (--explain reads them)" in told
    told = offline(run, tmp_path, files, "--explain", expect=1)
    assert "ask: Example Press, rights@ex.org" in told
    assert "offers mining, conditions: pay compensation" in told
    assert "The policy was read" in told


def test_an_accepted_policy_lifts_and_the_note_says_so(run: object, tmp_path: Path) -> None:
    (tmp_path / "forbear.toml").write_text('[policy]\naccepted_policies = ["https://ex.org/p1"]\n')
    told = offline(run, tmp_path, {"tdmrep.json": RULE, "tdm-policy": json.dumps(POLICY)}, expect=0)
    assert "stated: tdm: reserved, tdmrep.file" in told
    assert "The reservation is lifted by a TDM policy that the operator accepted" in told


def test_a_licence_is_read_from_its_file(run: object, tmp_path: Path) -> None:
    rsl = '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    rsl += '<prohibits type="usage">all</prohibits></license></content></rsl>'
    robots = "User-agent: *\nLicense: https://ex.org/license.xml\n"
    assert "[rsl.prohibited]" in offline(run, tmp_path, {"robots.txt": robots, "rsl": rsl}, expect=1)


def test_a_reason_without_a_quote_has_words_and_a_note(run: object, tmp_path: Path) -> None:
    page = "<!doctype html><title>Sign in</title><form><input type=password name=p></form>"
    told = offline(run, tmp_path, {"robots.txt": page}, "--explain", expect=1)
    assert "robots.unparsable: robots.txt is a login or challenge page (https://ex.org/robots.txt)" in told
    assert "Exempt /robots.txt from logins" in told


def test_one_line_for_all_uses_and_no_line_of_an_extract(run: object, tmp_path: Path) -> None:
    page = "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<!doctype html><meta name=robots content=noai>"
    told = offline(run, tmp_path, {"response.http": page}, expect=1)
    assert told.count("noai.meta:") == 1
    assert "(https://ex.org/a, byte 15)" in told


def test_a_clause_in_a_footer_is_only_reported(run: object, tmp_path: Path) -> None:
    page = "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<!doctype html><html lang=en><footer>"
    page += "Text and data mining is prohibited.</footer></html>"
    told = offline(run, tmp_path, {"response.http": page}, expect=0)
    assert "natural_language, only reported (under letter, standard only)" in told


def test_protocols_are_a_table_and_json(run: object, tmp_path: Path) -> None:
    told = run("protocols")  # type: ignore[operator]
    assert "robots mandatory" in told
    listed = run("protocols", "--json")  # type: ignore[operator]
    assert '"name":"tdmrep","standing":"recognised"' in listed
    (tmp_path / "eu.json").write_text(
        '{"version": "EU 1", "protocols": [{"name": "rsl", "standing": "agreed"},'
        ' {"name": "noai", "enabled": false}]}'
    )
    (tmp_path / "forbear.toml").write_text('[policy]\nprotocols = "eu.json"\n')
    told = run("protocols", "--sources")  # type: ignore[operator]
    assert "rsl agreed" in told
    assert "off: only shown" in told
    assert "+EU 1" in told
