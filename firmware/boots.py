"""Boots images unattended and looks whether all is as promised; `firmware/test-boot` calls this.

Each machine gets a fresh card with settings on its boot partition, is set up over the network,
reads a document, restarts, and must have kept everything. Ends with 1 at the first broken promise.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import papers
from emulated import KINDS, Card, Kind, Machine, missing
from tree import ROOT

BUILD = ROOT / "build/firmware"
EMAIL, PASSWORD = "owner@example.org", "in no other text of the card"
WIFI = "never on the card again"
"""Both are looked for on the card, so no program may carry them in a text of its own."""
ENDED = ("done", "failed")
# As Raspberry Pi Imager writes it.
IMAGER = """\
[ssh]
enabled = true
password_authentication = false
authorized_keys = [
  "@KEY@",
]

[locale]
timezone = "Europe/Istanbul"
"""
UNIBOS = f"""\
[machine.wlan]
ssid = "Home"
password = "{WIFI}"
country = "TR"

[documents]
languages = ["eng"]
"""
OWNER = f"""
[setup]
email = "{EMAIL}"
password = "{PASSWORD}"
"""


class Walk:
    """One machine, from the first start to after the second."""

    def __init__(self, kind: Kind, image: Path, folder: Path, *, setup_by_file: bool) -> None:
        self.size = image.stat().st_size
        self.setup_by_file = setup_by_file
        settings = UNIBOS + (OWNER if setup_by_file else "")
        files = {"rpi-preseed.toml": IMAGER, "unibos.toml": settings}
        self.card = Card(image, folder, kind, files)

    def first(self) -> dict[str, Any]:
        """The first start; what must still be so after the next one."""
        with Machine(self.card) as machine:
            health = machine.healthy()
            say(f"answers over HTTP after {machine.seconds():.0f} s")
            machine.reachable()
            self.system(machine)
            self.identity(machine)
            self.settings(machine)
            kept = self.service(machine) | {"instance": health["instance"]}
            kept |= self.remembered(machine)
            machine.shell("systemctl reboot", fails=(255,))
            machine.off()
        say("stops cleanly")
        for secret in (WIFI, PASSWORD):
            true("no block of the card holds a secret", not self.card.holds(secret.encode()))
        return kept

    def second(self, kept: dict[str, Any]) -> None:
        """A later start: everything is there."""
        with Machine(self.card) as machine:
            health = machine.healthy()
            say(f"answers again after {machine.seconds():.0f} s")
            machine.reachable()
            self.system(machine)
            true("the instance is the same", health["instance"] == kept["instance"])
            for name, value in self.remembered(machine).items():
                true(f"{name} is the same", value == kept[name])
            token = self.login(machine)
            document = machine.http("GET", f"/api/v1/documents/{kept['document']}", token=token)
            true("the document is there", "appliance" in document["text"].lower())
            log = machine.shell("journalctl -u unibos-first-boot -o cat")
            true("no settings were read again", "applied" not in log)
            self.limits(machine)

    def system(self, machine: Machine) -> None:
        """What every start must show."""
        wait = "systemctl is-system-running --wait"
        true("the system runs", machine.shell(wait, fails=(1,)) == "running", machine)
        failed = machine.shell("systemctl --failed --no-legend --plain")
        true("no unit failed", failed == "", machine)
        serial = machine.log.read_text(errors="replace")
        true("the serial log shows the unit ready", "unibos-node is active" in serial, machine)
        lines = machine.shell("journalctl -u unibos-node -o cat | wc -l")
        true("the journal has the node's lines", int(lines) > 2)
        root = machine.shell("findmnt --noheadings --output OPTIONS /")
        true("the card is mounted noatime", "noatime" in root and "commit=60" in root)
        true(
            "the folder for temporary files is in memory",
            machine.shell("stat -fc %T /tmp") == "tmpfs",
        )
        true("swap is in memory", "zram" in machine.shell("cat /proc/swaps"))
        true("the log is in memory", machine.shell("ls /var/log/journal", fails=(2,)) == "")
        whole = int(machine.shell("findmnt --noheadings --bytes --output SIZE /"))
        true("the root partition took the whole card", whole > 3 * 10**9)

    def identity(self, machine: Machine) -> None:
        """What is this card's alone."""
        name = machine.shell("hostname")
        true(f"its name is its own: {name}", name.startswith("unibos-") and len(name) == 11)
        found = machine.shell(f"resolvectl query --protocol=mdns {name}.local", fails=(1,))
        true(f"{name}.local is told", name in found)
        true("root has no password", machine.shell("getent shadow root").split(":")[1] in "*!")

    def settings(self, machine: Machine) -> None:
        """What the boot partition asked for."""
        true("the time zone is set", "Istanbul" in machine.shell("readlink /etc/localtime"))
        wifi = machine.shell("cat /etc/wpa_supplicant/wpa_supplicant-wlan0.conf")
        true("the Wi-Fi is kept as a key", "psk=" in wifi and WIFI not in wifi)
        there = machine.shell("ls /boot/firmware")
        applied = {"unibos.applied.toml", "rpi-preseed.applied.toml", "unibos-result.txt"}
        true("the files were read", applied <= set(there.split()))
        left = machine.shell(f"grep -c '{PASSWORD}' /etc/unibos/unibos.toml", fails=(1,))
        true("the first password was erased", left == "0")

    def service(self, machine: Machine) -> dict[str, Any]:
        """Set up, and have a document read."""
        if not self.setup_by_file:
            code = machine.shell("cat /var/lib/unibos/setup-code")
            shown = machine.shell("cat /run/issue.d/unibos.issue")
            true("the screen shows the setup code", code in shown)
            body = {"setup_code": code, "email": EMAIL, "name": "Owner", "password": PASSWORD}
            machine.http("POST", "/api/v1/setup", body)
        token = self.login(machine)
        say("set up by its file" if self.setup_by_file else "set up with its code")
        document = self.sent(machine, token, papers.pdf(), "application/pdf")
        if not self.card.kind.reads_pdf:
            refused = (document.get("error") or {}).get("code")
            true("a PDF is said to be unreadable", refused == "media_type_unsupported", document)
            picture = papers.picture("the appliance reads this")
            document = self.sent(machine, token, picture, "image/png")
        true("a document was read", "appliance" in document["text"].lower(), document)
        return {"document": document["id"]}

    def sent(self, machine: Machine, token: str, content: bytes, kind: str) -> dict[str, Any]:
        """Send a document, and wait until it is read, or is not."""
        sent = machine.http("POST", "/api/v1/documents", content, token=token, kind=kind)
        path = f"/api/v1/documents/{sent['id']}"
        end = time.monotonic() + self.card.kind.seconds
        while (document := machine.http("GET", path, token=token))["status"] not in ENDED:
            true("the document is read in time", time.monotonic() < end, document)
            time.sleep(1)
        return document

    def limits(self, machine: Machine) -> None:
        """What takes too much of the service's share is ended, and the node goes on."""
        group = "/sys/fs/cgroup/system.slice/unibos-node.service"
        inside = f"echo $$ > {group}/cgroup.procs"
        # Above this, it is only slowed down, for longer than a test should take.
        machine.shell("systemctl set-property --runtime unibos-node MemoryHigh=infinity")
        machine.shell(f"{inside}; head -c 2G /dev/zero | tail -c 2G", fails=range(1, 256))
        killed = machine.shell(f"grep '^oom_kill ' {group}/memory.events")
        reasons = machine.shell("journalctl -k -o cat | grep oom-kill:", fails=(1,))
        held = killed != "oom_kill 0" and "CONSTRAINT_MEMCG" in reasons
        true("the limit of memory holds", held and "global_oom" not in reasons, reasons)
        crowd = "i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done"
        machine.shell(f"{inside}; {crowd}", fails=range(1, 256))
        refused = machine.shell(f"cat {group}/pids.events")
        true("the limit of processes holds", refused != "max 0", refused)
        true("the limit of CPU time is set", machine.shell(f"cat {group}/cpu.max")[:3] != "max")
        told = machine.shell("systemctl show unibos-node -p NRestarts -p ActiveState")
        true("the node went on", set(told.split()) == {"NRestarts=0", "ActiveState=active"}, told)
        machine.healthy()

    def login(self, machine: Machine) -> str:
        """A token of the owner."""
        body = {"email": EMAIL, "password": PASSWORD}
        return str(machine.http("POST", "/api/v1/auth/login", body)["access_token"])

    def remembered(self, machine: Machine) -> dict[str, str]:
        """What a start must not change."""
        return {
            "machine-id": machine.shell("cat /etc/machine-id"),
            "host name": machine.shell("hostname"),
            "host key": machine.shell("cat /etc/ssh/ssh_host_ed25519_key.pub"),
        }


