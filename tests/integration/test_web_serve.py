"""`forbear serve`: this machine alone unless it is set up for more, and tokens shown once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from crawler.config import load_config

RUN = CliRunner()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "register.example"])
def test_it_refuses_others_without_a_token_and_an_address(host: str, tmp_path: Path) -> None:
    done = RUN.invoke(build_app(), ["serve", "--host", host, "--data", str(tmp_path)])
    assert isinstance(done.exception, FailedError)
    assert "`base_url` and `staff_tokens` in [publish]" in str(done.exception)


def test_a_new_token_is_shown_once_with_its_line(tmp_path: Path) -> None:
    done = RUN.invoke(build_app(), ["serve", "--new-staff-token", "anna"])
    token = done.stdout.strip()
    line = f"anna:{sha256(token.encode()).hexdigest()}"
    assert line in done.stderr
    assert token not in done.stderr
    file = tmp_path / "forbear.toml"
    file.write_text(f'[publish]\nstaff_tokens = ["{line}"]\n')
    assert load_config(file, environ={}).publish.staff_tokens == (line,)


def test_a_bare_token_in_the_configuration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "forbear.toml"
    file.write_text('[publish]\nstaff_tokens = ["anna:secret"]\n')
    with pytest.raises(Exception, match="never the token"):
        load_config(file, environ={})
