"""Carries out what was asked of the machine: files below a root, and a few programs of Debian.

Everything can be done again with the same result, since power may go between any two steps.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from unibos.ops.first_boot.machine import Machine, Ssh, User, Wlan

Run = Callable[[Sequence[str], str], None]
"""Carries out a command, with a text on its standard input."""

_WIFI = Path("etc/wpa_supplicant/wpa_supplicant-wlan0.conf")


def run_here(command: Sequence[str], stdin: str = "") -> None:
    """:raises subprocess.CalledProcessError: the command failed; it never holds a secret."""
    subprocess.run(command, input=stdin, text=True, check=True, capture_output=True)


class Host:
    """The machine below ``root``."""

    def __init__(self, root: Path, run: Run) -> None:
        self._root = root
        self._run = run

    def own_name(self) -> str:
        """``unibos-`` and four signs that stay the same for this installation."""
        identity = (self._root / "etc/machine-id").read_text().strip()
        # Not the id itself: it is meant to stay secret, see machine-id(5).
        digest = hashlib.sha256(f"unibos host name {identity}".encode()).digest()
        return "unibos-" + "".join(
            "23456789abcdefghjkmnpqrstuvwxyz"[one % 31] for one in digest[:4]
        )

    def call(self, name: str) -> None:
        """Give the machine its name."""
        self.write("etc/hostname", f"{name}\n")
        self.write(
            "etc/hosts",
            f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n",
        )
        self._run(("hostname", name), "")

    def name(self) -> str:
        """The name it has now."""
        return (self._root / "etc/hostname").read_text().strip()

    def reload_units(self) -> None:
        """Have systemd read its units anew."""
        self._run(("systemctl", "daemon-reload"), "")

    def carry_out(self, machine: Machine) -> list[str]:
        """Do all of it; one line for each thing done."""
        done = []
        if machine.system.hostname:
            self.call(machine.system.hostname)
            done.append(f"host name {machine.system.hostname}")
        if machine.wlan:
            done.append(self._join(machine.wlan))
        if machine.locale.timezone:
            done.append(self._set_clock(machine.locale.timezone))
        if machine.user or machine.ssh:
            done += self._let_in(machine.user or User(), machine.ssh)
        return done

    def _join(self, wlan: Wlan) -> str:
        ssid = bytes.fromhex(wlan.ssid_hex) or wlan.ssid.encode()
        lines = ["ctrl_interface=DIR=/run/wpa_supplicant"]
        if wlan.country:
            lines.append(f"country={wlan.country}")
        lines += ["network={", f"  ssid={ssid.hex()}"]
        if wlan.hidden:
            lines.append("  scan_ssid=1")
        # The key alone: the passphrase, which may be in use elsewhere, is not kept.
        lines.append(f"  psk={_key(wlan, ssid)}" if wlan.password else "  key_mgmt=NONE")
        lines.append("}\n")
        self.write(_WIFI, "\n".join(lines), mode=0o600)
        return f"Wi-Fi {ssid.decode(errors='replace')}"

    def _set_clock(self, zone: str) -> str:
        if not (self._root / "usr/share/zoneinfo" / zone).is_file():
            return f"there is no time zone {zone}; it stays as it was"
        self.write("etc/timezone", f"{zone}\n")
        link = self._root / "etc/localtime"
        link.unlink(missing_ok=True)
        link.symlink_to(f"/usr/share/zoneinfo/{zone}")
        return f"time zone {zone}"

    def _let_in(self, user: User, ssh: Ssh | None) -> list[str]:
        self._add(user)
        done = [f"account {user.name}"]
        if ssh is None:
            return done
        if ssh.authorized_keys:
            home = f"home/{user.name}"
            self.write(f"{home}/.ssh/authorized_keys", "\n".join((*ssh.authorized_keys, "")))
            (self._root / home / ".ssh").chmod(0o700)
            self._run(("chown", "-R", f"{user.name}:{user.name}", f"/{home}/.ssh"), "")
            done.append(f"{len(ssh.authorized_keys)} SSH key(s)")
        allowed = "yes" if ssh.password_authentication and user.password else "no"
        self.write(
            "etc/ssh/sshd_config.d/50-unibos.conf",
            f"PermitRootLogin no\nPasswordAuthentication {allowed}\n",
        )
        if ssh.enabled:
            self._run(("systemctl", "enable", "ssh.service"), "")
            # It comes after this service, which must not wait for it.
            self._run(("systemctl", "start", "--no-block", "ssh.service"), "")
            done.append("SSH on")
        return done

    def _add(self, user: User) -> None:
        accounts = (self._root / "etc/passwd").read_text().splitlines()
        known = [line.split(":")[0] for line in accounts]
        if user.name not in known:
            shell = ("--shell", "/bin/bash", "--groups", "sudo")
            self._run(("useradd", "--create-home", *shell, user.name), "")
        if user.password:
            kind = ("--encrypted",) if user.password_encrypted else ()
            self._run(("chpasswd", *kind), f"{user.name}:{user.password}\n")
        if user.passwordless_sudo or not user.password:
            rule = f"{user.name} ALL=(ALL) NOPASSWD: ALL\n"
            self.write("etc/sudoers.d/unibos-owner", rule, mode=0o440)

    def keep_settings(self, text: str) -> None:
        """Make ``text`` the settings of UNIBOS, which its service may read and erase secrets of."""
        file = Path("etc/unibos/unibos.toml")
        self.write(file, text, mode=0o660)
        self._run(("chown", "root:unibos", f"/{file}"), "")

    def write(self, name: str | Path, text: str, *, mode: int = 0o644) -> None:
        """Write a file whole or not at all."""
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)


def _key(wlan: Wlan, ssid: bytes) -> str:
    """The key of a network (IEEE 802.11-2020, J.4.1)."""
    if len(wlan.password) == 64:
        return wlan.password.lower()
    return hashlib.pbkdf2_hmac("sha1", wlan.password.encode(), ssid, 4096, 32).hex()
