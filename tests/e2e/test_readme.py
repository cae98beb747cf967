"""The README's walk says what really happens: its commands are run, its output compared."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
# What differs from box to box and from moment to moment.
VARYING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\b[a-z2-7]{52}\b", "INSTANCE"),
    (r"(Board +).*", r"\1BOARD"),
    (r"(Up for +).*", r"\1TIME"),
    (r"\d+\.\d [KMG]iB", "SIZE"),
)


def walk() -> list[tuple[str, list[str]]]:
    """The commands of the console blocks, each with the lines that it answers."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    steps: list[tuple[str, list[str]]] = []
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


def plain(text: str) -> str:
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text.rstrip()


@pytest.fixture
def place(shared_data) -> Iterator[Path]:
    """A folder with what the walk takes for granted: the program, a receipt and a password."""
    folder = Path(tempfile.mkdtemp(prefix="unibos-"))
    program = folder / ".venv/bin/unibos"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m unibos "$@"\n')
    program.chmod(0o755)
    receipt = shared_data / "receipts/de-lidl_02032020_02_00716.jpg"
    shutil.copy(receipt, folder / "receipt.jpg")
    (folder / "password").write_text("correct horse battery\n")
    yield folder
    shutil.rmtree(folder)


@contextmanager
def serving(place, *options, **more) -> Iterator[None]:
    """A server as the README starts it, but on a free port."""
    program = place / ".venv/bin/unibos"
    with subprocess.Popen(
        [program, "serve", *options],
        cwd=place,
        env=environment(place) | more,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert any("is ready" in line for line in server.stderr)
            yield
        finally:
            server.terminate()
            server.communicate(timeout=60)


def environment(place):
    return {"PATH": os.environ["PATH"], "HOME": str(place), "PWD": str(place), "LANG": "C"}


def test_the_walk_of_the_readme(place):
    hub = ("--role", "hub", "--data", "./hub", "--hub-host", "127.0.0.1", "--hub-port", "0")
    with (
        serving(place, "--data", "./data", "--port", "0"),
        serving(place, *hub, UNIBOS_HUB_NAME="pi5"),
    ):
        export, *steps = walk()
        assert export[0].startswith("export ")
        for command, expected in steps:
            done = subprocess.run(
                ["bash", "-c", f"{export[0]}; {command}"],
                cwd=place,
                env=environment(place),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            told = [plain(line) for line in done.stdout.splitlines()]
            assert told == [plain(line) for line in expected], command
