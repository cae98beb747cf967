"""The tesseract program: its output, its time limit, its death with us."""

import os
import select
import signal
import stat
import subprocess
import sys
import textwrap

import pytest
from PIL import Image

from unibos.base.errors import Unavailable
from unibos.modules.documents.reading import tesseract

TABLE = """\
level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t
5\t1\t1\t2\t3\t1\t10\t20\t30\t40\t96.5\tTotal
5\t1\t1\t2\t3\t2\t50\t20\t30\t40\t-1\t\t
5\t1\t1\t2\t3\t3\t50\t20\t30\t40\t12\ta"b
5\t1\tbroken
"""


def test_words_of_the_table():
    first, second = tesseract.parse_words(TABLE)
    assert (first.text, first.left, first.top, first.width, first.height) == (
        "Total",
        10,
        20,
        30,
        40,
    )
    assert first.confidence == 0.965
    assert first.paragraph == (1, 2)
    assert first.line == 3
    assert second.text == 'a"b'
    assert tesseract.parse_words("") == []


def test_orientation_of_a_page():
    report = "Page number: 0\nRotate: 180\nOrientation confidence: 2.19\nScript: Latin\n"
    assert tesseract.parse_orientation(report) == (180, 2.19)
    assert tesseract.parse_orientation("Too few characters.") is None


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a made-up program in tesseract's place."""

    def put(script):
        target = tmp_path / "tesseract"
        target.write_text(f"#!/bin/sh\n{script}\n")
        target.chmod(target.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


def recognise(seconds=60):
    image = Image.new("L", (3, 2), 7)
    return tesseract.recognise(image, language="eng", layout=6, seconds=seconds)


def test_one_thread_and_the_picture_through_a_pipe(program, tmp_path):
    program(f'cat > {tmp_path}/in; echo "$OMP_THREAD_LIMIT $*" > {tmp_path}/how')
    assert recognise() == []
    assert (tmp_path / "in").read_bytes() == b"P5 3 2 255\n" + b"\7" * 6
    assert (tmp_path / "how").read_text() == "1 - - -l eng --psm 6 --dpi 300 tsv\n"


def test_a_page_that_takes_too_long_ends(program):
    program("exec sleep 60")
    with pytest.raises(Unavailable) as caught:
        recognise(seconds=0.2)
    assert caught.value.code == "ocr_timeout"


def test_a_failing_program_tells_its_last_word(program):
    program("echo one >&2; echo 'cannot load' >&2; exit 1")
    with pytest.raises(Unavailable) as caught:
        recognise()
    assert caught.value.code == "ocr_unavailable"
    assert "cannot load" in caught.value.detail


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_the_program_dies_with_us(program, tmp_path):
    mark = tmp_path / "pid"
    os.mkfifo(mark)
    program(f"echo $$ > {mark}; exec sleep 600")
    code = """
        from PIL import Image
        from unibos.modules.documents.reading import tesseract
        tesseract.recognise(Image.new("L", (3, 2)), language="eng", layout=6, seconds=600)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) as parent:
        child = int(mark.read_text())
        watch = os.pidfd_open(child)
        parent.send_signal(signal.SIGKILL)
    # A pidfd is readable once its process has ended.
    ended, _, _ = select.select([watch], [], [], 20)
    os.close(watch)
    assert ended
