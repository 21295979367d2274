"""Complaints by mail: from the letter to the answer, over a real SMTP server, on both databases."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer import Typer
from typer.testing import CliRunner, Result

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from crawler.config import Config, load_config
from crawler.log.sequencer import log_folder
from crawler.mail.intake import PER_DAY
from crawler.mail.outbox import Outbox
from crawler.mail.sending import send_waiting
from crawler.store.complaints import forget_contacts
from crawler.store.database import open_database
from crawler.store.desk import complaint, mail_in, mail_out
from crawler.store.schema import log_entry
from tests.integration.mail_server import PASSWORD, USER, Mailbox, free_port, mail_server
from tests.integration.test_web_complaints import seal
from tests.integration.web_tools import AUTH, TOKEN, running, small_record

BASE = "https://register.example"
RIGHTS = "rights@river.example"
Letter = Callable[..., bytes]


def letter(text: str = "You took https://example.org/page/1 from example.org.", **header: str) -> bytes:
    made = EmailMessage()
    fields = {
        "From": f"River Press <{RIGHTS}>",
        "Subject": "Our pages",
        "Message-ID": f"<{os.urandom(8).hex()}@river.example>",
    }
    for name, value in {**fields, **{k.replace("_", "-"): v for k, v in header.items()}}.items():
        made[name] = value
    made.set_content(text)
    return made.as_bytes()


@dataclass(frozen=True)
class Desk:
    """An instance, its configuration file and its command line."""

    folder: Path
    database: str

    @property
    def file(self) -> Path:
        return self.folder / "forbear.toml"

    @property
    def config(self) -> Config:
        return load_config(self.file, environ={})

    def configure(self, **mail: Any) -> None:
        lines = [f"{key} = {json.dumps(value)}" for key, value in mail.items()]
        self.file.write_text(
            '[operator]\nname = "Example Labs"\ncontact = "complaints@operator.example"\n'
            '[crawler]\nproduct_token = "ExampleBot"\ninfo_url = "https://operator.example/bot"\n'
            f'[storage]\ndata = "{self.folder / "data"}"\ndatabase = "{self.database}"\n'
            f'[network]\ntimeout = 5\n[publish]\nbase_url = "{BASE}"\n'
            f'staff_tokens = ["anna:{sha256(TOKEN.encode()).hexdigest()}"]\n[mail]\n'
            + "\n".join(lines)
            + "\n"
        )

    def __call__(self, *words: str | Path, code: int = 0, given: bytes | None = None) -> str:
        done = self.run(*words, given=given)
        assert code_of(done) == code, (done.output, done.exception)
        return done.stdout

    def run(self, *words: str | Path, given: bytes | None = None) -> Result:
        arguments = ["complaints", *map(str, words), "--config", str(self.file)]
        return CliRunner().invoke(command_line(), arguments, input=given)

    def take(self, raw: bytes) -> str:
        """Take a letter in; the number of its complaint."""
        found = json.loads(self("intake", "-", "--json", given=raw))
        return str(found["reference"])

    def waiting(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "data/outbox").glob("*.eml"))

    def rows(self, table: Any) -> list[Any]:
        engine = open_database(self.config.database_url)
        with engine.connect() as connection:
            found = list(connection.execute(select(table).order_by(table.c.id)))
        engine.dispose()
        return found


@cache
def command_line() -> Typer:
    """The command, made once: it is asked often here."""
    return build_app()


def code_of(result: Result) -> int:
    error = result.exception
    return int(error.code) if isinstance(error, FailedError) else result.exit_code


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Desk:
    made = Desk(tmp_path, database_url)
    made.configure()
    small_record(made.config)
    return made


@pytest.fixture
def server(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server(tmp_path, user=True) as (box, port):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        monkeypatch.setenv("FORBEAR_MAIL_PASSWORD", PASSWORD)
        desk.configure(host="127.0.0.1", port=port, user=USER)
        yield box


# ---- taking in


def test_a_letter_gets_a_number_and_an_acknowledgement(desk: Desk) -> None:
    raw = letter()
    assert desk.take(raw) == f"C-{datetime.now(UTC).year}-0001"
    (name,) = desk.waiting()
    assert re.fullmatch(r"C-\d{4}-0001-000001-received\.eml", name)
    made = (desk.folder / "data/outbox" / name).read_text()
    assert f"To: {RIGHTS}\n" in made
    assert "From: Example Labs <complaints@operator.example>\n" in made
    assert "Auto-Submitted: auto-replied\n" in made
    assert "We take it to be about: example.org." in made
    assert (desk.folder / "data/outbox" / name).stat().st_mode & 0o077 == 0
    shown = desk("show", "C-2026-0001")
    assert "about: https://example.org/page/1" in shown
    assert "Subject: Our pages" in shown
    assert RIGHTS not in shown
    assert RIGHTS in desk("show", "C-2026-0001", "--contact")


def test_a_letter_in_german_is_answered_in_german(desk: Desk) -> None:
    number = desk.take(letter("Sie haben unsere Seiten genommen, obwohl wir das nicht erlauben: example.org"))
    (name,) = desk.waiting()
    made = message_from_bytes((desk.folder / "data/outbox" / name).read_bytes(), policy=default)
    text = made.get_content().replace("\r\n", "\n")
    assert made["Subject"] == f"[{number}] Ihre Beschwerde ist eingegangen"
    assert made["Content-Language"] == "de"
    assert re.search(r"bis zum\s\d{1,2}\. \w+ 20\d\d", text)
    address = re.search(rf"^{BASE}(/de/complaint/\S+)$", text, re.MULTILINE)
    assert address is not None
    with running(desk.config) as web:
        page = web.get(address[1]).text
    assert '<html lang="de">' in page
    assert "ist eingegangen</strong>. Wir bestätigen sie bis zum" in page
    (desk.folder / "answer.txt").write_text("Die Seiten waren nicht vorbehalten.")
    desk("answer", number, "--state", "declined", "--text", desk.folder / "answer.txt")
    declined = (desk.folder / "data/outbox" / desk.waiting()[-1]).read_bytes()
    told = message_from_bytes(declined, policy=default)
    assert told["Subject"] == f"[{number}] Unsere Entscheidung: Wir sehen es anders"
    assert "Die Seiten waren nicht vorbehalten." in told.get_content()
    assert "antworten Sie bis zum" in " ".join(told.get_content().split())
    assert "answered in de" in desk("show", number)


@pytest.mark.parametrize(("asked", "spoken"), [("de", "de"), ("de-AT", "de"), ("fr", "en"), (None, "en")])
def test_a_machine_says_which_language_it_wants(desk: Desk, asked: str | None, spoken: str) -> None:
    sent = {"subjects": "example.org", "contact": RIGHTS} | ({"language": asked} if asked else {})
    with running(desk.config) as web:
        given = web.post("/api/v1/complaints", json=sent).json()
    prefix = "" if spoken == "en" else f"/{spoken}"
    assert given["address"].startswith(f"{BASE}{prefix}/complaint/{given['reference']}/")
    desk("answer", given["reference"], "--state", "confirmed")
    made = message_from_bytes((desk.folder / "data/outbox" / desk.waiting()[0]).read_bytes(), policy=default)
    assert made["Content-Language"] == spoken


def test_a_german_form_leads_to_a_german_page_and_german_mails(desk: Desk) -> None:
    form = {"what": "example.org", "mail": RIGHTS, "true": "1"}
    with running(desk.config) as web:
        missing = web.post("/de/complain", data={"what": ""}).text
        done = web.post("/de/complain", data=form).headers["location"]
        page = web.get(done).text
        again = web.post(done, data={"reply": "Noch eine Seite."}).headers["location"]
    assert "3 Angaben fehlen" in missing
    assert "Geben Sie mindestens eine Domain" in missing
    assert done.startswith("/de/complaint/")
    assert again == done
    assert "Ihre Beschwerde" in page
    number = done.split("/")[3]
    desk("answer", number, "--state", "confirmed")
    made = message_from_bytes((desk.folder / "data/outbox" / desk.waiting()[0]).read_bytes(), policy=default)
    assert made["Subject"] == f"[{number}] Wir prüfen Ihre Beschwerde"


def test_staff_change_the_language_where_it_was_taken_for_another(desk: Desk) -> None:
    number = desk.take(letter("example.org", Subject="example.org", Accept_Language="de-DE"))
    assert "answered in de" in desk("show", number)
    assert desk.run("answer", number, "--language", "xx").exit_code != 0
    assert "is answered in en" in desk("answer", number, "--language", "en", "--state", "confirmed")
    assert json.loads(desk("show", number, "--json"))["language"] == "en"
    told = message_from_bytes((desk.folder / "data/outbox" / desk.waiting()[-1]).read_bytes(), policy=default)
    assert told["Subject"] == f"[{number}] We are looking into your complaint"
    with running(desk.config) as web:
        data = {"step": "asked", "text": "Welche?", "seal": seal(web, number), "spoken": "de"}
        assert web.post(f"/staff/complaints/{number}", data=data, auth=AUTH).status_code == 303
    told = message_from_bytes((desk.folder / "data/outbox" / desk.waiting()[-1]).read_bytes(), policy=default)
    assert told["Content-Language"] == "de"


def test_the_same_letter_is_taken_in_once(desk: Desk, tmp_path: Path) -> None:
    raw = letter()
    (tmp_path / "one.eml").write_bytes(raw)
    for name in ("new", "cur"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box/new/1").write_bytes(raw)
    said = desk("intake", tmp_path / "one.eml", tmp_path / "box")
    assert [line.partition(":")[2].split()[0] for line in said.splitlines()] == ["filed", "seen"]
    assert "seen before" in desk("intake", "-", given=raw)
    assert len(desk.rows(complaint)) == len(desk.waiting()) == 1


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic"),
        ({"Precedence": "bulk"}, "automatic"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"From": "nobody"}, "no_sender"),
        ({"From": "complaints@operator.example"}, "own"),
    ],
)
def test_what_must_not_be_answered_is_not(desk: Desk, header: dict[str, str], outcome: str) -> None:
    assert json.loads(desk("intake", "-", "--json", given=letter(**header)))["outcome"] == outcome
    assert (desk.rows(complaint), desk.waiting()) == ([], [])
    assert [row.outcome for row in desk.rows(mail_in)] == [outcome]


def test_our_own_acknowledgement_begins_no_loop(desk: Desk) -> None:
    desk.take(letter())
    made = (desk.folder / "data/outbox" / desk.waiting()[0]).read_bytes()
    assert json.loads(desk("intake", "-", "--json", given=made))["outcome"] == "automatic"


def test_a_reply_is_added_and_only_by_who_complained(desk: Desk) -> None:
    number = desk.take(letter())
    again = {"Subject": f"Re: [{number}] Your complaint has arrived"}
    assert desk.take(letter("One more: https://example.org/page/2", **again)) == number
    forged = letter("I withdraw it all.", From="Somebody <x@other.example>", **again)
    assert json.loads(desk("intake", "-", "--json", given=forged))["outcome"] == "noted"
    steps = json.loads(desk("show", number, "--json"))["steps"]
    assert [(s["step"], s["actor"]) for s in steps] == [
        ("received", "complainant"), ("replied", "complainant"), ("note", "mail"),
    ]  # fmt: skip
    assert len(desk.waiting()) == 1
    page = page_of(desk)
    with running(desk.config) as web:
        text = web.get(page).text
    assert "One more" in text
    assert "I withdraw it all" not in text


def page_of(desk: Desk, kind: str = "received") -> str:
    """Path of the complaint's page, as the last mail of a kind gives it."""
    name = [name for name in desk.waiting() if kind in name][-1]
    text = body_of((desk.folder / "data/outbox" / name).read_bytes())
    found = re.search(rf"{BASE}(/complaint/C-\d+-\d+/[\w-]+)\s", text)
    assert found, text
    return found[1]


