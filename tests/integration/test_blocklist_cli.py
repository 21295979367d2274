"""`forbear blocklists`, every subcommand, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from tests.integration.blocklist_tools import entry, write_list


class Cli:
    """The command on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "forbear.toml"
        self.config.write_text(
            '[operator]\ncontact = "crawler@forbear.example"\n'
            '[crawler]\nproduct_token = "ForbearDemo"\ninfo_url = "https://forbear-one.org/bot"\n',
            "utf-8",
        )
        self.data = folder / "data"

    def __call__(self, *arguments: str) -> tuple[int, str]:
        words = ["blocklists", *arguments, "--config", str(self.config), "--data", str(self.data)]
        done = CliRunner().invoke(build_app(), words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


STATED = ("--ground", "copyright", "--jurisdiction", "no", "--body", "Oslo tingrett", "--ref", "00-1/00")


def test_the_danish_file_by_column(cli: Cli) -> None:
    path = cli.folder / "rettigheder.csv"
    path.write_bytes("Løbenr;Blokeret\r\n1;film-et.dk\r\n2;dk\r\n".encode("latin-1"))
    code, text = cli(
        "import", str(path), "--format", "csv_table", "--column", "value=Blokeret", "--ground", "copyright",
        "--jurisdiction", "DK", "--body", "Københavns Byret", "--until", "2030-01-01",
    )  # fmt: skip
    assert code == 1
    assert "rettigheder: 1 entries, 1 in quarantine" in text
    assert "rettigheder.csv:3: a single label" in text
    code, text = cli("explain", "http://film-et.dk/x", "--at", "2029-12-31")
    assert code == 1
    assert "until 2030-01-01" in text
    assert cli("explain", "film-et.dk", "--at", "2030-01-02")[0] == 0


def test_a_second_version_closes_what_it_drops(cli: Cli) -> None:
    path = cli.write("no.txt", "film-one.com\nfilm-two.com\n")
    assert cli("import", path, "--format", "hosts", *STATED)[0] == 0
    first = sorted((cli.data / "blocklists").glob("snapshot.jsonl"))[0].read_bytes()
    kept = cli.folder / "before.jsonl"
    kept.write_bytes(first)
    cli.write("no.txt", "film-two.com\n")
    assert "1 entries, 1 closed" in cli("import", path, "--format", "hosts", *STATED)[1]
    assert cli("explain", "film-one.com")[0] == 0
    assert "recorded status delisted" in cli("explain", "film-one.com")[1]
    code, text = cli("diff", str(kept), str(cli.data / "blocklists" / "snapshot.jsonl"))
    assert code == 1
    assert "~ no: film-one.com" in text
    assert "(was in force, term unknown)" in text


def test_explain_answers_why_and_how_to_get_off(cli: Cli) -> None:
    lines = [
        entry("film-one.com"),
        entry("unsure-one.com", confidence="low"),
        entry("late-one.com", status="lifted"),
    ]
    cli("import", str(write_list(cli.folder / "no.jsonl", *lines)), "--format", "jsonl")
    code, text = cli("explain", "https://WWW.film-one.com:8080/x")
    assert code == 1
    assert (
        "not visited: named in 00-000000TVI-OTIR/00, Oslo tingrett, 2016-06-22; "
        "recorded status in force, term unknown"
    ) in text
    assert "matched: film-one.com by subdomain" in text
    assert "Ask Oslo tingrett to lift or vary the order" in text
    assert "crawler@forbear.example" in text
    code, text = cli("explain", "late-one.com")
    assert code == 0
    assert "mentioned, does not count" in text
    assert "late-one.com is not listed on" in text
    assert cli("explain", "film-one.com", "--known", "2020-01-01")[0] == 0
    assert cli("explain", "unsure-one.com", "--public")[1].strip() == (
        "not visited: named on a list of a court or authority; ask the operator for the entry"
    )
    found = json.loads(cli("explain", "film-one.com", "--json")[1])
    assert found["listed"] is True
    assert found["mentions"][0]["entry"]["decided_on"] == "2016-06-22"
    assert json.loads(cli("explain", "unsure-one.com", "--json", "--public")[1])["mentions"] == []


def test_names_of_a_text_count_only_when_a_person_took_them(cli: Cli) -> None:
    path = cli.write(
        "oslo.txt", "The claimant www.label-one.com asks to block film-one.com and film-two.com.\n"
    )
    code, text = cli("import", path, "--format", "court_text", *STATED)
    assert code == 0
    assert "3 names proposed" in text
    assert cli("explain", "film-one.com")[0] == 0
    code, text = cli("approve")
    assert code == 1
    assert "oslo: www.label-one.com, line 1 [the words before it" in text
    with pytest.raises(FailedError, match="needs a person"):
        cli("approve", "oslo", "--name", "film-one.com")
    with pytest.raises(FailedError, match="was not proposed"):
        cli("approve", "oslo", "--name", "x.com", "--by", "A", "--reason", "B")
    taken = ("--by", "A. Jurist", "--reason", "operative part")
    assert cli("approve", "oslo", "--name", "film-one.com", *taken)[0] == 0
    assert cli("explain", "film-one.com")[0] == 1
    assert cli("approve", "oslo", "--name", "film-two.com", *taken)[0] == 0
    assert cli("explain", "film-one.com")[0] == cli("explain", "film-two.com")[0] == 1
    assert cli("explain", "www.label-one.com")[0] == 0
    assert "taken by A. Jurist" in cli("explain", "film-two.com")[1]


def test_an_override_and_its_end(cli: Cli) -> None:
    cli("import", str(write_list(cli.folder / "no.jsonl", entry("film-one.com"))), "--format", "jsonl")
    with pytest.raises(FailedError, match="needs a person"):
        cli("override", "film-one.com", "--reason", "x")
    with pytest.raises(FailedError, match="not a host name"):
        cli("override", "film-one.com/path", "--reason", "x", "--by", "y")
    assert cli("override", "film-one.com", "--reason", "new owner", "--by", "A. Jurist")[0] == 0
    code, text = cli("explain", "www.film-one.com")
    assert code == 0
    assert "overridden by A. Jurist: new owner" in text
    assert cli("override", "film-one.com", "--revoke", "--reason", "again", "--by", "A. Jurist")[0] == 0
    assert cli("explain", "film-one.com")[0] == 1
    assert cli("override")[1].count("film-one.com") == 2


def test_list_stale_sources_policy_and_impact(cli: Cli) -> None:
    cli("import", str(write_list(cli.folder / "no.jsonl", entry("film-one.com"))), "--format", "jsonl")
    text = cli("list")[1]
    assert "curated" in text
    assert "137 entries" in text
    rows = [json.loads(line) for line in cli("list", "--json")[1].splitlines()]
    assert [row["list"] for row in rows] == ["curated", "no"]
    assert "csv_table" in cli("list", "--formats")[1]
    assert "on  site_block_injunction:NO: 1 of 1" in cli("list", "--policy")[1]
    code, text = cli("stale")
    assert code == 0
    assert "ok    no: 0 days, stale after 30" in text
    assert "eu_links (EU)" in cli("sources")[1]
    assert json.loads(cli("sources", "--json")[1].splitlines()[0])["name"] == "eu_links"
    text = cli("impact", "--ignore", "site_block_injunction:NO")[1]
    assert "-1 site_block_injunction:NO; a court ordered access to the site blocked" in text
    assert "there is no record yet" in text
    with pytest.raises(FailedError, match="kinds are"):
        cli("impact", "--count", "rumours")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("import", "none.txt", "--format", "hosts"), "cannot be read"),
        (("import", "FILE", "--format", "xls"), "no list format 'xls'"),
        (("import", "FILE", "--format", "hosts", "--source", "curated"), "name of our own"),
        (("import", "FILE", "--format", "hosts", "--source", "***"), "no name for a list"),
        (("import", "FILE", "--format", "csv_table", "--column", "x"), "write FIELD=HEADING"),
        (("explain", "http://"), "no host name"),
        (("explain", "film-one.com", "--set", "deadbeef"), "no set of this instance"),
        (("diff", "deadbeef"), "no set of this instance"),
        (("update",), "no source is switched on"),
        (("update", "agcom"), "cannot be fetched"),
        (("approve", "x", "--by", "a", "--reason", "b"), "no version of x waits"),
        (("report",), "there is no record"),
        (("late",), "there is no record"),
        (("override", "film-one.com", "--revoke", "--by", "a", "--reason", "b"), "nothing to revoke"),
    ],
)
def test_errors_name_the_remedy(cli: Cli, words: tuple[str, ...], message: str) -> None:
    path = cli.write("list.txt", "film-one.com\n")
    with pytest.raises(FailedError, match=message):
        cli(*(path if word == "FILE" else word for word in words))


def test_a_damaged_snapshot_is_refused(cli: Cli) -> None:
    path = cli.data / "blocklists" / "snapshot.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{}\n")
    with pytest.raises(FailedError, match="import the lists again"):
        cli("list")


def test_the_operators_own_host_is_guarded(cli: Cli) -> None:
    path = cli.write("list.txt", "forbear-one.org\nwikipedia.org\n")
    code, text = cli("import", path, "--format", "hosts", *STATED)
    assert code == 1
    assert "names the operator's own host" in text
    assert "a very large general site" in text
