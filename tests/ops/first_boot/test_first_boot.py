"""A start of a card, played in a folder."""

import subprocess

import pytest

from unibos.ops.first_boot.start import RESULT, start

IMAGER = """\
[system]
hostname = "kitchen"

[user]
name = "owner"
password = "$y$j9T$abc$def"
password_encrypted = true
groups = ["sudo"]

[ssh]
enabled = true
password_authentication = false
authorized_keys = [
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA owner@example.org",
]

[wlan]
ssid = "Home \\"2\\""
password = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
password_encrypted = true
hidden = true
country = "TR"

[locale]
keymap = "tr"
timezone = "Europe/Istanbul"

[connect]
enabled = true
"""
UNIBOS = """\
role = ["hub", "node"]

[machine.wlan]
ssid = "IEEE"
password = "password"

[setup]
email = "owner@example.org"
password = "correct horse battery"

[documents]
languages = [
  "eng",
]
"""


class Card:
    """A machine's root, its boot partition, and the commands that it was given."""

    def __init__(self, folder):
        self.root, self.boot = folder / "root", folder / "boot"
        self.commands = []
        for name in ("etc", "var/lib", "usr/share/zoneinfo/Europe"):
            (self.root / name).mkdir(parents=True)
        self.boot.mkdir()
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        (self.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (self.root / "usr/share/zoneinfo/Europe/Istanbul").write_text("TZif")

    def run(self, command, stdin):
        self.commands.append((" ".join(command), stdin))

    def start(self, card="card-1", board="board-1"):
        return start(self.root, self.boot, self.run, card=card, board=board)

    def read(self, name):
        return (self.root / name).read_text()

    def told(self):
        return (self.boot / RESULT).read_text()


@pytest.fixture
def card(tmp_path):
    return Card(tmp_path)


def test_a_first_start_gives_the_card_a_name_of_its_own(card):
    card.start()
    name = card.read("etc/hostname").strip()
    assert name.startswith("unibos-")
    assert len(name) == len("unibos-") + 4
    assert f"127.0.1.1 {name}\n" in card.read("etc/hosts")
    assert card.commands == [(f"hostname {name}", ""), ("systemctl daemon-reload", "")]
    assert f"http://{name}.local:8001" in card.told()


def test_the_service_gets_the_limits_of_its_board(card, monkeypatch):
    (card.root / "proc").mkdir()
    (card.root / "proc/meminfo").write_text("MemTotal: 430000 kB\n")
    (card.root / "proc/cpuinfo").write_text(
        "processor : 0\n" * 4 + "Model : Raspberry Pi Zero 2 W Rev 1.0\n"
    )
    card.start()
    for unit in ("unibos-node", "unibos-hub", "unibos-worker"):
        told = card.read(f"run/systemd/system/{unit}.service.d/60-limits.conf")
        assert "Raspberry Pi Zero 2 W Rev 1.0: profile edge" in told
        assert "MemoryMax=70%\nMemorySwapMax=25%\nCPUQuota=360%\n" in told

    def refuse(command, _stdin):
        raise subprocess.CalledProcessError(1, command, stderr="no")

    monkeypatch.setattr(card, "run", refuse)
    assert any("limits of this board do not hold" in line for line in card.start())


def test_another_machine_has_another_name_and_a_later_start_changes_nothing(card):
    card.start()
    name = card.read("etc/hostname")
    card.start()
    assert card.read("etc/hostname") == name
    (card.root / "etc/machine-id").write_text("f" * 32)
    (card.root / "var/lib/unibos-image/card").unlink()
    card.start()
    assert card.read("etc/hostname") != name


def test_what_imager_writes_is_carried_out(card):
    (card.boot / "rpi-preseed.toml").write_text(IMAGER)
    card.start()
    assert card.read("etc/hostname") == "kitchen\n"
    assert card.read("etc/timezone") == "Europe/Istanbul\n"
    assert (card.root / "etc/localtime").readlink().name == "Istanbul"
    assert "owner@example.org" in card.read("home/owner/.ssh/authorized_keys")
    assert card.commands[1:] == [
        ("hostname kitchen", ""),
        ("useradd --create-home --shell /bin/bash --groups sudo owner", ""),
        ("chpasswd --encrypted", "owner:$y$j9T$abc$def\n"),
        ("chown -R owner:owner /home/owner/.ssh", ""),
        ("systemctl enable ssh.service", ""),
        ("systemctl start --no-block ssh.service", ""),
        ("systemctl daemon-reload", ""),
    ]
    assert "PasswordAuthentication no\n" in card.read("etc/ssh/sshd_config.d/50-unibos.conf")
    assert not (card.root / "etc/sudoers.d").exists()
    assert "not used: locale.keymap, connect" in card.told()


def test_a_network_is_joined_by_its_key(card):
    (card.boot / "rpi-preseed.toml").write_text(IMAGER)
    card.start()
    told = card.read("etc/wpa_supplicant/wpa_supplicant-wlan0.conf").split()
    assert "ssid=" + b'Home "2"'.hex() in told
    assert f"psk={'0123456789abcdef' * 4}" in told
    assert {"country=TR", "scan_ssid=1"} <= set(told)
    (card.boot / "unibos.toml").write_text(UNIBOS)
    card.start()
    file = card.root / "etc/wpa_supplicant/wpa_supplicant-wlan0.conf"
    # IEEE 802.11-2020, J.4.2: the test vector of its key derivation.
    assert (
        "psk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e" in file.read_text()
    )
    assert file.stat().st_mode & 0o777 == 0o600


def test_settings_of_unibos_are_kept_apart_from_the_machine(card):
    (card.boot / "unibos.toml").write_text(UNIBOS)
    card.start()
    assert card.read("etc/unibos/unibos.toml") == UNIBOS.replace(
        '[machine.wlan]\nssid = "IEEE"\npassword = "password"\n\n', ""
    )
    assert ("chown root:unibos /etc/unibos/unibos.toml", "") in card.commands
    assert (card.root / "etc/unibos/unibos.toml").stat().st_mode & 0o777 == 0o660


def test_a_file_about_the_machine_alone_leaves_the_settings(card):
    (card.root / "etc/unibos").mkdir()
    (card.root / "etc/unibos/unibos.toml").write_text("# mine\n")
    (card.boot / "unibos.toml").write_text('[machine.system]\nhostname = "attic"\n')
    card.start()
    assert card.read("etc/unibos/unibos.toml") == "# mine\n"
    assert card.read("etc/hostname") == "attic\n"


@pytest.mark.parametrize(("name", "text"), [("rpi-preseed", IMAGER), ("unibos", UNIBOS)])
def test_secrets_are_erased_where_they_stood(card, name, text):
    file = card.boot / f"{name}.toml"
    file.write_text(text)
    place = file.stat().st_ino
    card.start()
    applied = card.boot / f"{name}.applied.toml"
    assert not file.exists()
    assert applied.stat().st_ino == place
    assert len(applied.read_bytes()) == len(text.encode())
    for secret in ("0123456789abcdef0123", "$y$", "correct horse", '"password"'):
        assert secret not in applied.read_text()


def test_where_a_secret_cant_be_told_apart_all_is_erased(card):
    (card.boot / "rpi-preseed.toml").write_text('wlan = {ssid = "x", password = "password"}\n')
    card.start()
    assert set((card.boot / "rpi-preseed.applied.toml").read_text()) == {"#"}


def test_an_erasing_that_was_cut_short_is_ended_and_its_file_not_read(card):
    (card.boot / "unibos.erasing.toml").write_text(UNIBOS)
    card.start()
    assert "correct horse" not in (card.boot / "unibos.applied.toml").read_text()
    assert not (card.root / "etc/wpa_supplicant").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[machine.wlan\n", "no TOML"),
        ('[machine.wlan]\npassword = "short"\n', "$.wlan.password"),
        ('machine = {wlan = {ssid = "x"}}\n', "not written as tables"),
        ("[nod]\nport = 80\n", "Did you mean node.port?"),
        (b"\xff\xfe", "no UTF-8"),
    ],
)
def test_a_wrong_file_stays_and_the_reason_is_told(card, text, why):
    data = text if isinstance(text, bytes) else text.encode()
    (card.boot / "unibos.toml").write_bytes(data)
    card.start()
    assert (card.boot / "unibos.toml").read_bytes() == data
    assert "was not applied" in card.told()
    assert why in card.told()
    assert "short" not in card.told()
    assert card.read("etc/hostname").startswith("unibos-")