def body_of(raw: bytes) -> str:
    from email import message_from_bytes
    from email.policy import default

    part = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_letter_about_a_closed_complaint_is_a_new_one(desk: Desk) -> None:
    number = desk.take(letter())
    desk("answer", number, "--state", "closed")
    second = desk.take(letter("It happened again.", Subject=f"Re: {number}"))
    assert second != number
    assert f"This follows {number}, which is closed." in desk("show", second)


def test_one_address_cannot_flood_the_desk(desk: Desk) -> None:
    numbers = [desk.take(letter(f"Letter {n} about example.org")) for n in range(PER_DAY + 2)]
    assert len(set(numbers)) == PER_DAY
    assert numbers[-2:] == [numbers[PER_DAY - 1]] * 2
    assert len(desk.waiting()) == PER_DAY


def test_nothing_of_a_letter_is_sent_to_the_address_it_claims(desk: Desk) -> None:
    desk.take(
        letter(
            "Buy at https://spam.example/offer now!", Subject="CHEAP", From="Cheap Shop <victim@x.example>"
        )
    )
    text = (desk.folder / "data/outbox" / desk.waiting()[0]).read_text()
    for word in ("Buy", "offer", "CHEAP", "Cheap Shop"):
        assert word not in text


def test_a_pipe_asks_the_mail_server_to_try_again(desk: Desk, tmp_path: Path) -> None:
    """As from /etc/aliases: exit 75 keeps the mail, and what is printed names nobody."""
    words = [sys.executable, "-m", "crawler", "complaints", "intake", "-", "--config", str(desk.file)]
    done = subprocess.run(words, input=letter(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert RIGHTS.encode() not in done.stdout + done.stderr
    desk.file.write_text("[mail]\nhost = 7\n")
    done = subprocess.run(words, input=letter(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 75
    assert RIGHTS.encode() not in done.stdout + done.stderr


def test_an_outbox_that_cannot_be_written_undoes_the_intake(desk: Desk) -> None:
    raw = letter()
    (desk.folder / "data").mkdir(exist_ok=True)
    (desk.folder / "data/outbox").write_text("a file is in the way")
    assert code_of(desk.run("intake", "-", given=raw)) == 75
    assert desk.rows(mail_in) == desk.rows(complaint) == []
    (desk.folder / "data/outbox").unlink()
    assert desk.take(raw)


def test_a_large_letter_is_filed_and_says_what_was_not_read(desk: Desk) -> None:
    desk.configure(max_bytes=2000)
    number = desk.take(letter("example.org " + "x" * 100_000))
    assert "what is beyond the limit was not read" in desk("show", number)


# ---- sending


def test_the_acknowledgement_goes_out_over_tls_with_a_password(desk: Desk, server: Mailbox) -> None:
    number = desk.take(letter())
    (mail,) = server.mails
    assert (server.envelopes[0].rcpt_tos, mail["To"]) == ([RIGHTS], RIGHTS)
    assert mail["Subject"] == f"[{number}] Your complaint has arrived"
    assert server.envelopes[0].mail_from == "complaints@operator.example"
    assert desk.waiting() == []
    assert len(list((desk.folder / "data/outbox/sent").glob("*.eml"))) == 1
    assert [row.state for row in desk.rows(mail_out)] == ["sent"]


def test_a_server_that_is_away_gets_the_mail_later_and_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    desk.configure(host="127.0.0.1", port=port, starttls=False)
    done = desk.run("intake", "-", given=letter())
    assert (done.exit_code, "1 mails wait" in done.stderr) == (0, True)
    assert "Connection refused" in done.stderr
    assert code_of(desk.run("send")) == 3
    with mail_server(tmp_path, tls=False, port=port) as (box, _):
        assert desk("send").startswith("sent: C-")
        assert desk("send") == ""
        assert len(box.mails) == 1


def test_a_mail_that_the_server_refuses_is_not_tried_for_ever(desk: Desk, server: Mailbox) -> None:
    server.answers[RIGHTS] = f"550 no such user {RIGHTS}"
    done = desk.run("intake", "-", given=letter())
    (row,) = desk.rows(mail_out)
    assert (row.state, row.problem) == ("refused", "the recipient was refused (550)")
    assert RIGHTS not in done.output
    assert desk("send") == ""
    server.answers[RIGHTS] = "451 later"
    assert "the recipient was refused (451)" in desk.run("send", "--refused").stderr
    server.answers.clear()
    assert desk("send").startswith("sent: ")
    assert [r.state for r in desk.rows(mail_out)] == ["sent"]


def test_no_address_leaves_without_tls_or_to_another_server(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(letter())
    with mail_server(tmp_path, tls=False) as (box, port):
        desk.configure(host="127.0.0.1", port=port)
        assert "cannot do what is needed (STARTTLS" in desk.run("send").stderr
        assert box.envelopes == []
    with mail_server(tmp_path) as (box, port):
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        desk.configure(host="127.0.0.1", port=port)
        assert "its certificate is not valid" in desk.run("send").stderr
        assert box.envelopes == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with mail_server(tmp_path, user=True) as (box, port):
        desk.configure(host="127.0.0.1", port=port, user=USER)
        monkeypatch.setenv("FORBEAR_MAIL_PASSWORD", "wrong")
        assert "user or password was refused (535)" in desk.run("send").stderr
        assert box.envelopes == []
    assert [row.state for row in desk.rows(mail_out)] == ["waiting"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may listen on port 465")
def test_port_465_is_tls_from_the_first_byte(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take(letter())
    with mail_server(desk.folder, port=465, at_once=True) as (box, port):
        monkeypatch.setenv("SSL_CERT_FILE", str(desk.folder / "server.pem"))
        desk.configure(host="127.0.0.1", port=port)
        assert desk("send").startswith("sent: ")
        assert len(box.mails) == 1


def test_an_address_beyond_ascii_gets_its_answer(desk: Desk, server: Mailbox) -> None:
    raw = letter().replace(f"<{RIGHTS}>".encode(), "<müller@bücher.example>".encode())
    desk.take(raw)
    assert server.envelopes[0].rcpt_tos == ["müller@xn--bcher-kva.example"]
    again = raw.replace(b"Message-ID: <", b"Message-ID: <2").replace(b"Our pages", b"C-2026-0001")
    assert json.loads(desk("intake", "-", "--json", given=again))["outcome"] == "added"


def test_a_file_that_somebody_else_has_sent_is_gone(desk: Desk) -> None:
    desk.take(letter())
    (desk.folder / "data/outbox" / desk.waiting()[0]).unlink()
    with mail_server(desk.folder, tls=False) as (box, port):
        desk.configure(host="127.0.0.1", port=port, starttls=False)
        assert desk("send").startswith("gone: ")
        assert box.envelopes == []


def test_two_processes_send_a_mail_once(desk: Desk) -> None:
    desk.take(letter())
    engine = open_database(desk.config.database_url)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        connection.execute(update(mail_out).values(claimed_at=now))
    with mail_server(desk.folder, tls=False) as (box, port):
        desk.configure(host="127.0.0.1", port=port, starttls=False)
        assert send_waiting(desk.config, lambda: now).left == 1
        assert box.envelopes == []
        assert len(send_waiting(desk.config, lambda: now + timedelta(hours=1)).sent) == 1
    engine.dispose()


# ---- answering


def test_an_upheld_complaint_withdraws_and_the_mail_carries_list_and_proof(
    desk: Desk, server: Mailbox
) -> None:
    number = desk.take(letter())
    words = desk.folder / "answer.txt"
    words.write_text("The page carried a reservation that we had overlooked.\n")
    said = desk(
        "answer", number, "--state", "upheld", "--text", words, "--withdraw", "https://example.org/page/1"
    )
    assert "withdrawn: 1 documents of https://example.org/page/1" in said
    mail = server.mails[-1]
    text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert mail["Subject"] == f"[{number}] Our decision: you were right"
    assert "that we had overlooked" in text
    assert "One document was taken out of the training data" in text
    (listed,) = mail.iter_attachments()
    content = listed.get_content()
    assert sha256(content).hexdigest() in text
    (row,) = map(json.loads, content.splitlines())
    assert (row["url"], row["reason"]) == ("https://example.org/page/1", f"complaint {number}")
    page = re.search(rf"{BASE}(/complaint/\S+/\S+)/proof.zip", text)
    assert page
    with running(desk.config) as web:
        assert web.get(page[1] + "/withdrawn.jsonl").content == content
        proof = zipfile.ZipFile(io.BytesIO(web.get(page[1] + "/proof.zip").content))
        assert "One page of example.org was withdrawn" in re.sub(r"<[^>]+>", "", web.get(page[1]).text)
        assert web.get(page[1][:-1] + "x/proof.zip").status_code == 404
    assert proof.read("withdrawn.jsonl") == content
    assert json.loads(proof.read("decisions.jsonl").splitlines()[0])["url"] == "https://example.org/page/1"


def test_the_proof_in_an_answer_holds_the_log_s_own(desk: Desk) -> None:
    number = desk.take(letter())
    words = ["--config", str(desk.file)]
    done = CliRunner().invoke(command_line(), ["log", "checkpoint", *words])
    assert done.exit_code == 0, done.output
    desk("answer", number, "--withdraw", "example.org")
    with running(desk.config) as web:
        proof = zipfile.ZipFile(io.BytesIO(web.get(page_of(desk, "withdrawn") + "/proof.zip").content))
    names = [name for name in proof.namelist() if name.endswith(".tlog-proof")]
    assert len(names) == 3
    proof.extractall(desk.folder / "proof")
    command = [sys.executable, "log/verify_proof.py", names[0], proof.read("log/vkey").decode().strip()]
    checked = subprocess.run(command, cwd=desk.folder / "proof", capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    sums = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=desk.folder / "proof", capture_output=True, check=False
    )
    assert sums.returncode == 0


def test_a_step_on_the_web_page_is_told_by_mail(desk: Desk, server: Mailbox) -> None:
    number = desk.take(letter())
    with running(desk.config) as web:
        data = {"step": "confirmed", "text": "", "seal": seal(web, number)}
        assert web.post(f"/staff/complaints/{number}", data=data, auth=AUTH).status_code == 303
        data = {"step": "note", "text": "Call the lawyer.", "seal": seal(web, number)}
        assert web.post(f"/staff/complaints/{number}", data=data, auth=AUTH).status_code == 303
        page = web.get(f"/staff/complaints/{number}", auth=AUTH).text
    assert re.search(r"<h2>Mails</h2>.*Received · .*sent.*Confirmed · .*sent", page, re.DOTALL)
    assert [mail["Subject"] for mail in server.mails] == [
        f"[{number}] Your complaint has arrived",
        f"[{number}] We are looking into your complaint",
    ]
    assert server.mails[1]["In-Reply-To"] == server.mails[0]["Message-ID"]


def test_a_form_that_names_a_page_is_tied_to_its_decision(desk: Desk) -> None:
    form = {"what": "https://example.org/page/1", "mail": RIGHTS, "true": "1"}
    with running(desk.config) as web:
        page = web.post("/complain", data=form).headers["location"]
        assert "Decisions tied to this complaint" in web.get(page).text
    assert desk.waiting() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--state", "upheld"], "needs its reason"),
        (["--state", "sideways"], "one of confirmed"),
        ([], "say what to do"),
        (["--withdraw", "co.uk"], "name one domain"),
        (["--withdraw", "?"], "no host in it"),
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_explained(desk: Desk, words: list[str], says: str) -> None:
    done = desk.run("answer", desk.take(letter()), *words)
    assert code_of(done) == 2
    assert says in str(done.exception)


def test_a_step_that_is_not_possible_changes_nothing(desk: Desk) -> None:
    number = desk.take(letter())
    desk("answer", number, "--state", "closed")
    done = desk.run("answer", number, "--state", "confirmed", "--withdraw", "example.org")
    assert code_of(done) == 2
    assert not json.loads(desk("show", number, "--json"))["decisions"][0]["withdrawn_at"]
    assert "there is no complaint" in str(desk.run("answer", "C-1999-0001", "--state", "closed").exception)


def test_decisions_of_a_site_can_be_tied_by_staff(desk: Desk) -> None:
    number = desk.take(letter("Something about example.org."))
    assert "4 decisions about example.org" in desk("answer", number, "--about", "example.org")
    assert len(json.loads(desk("show", number, "--json"))["decisions"]) == 4


def test_dataset_withdraw_belongs_to_a_complaint(desk: Desk) -> None:
    number = desk.take(letter())
    words = [
        "dataset",
        "withdraw",
        "--domain",
        "example.org",
        "--complaint",
        number,
        "-o",
        str(desk.folder / "removal"),
    ]
    done = CliRunner().invoke(command_line(), [*words, "--config", str(desk.file)])
    assert done.exit_code == 0, (done.output, done.exception)
    (row, *_) = map(json.loads, (desk.folder / "removal/removals.jsonl").open())
    assert row["reason"] == f"complaint {number}"
    shown = json.loads(desk("show", number, "--json"))
    assert len([d for d in shown["decisions"] if d["withdrawn_at"]]) == 3
    assert [s["step"] for s in shown["steps"]] == ["received", "withdrawn"]
    assert any("withdrawn" in name for name in desk.waiting())


# ---- deadlines, and what is forgotten


def test_what_is_overdue_is_listed_and_exits_1(desk: Desk) -> None:
    assert desk("list", "--overdue") == "no complaint is overdue\n"
    number = desk.take(letter())
    assert desk("list", "--overdue") == "no complaint is overdue\n"
    engine = open_database(desk.config.database_url)
    with engine.begin() as connection:
        connection.execute(update(complaint).values(confirm_due=datetime.now(UTC) - timedelta(hours=1)))
    engine.dispose()
    assert "LATE" in desk("list", "--overdue", code=1)
    (row,) = map(json.loads, desk("list", "--json").splitlines())
    assert (row["reference"], row["late"]) == (number, True)
    assert RIGHTS not in desk("list") + desk("list", "--json")
    desk("answer", number, "--state", "confirmed")
    assert desk("list", "--overdue") == "no complaint is overdue\n"


def test_the_days_are_the_operator_s(desk: Desk) -> None:
    text = desk.file.read_text().replace("[publish]", "[publish]\nconfirm_days = 0\nanswer_days = 1")
    desk.file.write_text(text)
    desk.take(letter())
    assert "LATE" in desk("list", "--overdue", code=1)


def test_mails_leave_with_the_address(desk: Desk, server: Mailbox) -> None:
    number = desk.take(letter())
    desk("answer", number, "--state", "closed")
    engine = open_database(desk.config.database_url)
    with engine.begin() as connection:
        forget_contacts(connection, datetime.now(UTC) + timedelta(days=1))
    engine.dispose()
    desk("send")
    assert list((desk.folder / "data/outbox").rglob("*.eml")) == []
    assert {row.state for row in desk.rows(mail_out)} == {"forgotten"}


def test_no_personal_data_is_in_the_log(desk: Desk) -> None:
    desk.take(letter())
    done = CliRunner().invoke(command_line(), ["log", "checkpoint", "--config", str(desk.file)])
    assert done.exit_code == 0
    engine = open_database(desk.config.database_url)
    with engine.connect() as connection:
        rows = [
            bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode()
            for r in connection.execute(select(log_entry))
            for v in r
        ]
    engine.dispose()
    files = [path.read_bytes() for path in log_folder(desk.config).path.rglob("*") if path.is_file()]
    assert rows
    assert files
    assert not [data for data in (*rows, *files) if b"river.example" in data or b"River Press" in data]
    assert Outbox(desk.config).path.is_dir()
