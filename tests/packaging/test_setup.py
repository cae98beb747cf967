"""What `make` says and does about programs that are not there."""

import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "packaging/setup"
READERS = (
    "tesseract-ocr tesseract-ocr-eng tesseract-ocr-tur tesseract-ocr-deu tesseract-ocr-osd ffmpeg"
)
LATER = "Until then, pictures and videos stay unread; everything else works.\n"


class Machine:
    """A machine with next to no programs, some of them made up."""

    def __init__(self, folder):
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.asked = folder / "asked"
        for name in ("cat", "env", "grep", "sh"):
            (self.programs / name).symlink_to(shutil.which(name))

    def add(self, name, text):
        (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def add_apt(self, answer="exit 0"):
        self.add("apt-get", f'echo "$@" >> "{self.asked}"\necho Reading package lists\n{answer}')

    def add_ffmpeg(self):
        for name in ("ffmpeg", "ffprobe"):
            self.add(name, "exit 0")

    def setup(self, *words):
        done = subprocess.run(
            [SETUP, *words],
            env={"PATH": str(self.programs)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    made.add("id", "echo 0")
    return made


def test_nothing_is_said_where_nothing_is_missing(machine):
    machine.add("tesseract", "printf '%s\\n' eng tur deu osd")
    machine.add_ffmpeg()
    assert machine.setup("system") == (0, "", "")


def test_root_gets_what_is_missing_and_no_chatter(machine):
    machine.add("tesseract", "printf '%s\\n' eng osd")
    machine.add_ffmpeg()
    machine.add_apt()
    wanted = "tesseract-ocr-tur tesseract-ocr-deu"
    assert machine.setup("system") == (0, "", f"Installing: {wanted}\n")
    update, install = machine.asked.read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith(f" install {wanted}")


def test_sudo_that_does_not_ask_is_used(machine):
    machine.add("id", "echo 1000")
    machine.add("sudo", '[ "$1" != -n ] || shift\n[ "$1" = true ] || exec "$@"')
    machine.add_apt()
    assert machine.setup("system") == (0, "", f"Installing: {READERS}\n")
    assert machine.asked.read_text().endswith(f" install {READERS}\n")


@pytest.mark.parametrize("command", ["Please run as root:  apt", "Please run:  sudo apt"])
def test_without_root_it_says_what_to_type(machine, command):
    machine.add("id", "echo 1000")
    if "sudo" in command:
        machine.add("sudo", "exit 1")
    machine.add_apt()
    assert machine.setup("system") == (0, "", f"{command} install {READERS}\n{LATER}")
    assert not machine.asked.exists()


def test_what_apt_says_is_shown_when_it_fails(machine):
    machine.add_apt("echo E: no network >&2; exit 100")
    status, _, told = machine.setup("system")
    assert status == 0
    assert "E: no network\n" in told
    assert told.endswith(f"Please run as root:  apt install {READERS}\n{LATER}")


def test_all_that_is_missing_is_named_at_once(machine, tmp_path):
    machine.add("id", "echo 1000")
    machine.add("python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    told = f"Please run as root:  apt install python3-venv {READERS}\n"
    assert machine.setup("python", "python3", str(tmp_path / "v"), "lock") == (1, "", told)


def test_an_old_python_is_refused(machine, tmp_path):
    machine.add("python3", '[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1')
    told = "UNIBOS needs Python 3.11 or newer; python3 is Python 3.9.2.\n"
    assert machine.setup("python", "python3", str(tmp_path / "v"), "lock") == (1, "", told)
