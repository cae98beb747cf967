"""An owner from the configuration file: made once, and the password leaves the file."""

import asyncio

import pytest

from unibos.base.config import load
from unibos.base.errors import Invalid
from unibos.roles.node import node

PASSWORD = "correct horse battery"


def start(tmp_path, text: str):
    """Run a node with this file for a moment; what it says of itself, and the file afterwards."""
    file = tmp_path / "unibos.toml"
    file.write_bytes(text.encode())
    flags = {
        "data": str(tmp_path / "data"),
        "node.host": "127.0.0.1",
        "node.port": "0",
        "board.profile": "edge",
    }

    async def run():
        async with node(load(flags, {}, file)) as running:
            return running.setup_code

    return asyncio.run(run()), file.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[setup]\nemail = "owner@example.org"\n', '[log]\nlevel = "info"\n'),
        ('setup.email = "owner@example.org"\n', ""),
        ('[setup]\r\nemail = "owner@example.org"\r\n', "\r\n"),
    ],
)
def test_the_owner_is_made_and_the_password_erased(tmp_path, before, after):
    key = "setup.password" if before.startswith("setup.") else "password"
    text = f'{before}{key} = "{PASSWORD}"\n{after}'
    code, left = start(tmp_path, text)
    assert code is None
    assert PASSWORD not in left
    assert (len(left.replace("\n", "")), left.splitlines()[0]) == (
        len(text.replace("\r", "").replace("\n", "")),
        before.splitlines()[0],
    )
    code, again = start(tmp_path, left)
    assert (code, again) == (None, left)


def test_a_password_that_is_refused_stops_the_start_and_stays(tmp_path):
    text = '[setup]\nemail = "owner@example.org"\npassword = "short"\n'
    with pytest.raises(Invalid):
        start(tmp_path, text)
    assert (tmp_path / "unibos.toml").read_text() == text


def test_without_an_owner_in_the_file_there_is_a_code(tmp_path):
    code, left = start(tmp_path, '[setup]\nname = "Owner"\n')
    assert code is not None
    assert left == '[setup]\nname = "Owner"\n'


def test_a_password_over_several_lines_is_told(tmp_path, caplog):
    quotes = '"' * 3
    text = f'[setup]\nemail = "owner@example.org"\npassword = {quotes}{PASSWORD}\n{quotes}\n'
    code, left = start(tmp_path, text)
    assert (code, left) == (None, text)
    assert "remove the password" in caplog.text