def test_a_command_that_fails_is_told(card):
    def run(command, stdin):
        if command[0] == "useradd":
            raise subprocess.CalledProcessError(1, command, stderr="no space left\n")

    (card.boot / "rpi-preseed.toml").write_text(IMAGER)
    start(card.root, card.boot, run, card="", board="")
    assert "useradd failed: no space left" in card.told()
    assert (card.boot / "rpi-preseed.toml").exists()


def test_keys_alone_make_an_account_without_a_password(card):
    (card.boot / "unibos.toml").write_text(
        "[machine.ssh]\npassword_authentication = true\n"
        'authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1"]\n'
    )
    card.start()
    assert "NOPASSWD" in card.read("etc/sudoers.d/unibos-owner")
    assert "PasswordAuthentication no\n" in card.read("etc/ssh/sshd_config.d/50-unibos.conf")


def test_a_copied_card_is_noticed_once_and_a_moved_one_is_not_a_copy(card):
    card.start()
    assert "copy" not in "".join(card.start(board="board-2"))
    assert "copy" in "".join(card.start(card="card-2", board="board-2"))
    assert "on another board" in card.told()
    assert "copy" not in "".join(card.start(card="card-2", board="board-2"))


def test_without_a_boot_partition_it_starts(card):
    card.boot.rmdir()
    assert card.start()
