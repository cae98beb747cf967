"""The socket for commands: who asks gets an answer, whatever they ask."""

import asyncio
import json

import pytest

from unibos.base.errors import Conflict
from unibos.transports.local.control import control


async def status(asked):
    return {"asked": asked}


async def refuse(asked):
    raise Conflict("not_now", "Not now.", hint="Later.")


async def asked(path, line):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return json.loads(answer)


def ask(path, line):
    async def go():
        async with control(path, {"status": status, "refuse": refuse}):
            assert path.stat().st_mode & 0o777 == 0o600
            return await asked(path, line)

    return asyncio.run(go())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "worker.sock"


def test_a_command_gets_its_answer(path):
    answer = ask(path, b'{"do": "status", "drain": 3}\n')
    assert answer == {"answer": {"asked": {"drain": 3}}}
    assert not path.exists()


def test_a_refusal_says_why(path):
    told = ask(path, b'{"do": "refuse"}\n')["error"]
    assert told == {"kind": "Conflict", "code": "not_now", "detail": "Not now.", "hint": "Later."}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"do": "fly"}\n', "command_unknown"),
        (b"[]\n", "command_malformed"),
        (b"hello\n", "command_malformed"),
        (b"\xff\n", "command_malformed"),
        (b"", "command_malformed"),
        (b"[" * 60000 + b"\n", "command_malformed"),
        (b"x" * 200_000 + b"\n", "command_malformed"),
    ],
)
def test_what_is_no_command_is_told_so(path, line, code):
    assert ask(path, line)["error"]["code"] == code


def test_a_socket_that_was_left_is_replaced(path):
    path.write_text("left")
    assert "answer" in ask(path, b'{"do": "status"}\n')