def main() -> None:
    """Boot as the command line asks."""
    asked = _arguments()
    began = time.monotonic()
    for name in asked.machine:
        kind = KINDS[name]
        if absent := missing(kind):
            raise SystemExit(f"{name}: {', '.join(absent)} missing")
        image = asked.image or _image(kind.board, asked.deb)
        folder = BUILD / "boots" / f"{name}-{int(time.time())}"
        print(f"{name}: {image.name}", flush=True)
        started = time.monotonic()
        walk = Walk(kind, image, folder, setup_by_file=name != "virt")
        kept = walk.first()
        walk.second(kept)
        walk.card.disk.unlink()
        print(f"{name}: {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    print(f"all: {(time.monotonic() - began) / 60:.1f} minutes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="firmware/test-boot", description=__doc__)
    parser.add_argument("--deb", type=Path, metavar="PATH", help="builds the images of this first")
    parser.add_argument("--image", type=Path, metavar="PATH", help="boots this one")
    parser.add_argument(
        "--machine", action="append", choices=[*KINDS], help="without it: virt, raspi3b"
    )
    asked = parser.parse_args()
    asked.machine = asked.machine or ["virt", "raspi3b"]
    return asked


def _image(board: str, deb: Path | None) -> Path:
    """The newest image of a board, built anew where a package is given."""
    if deb is not None:
        build = (sys.executable, str(ROOT / "firmware/images.py"), "--board", board, "--raw")
        subprocess.run((*build, "--deb", str(deb)), check=True)
    return newest_image(board)


def newest_image(board: str) -> Path:
    """The image of a board that was built last."""
    found = sorted(BUILD.glob(f"unibos-*-{board}.img"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SystemExit(f"There is no image for {board}; give --deb.")
    return found[-1]


def true(promise: str, kept: object, told: object = "") -> None:
    """Note a promise that is kept; end at one that is not."""
    if not kept:
        if isinstance(told, Machine):
            log = "systemctl --failed; journalctl -b -p warning --no-pager | tail -40"
            told = told.shell(log, fails=range(1, 255))
        raise SystemExit(f"  BROKEN: {promise}\n{told}")
    say(promise)


def say(line: str) -> None:
    """Tell how far it has got."""
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
