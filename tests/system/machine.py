"""A Debian machine in a container: booted by its own systemd, without any network."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

LANGUAGES = ("eng", "deu", "tur", "osd")
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "tesseract-ocr"),
    *(f"tesseract-ocr-{one}" for one in LANGUAGES),
)
_LEFT_OUT = ("man", "locale", "info")
_SECONDS = 120

# What the machine writes goes to a layer of its own; the tree below stays as it was made. The
# folder of systemd-nspawn is a fresh one, since this host's first process may not be systemd.
_BOOT = """
mkdir -p /run/systemd/nspawn "$1/upper" "$1/work" "$1/root"
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
exec systemd-nspawn --directory="$1/root" --machine="$2" --bind-ro="$3:/built" --boot \
    --register=no --keep-unit --console=pipe --private-network </dev/null
"""


def missing() -> str:
    """Why no machine can be booted here; empty when it can."""
    if os.geteuid() != 0:
        return "booting Debian in a container needs root"
    for program in ("mmdebstrap", "systemd-nspawn", "unshare", "nsenter"):
        if not shutil.which(program):
            return f"{program} is missing; packaging/setup system-tests installs it"
    return ""


def tree(cache: Path, suite: str) -> Path:
    """A Debian without UNIBOS, made once."""
    made = cache / f"debian-{suite}"
    if not made.exists():
        partial = cache / f"debian-{suite}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
                '--aptopt=APT::Install-Recommends "false"',
                *(f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in _LEFT_OUT),
                *(f"--include={','.join(PACKAGES)}", suite, str(partial)),
            ],
            check=True,
        )
        partial.rename(made)
    return made


class Machine:
    """Booted while it is entered; leaving it is a power cut.

    :param below: the tree to boot.
    :param folder: takes what is written.
    :param built: is seen as ``/built``.
    """

    def __init__(self, below: Path, folder: Path, built: Path) -> None:
        name = f"unibos{os.getpid()}"
        self._log = (folder / "console.log").open("w")
        self._nspawn = subprocess.Popen(
            [
                *("unshare", "--mount", "--propagation", "private", "sh", "-c", _BOOT),
                *(str(below), str(folder), name, str(built)),
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._leader = 0

    def __enter__(self):
        self._leader = self.until(self._find_leader)
        self.until(lambda: self.says("systemctl", "is-system-running") in {"running", "degraded"})
        return self

    def __exit__(self, *_):
        if self._leader:
            os.kill(self._leader, signal.SIGKILL)
        else:
            self._nspawn.kill()
        self._nspawn.wait()
        self._log.close()

    def _find_leader(self) -> int:
        """The id of the machine's first process, as this host counts."""
        assert self._nspawn.poll() is None, Path(self._log.name).read_text()
        path = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        for child in path.read_text().split():
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
        return 0

    def run(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command on the machine as root."""
        enter = ["nsenter", f"--target={self._leader}", *"-m -u -i -n -p -C".split(), "--"]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"]
        return subprocess.run(
            [*enter, *clean, *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )

    @property
    def root(self) -> Path:
        """The machine's root folder, as this host sees it."""
        return Path(f"/proc/{self._leader}/root")

    def write(self, path: str, content: bytes) -> None:
        """Put a file onto the machine."""
        (self.root / path.lstrip("/")).write_bytes(content)

    def does(self, *command: str, stdin: str = "") -> str:
        """Run a command that must go well; what it prints."""
        done = self.run(*command, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def unibos(self, *words: str) -> Any:
        """What a command of UNIBOS answers."""
        return json.loads(self.does("unibos", *words, "--json"))

    def says(self, *command: str) -> str:
        """What a command prints, however it ends."""
        return self.run(*command).stdout.strip()

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        """What systemd tells of a unit."""
        asked = (f"--property={one}" for one in properties)
        told = self.does("systemctl", "show", name, *asked)
        return dict(re.findall(r"^(\w+)=(.*)$", told, re.MULTILINE))

    def until(self, question):
        """Ask until the answer is yes; that answer."""
        end = time.monotonic() + _SECONDS
        while not (answer := question()):
            assert time.monotonic() < end, Path(self._log.name).read_text()
            time.sleep(0.1)
        return answer
