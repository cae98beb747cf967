"""A card in an emulated machine: QEMU, its serial log, HTTP and SSH over forwarded ports."""

import json
import mmap
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import card

_CARD_SIZE = "4G"
"""A power of two, as QEMU's SD cards must be; larger than any image, so that it can grow."""


# QEMU's Raspberry Pi restarts at once when its watchdog is set, whatever the time.
_NO_WATCHDOG = "systemd.watchdog_sec=0"


@dataclass(frozen=True)
class Kind:
    """A machine that QEMU has."""

    board: str
    program: str
    machine: tuple[str, ...]
    disk: tuple[str, ...]
    network: str
    console: str
    serial: tuple[str, ...] = ()
    """Ports before the one that is logged."""
    device_tree: str = ""
    append: str = ""
    reads_pdf: bool = True
    """Whether its program has PDFium, which nobody builds for ARMv6."""
    seconds: int = 600
    """In which it must answer; on a busy machine several times what it takes."""


KINDS = {
    "virt": Kind(
        board="virt",
        program="qemu-system-aarch64",
        machine=(*("-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "1024"),),
        disk=("-device", "virtio-blk-device,drive=card,serial={serial}"),
        network="virtio-net-device",
        console="ttyAMA0",
    ),
    "raspi3b": Kind(
        board="pi3",
        program="qemu-system-aarch64",
        machine=("-M", "raspi3b"),
        disk=(),
        network="usb-net",
        console="ttyS1,115200",
        serial=("-serial", "null"),
        device_tree="bcm2837-rpi-3-b.dtb",
        append=_NO_WATCHDOG,
        seconds=1200,
    ),
    "raspi0": Kind(
        board="zero",
        program="qemu-system-arm",
        machine=("-M", "raspi0"),
        disk=(),
        network="usb-net",
        console="ttyAMA0,115200",
        device_tree="bcm2835-rpi-zero-w.dtb",
        # QEMU has no power domains for this kernel to find.
        append=f"initcall_blacklist=bcm2835_power_driver_init {_NO_WATCHDOG}",
        reads_pdf=False,
        seconds=1800,
    ),
}


class Card:
    """A card of its own, with what is put onto its boot partition before it is used."""

    def __init__(self, image: Path, folder: Path, kind: Kind, files: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        self.kind, self.folder = kind, folder
        self.disk = folder / "card.img"
        subprocess.run(("cp", "--sparse=always", str(image), str(self.disk)), check=True)
        self._make_key()
        for name, text in files.items():
            (folder / name).write_text(text.replace("@KEY@", self.public_key))
            self._mtools("mcopy", str(folder / name), f"::{name}")
        subprocess.run(
            ("qemu-img", "resize", "-q", "-f", "raw", str(self.disk), _CARD_SIZE), check=True
        )
        names = self._mtools("mdir", "-b", "::").split()
        for want, begin in (("kernel", "vmlinuz"), ("initrd", "initrd.img")):
            newest = max(one for one in names if one.startswith(f"::/{begin}"))
            self._mtools("mcopy", newest, str(folder / want))
        if kind.device_tree:
            self._mtools("mcopy", f"::{kind.device_tree}", str(folder / "board.dtb"))
            self._mtools("mcopy", "::cmdline.txt", str(folder / "cmdline.txt"))
        if kind.machine[1] == "raspi0":
            # QEMU's USB is a host only; on the board the cable decides.
            usb = ("/soc/usb@7e980000", "dr_mode", "host")
            subprocess.run(("fdtput", "-t", "s", str(folder / "board.dtb"), *usb), check=True)

    def _mtools(self, program: str, *words: str) -> str:
        command = (program, "-i", card.boot_partition(self.disk), *words)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _make_key(self) -> None:
        key = self.folder / "key"
        command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(key))
        subprocess.run(command, check=True)
        self.public_key = (self.folder / "key.pub").read_text().strip()

    def holds(self, secret: bytes) -> bool:
        """Whether any byte of the card, in use or not, is of this text."""
        with self.disk.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as all_:
            return all_.find(secret) >= 0

    def command_line(self) -> str:
        """As the board's own firmware would give it, and the serial port last: it is logged."""
        own = self.folder / "cmdline.txt"
        words = "root=LABEL=UNIBOSROOT rw fsck.repair=yes net.ifnames=0 rootwait panic=10"
        given = own.read_text().strip() if own.exists() else words
        return f"{given} {self.kind.append} console={self.kind.console}".replace("  ", " ")


class Machine:
    """Running while it is entered; leaving it is a power cut."""

    def __init__(self, inserted: Card) -> None:
        self.card, kind = inserted, inserted.kind
        folder = inserted.folder
        self.http_port, self.ssh_port = _free_port(), _free_port()
        self.log = folder / f"serial-{len(list(folder.glob('serial-*')))}.log"
        forwarded = ",".join(
            f"hostfwd=tcp:127.0.0.1:{here}-:{there}"
            for here, there in ((self.http_port, 8001), (self.ssh_port, 22))
        )
        disk_kind = "none" if kind.disk else "sd"
        serial = folder.name[:20]
        self._command = [
            *("nice", "-n", "10", kind.program, *kind.machine),
            *("-display", "none", "-monitor", "none", "-no-reboot"),
            *("-kernel", str(folder / "kernel"), "-initrd", str(folder / "initrd")),
            *(("-dtb", str(folder / "board.dtb")) if kind.device_tree else ()),
            *("-append", inserted.command_line()),
            *("-drive", f"file={inserted.disk},format=raw,if={disk_kind},id=card"),
            *(word.format(serial=serial) for word in kind.disk),
            # restrict: nothing out there answers, not even for the time.
            *("-netdev", f"user,id=net,restrict=on,{forwarded}"),
            *("-device", f"{kind.network},netdev=net"),
            *(*kind.serial, "-serial", f"file:{self.log}"),
        ]

    def __enter__(self) -> "Machine":
        self._began = time.monotonic()
        self._process = subprocess.Popen(self._command)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def seconds(self) -> float:
        """Since the power came on."""
        return time.monotonic() - self._began

    def healthy(self) -> dict[str, Any]:
        """Wait until it answers over HTTP; what it answers."""
        while True:
            try:
                return self.http("GET", "/health")
            except (OSError, ValueError):
                self._still("no answer over HTTP")
                time.sleep(1)

    def reachable(self) -> None:
        """Wait until it lets in over SSH."""
        while self._ssh("true").returncode != 0:
            self._still("no answer over SSH")
            time.sleep(1)

    def off(self) -> None:
        """Wait until it has switched itself off."""
        while self._process.poll() is None:
            self._still("it does not stop")
            time.sleep(0.5)

    def _still(self, wrong: str) -> None:
        told = self.log.read_text(errors="replace") if self.log.exists() else ""
        for sign in ("Kernel panic", "emergency mode", "Give root password"):
            if sign in told:
                raise SystemExit(f"{sign}: see {self.log}")
        if self._process.poll() is not None and "stop" not in wrong:
            raise SystemExit(f"QEMU has ended: see {self.log}")
        if self.seconds() > self.card.kind.seconds:
            raise SystemExit(f"{wrong} in {self.card.kind.seconds} s: see {self.log}")

    def http(
        self, method: str, path: str, body: object = None, *, token: str = "", kind: str = ""
    ) -> dict[str, Any]:
        """Ask the node; JSON unless ``kind`` names another type.

        :raises OSError: no answer, or one that is no success.
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        headers = {"Content-Type": kind or "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        address = f"http://127.0.0.1:{self.http_port}{path}"
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- a fixed scheme
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            told = error.read().decode(errors="replace")
            raise OSError(f"{method} {path}: {error.code} {told}") from None

    def shell(self, command: str, *, fails: Sequence[int] = ()) -> str:
        """Run a command as root over SSH; what it prints.

        :param fails: exit codes that are right, too.
        """
        done = self._ssh(command)
        if done.returncode not in (0, *fails):
            raise SystemExit(f"{command}: exit {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def _ssh(self, command: str) -> "subprocess.CompletedProcess[str]":
        ssh = [
            *("ssh", "-q", "-i", str(self.card.folder / "key"), "-p", str(self.ssh_port)),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "ConnectTimeout=60", "-o", "BatchMode=yes"),
            *("admin@127.0.0.1", f"sudo sh -c {_quoted(command)}"),
        ]
        return subprocess.run(ssh, capture_output=True, text=True, check=False, timeout=600)


def missing(kind: Kind) -> list[str]:
    """Programs that this host does not have."""
    wanted = [kind.program, "qemu-img", "mcopy", "ssh", "ssh-keygen"]
    wanted += ["fdtput"] if kind.machine[1] == "raspi0" else []
    return [one for one in wanted if not shutil.which(one)]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
