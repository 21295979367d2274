"""The Go project's own verifier (sumdb/note, sumdb/tlog) reads our log, and refuses an altered one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.log.merkle import HASH_BYTES
from crawler.log.note import parse_verifier
from crawler.log.prove import prove
from crawler.log.sequencer import log_folder
from tests.log_tools import Instance, flip

SOURCE = Path(__file__).parent / "foreign_tlog"
Verifier = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier, built from the module proxy; its checksum is in go.sum."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is needed here (apt-get install golang-go)")
    folder = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCE, folder / "source")
    built = folder / "foreign_tlog"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    done = subprocess.run(
        [go, "build", "-o", str(built), "."],
        cwd=folder / "source",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in ("dial tcp", "lookup", "connection refused")):
        pytest.skip(f"the Go module proxy cannot be reached: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return built


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Three checkpoints: 4, 263 and 520 entries."""
    folder = tmp_path_factory.mktemp("made")
    instance = Instance(folder / "data")
    for number, (closed, kept) in enumerate([(3, 0), (256, 2), (256, 0)]):
        instance.crawl(closed, kept, minutes=number * 10)
        instance.checkpoint()
        shutil.copy(instance.log / "checkpoint", folder / f"checkpoint-{number}")
    return instance


@pytest.fixture
def instance(made: Instance, tmp_path: Path) -> Instance:
    shutil.copytree(made.data, tmp_path / "data")
    for file in made.data.parent.glob("checkpoint-*"):
        shutil.copy(file, tmp_path)
    return Instance(tmp_path / "data")


@pytest.fixture
def verifier(program: Path, instance: Instance) -> Verifier:
    key = (instance.log / "vkey").read_text().strip()

    def run(what: str, subject: Path, *more: Path, key: str = key) -> tuple[int, str]:
        command = [str(program), what, str(subject), key, *map(str, more)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


def test_checkpoint_tiles_entries_and_consistency(instance: Instance, verifier: Verifier) -> None:
    older = [instance.data.parent / f"checkpoint-{n}" for n in range(3)]
    assert verifier("log", instance.log, *older) == (0, "ACCEPTED: 520 entries\n")


def test_a_file_server_is_all_it_takes(instance: Instance, verifier: Verifier, tmp_path: Path) -> None:
    folder, public = log_folder(instance.config), tmp_path / "public"
    for name in instance.files():
        if folder.public_file(name):
            (public / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(instance.log / name, public / name)
    assert not (public / "key").exists()
    assert verifier("log", public)[0] == 0


@pytest.mark.parametrize(
    ("file", "offset"),
    [
        ("checkpoint", 30),
        ("tile/0/000", 100 * HASH_BYTES),
        ("tile/0/002.p/8", HASH_BYTES),
        ("tile/1/000.p/2", 0),
        ("tile/entries/001", 500),
    ],
)
def test_an_altered_log_is_refused(instance: Instance, verifier: Verifier, file: str, offset: int) -> None:
    flip(instance.log / file, offset)
    code, out = verifier("log", instance.log)
    assert code == 1
    assert out.startswith("REFUSED: ")


def test_a_log_that_does_not_continue_a_kept_checkpoint_is_refused(
    instance: Instance, verifier: Verifier
) -> None:
    shutil.rmtree(instance.log / "tile")
    (instance.log / "checkpoint").unlink()
    instance.run("DELETE FROM log_entry", "DELETE FROM checkpoint")
    instance.checkpoint()
    assert verifier("log", instance.log)[0] == 0
    assert verifier("log", instance.log, instance.data.parent / "checkpoint-1")[0] == 1


def test_proofs(instance: Instance, verifier: Verifier, tmp_path: Path) -> None:
    folder = log_folder(instance.config)
    key = parse_verifier(folder.verifier_key() or "")
    file = tmp_path / "x.tlog-proof"
    for url, index in (("https://example.org/page/1", 261), ("https://example.org/private/255", 518)):
        with instance.reading() as connection:
            proof = prove(connection, folder, key, url)
        file.write_text(proof.text)
        code, out = verifier("proof", file)
        assert (code, out.partition("\n")[0]) == (0, f"ACCEPTED: entry {index} of 520")
        assert out.partition("\n")[2].encode() == (proof.extra or b"")[16:]
        for place in (
            40,
            proof.text.index("index") + 6,
            proof.text.index("index") + 30,
            len(proof.text) - 20,
        ):
            changed = "A" if proof.text[place] != "A" else "B"
            file.write_text(proof.text[:place] + changed + proof.text[place + 1 :])
            assert verifier("proof", file)[0] == 1


def test_another_key_is_refused(instance: Instance, verifier: Verifier) -> None:
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert verifier("log", instance.log, key=key)[0] == 1
