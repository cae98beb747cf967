"""What an image is made of and what goes out with it, without building one."""

import hashlib
import json
import re
import shutil
import struct

import block_map
import board
import card
import checked
import published
import pytest
import tree

PI3 = board.every()["pi3"]
PI5 = board.every()["pi5"]


@pytest.fixture
def laid(tmp_path):
    """A tree with what the checks look for, and nothing more."""
    root = tmp_path / "tree"
    boot = root / "boot/firmware"
    for name in ("etc/ssh", "usr/lib/unibos", "usr/lib/firmware/brcm", "boot/firmware"):
        (root / name).mkdir(parents=True)
    (root / "etc/machine-id").touch()
    (root / "etc/shadow").write_text("root:*:19000::::::\nunibos:!:19000::::::\n")
    (root / "usr/bin").mkdir()
    (root / "usr/lib/systemd/system").mkdir(parents=True)
    (root / "usr/lib/unibos/_internal").mkdir()
    for name in ("unibos", "installed-by-apt", "_internal/base"):
        (root / "usr/lib/unibos" / name).touch()
    for name in ("unibos-hub", "unibos-worker"):
        (root / "usr/lib/unibos" / name).symlink_to("unibos")
    for name in ("unibos", "unibos-hub", "unibos-worker"):
        (root / "usr/bin" / name).symlink_to(f"../lib/unibos/{name}")
    tree.side_by_side(root, "1.2.0")
    for radio in PI3.wifi:
        (root / f"usr/lib/firmware/brcm/{radio}.bin").touch()
    named = ("vmlinuz-6.1", "initrd.img-6.1", "bootcode.bin", "start.elf", "fixup.dat")
    for name in named:
        (boot / name).touch()
    for name in PI3.device_trees:
        (boot / name).write_bytes(struct.pack(">II", 0xD00DFEED, 12) + b"    ")
    (boot / "config.txt").write_text("arm_64bit=1\nkernel=vmlinuz-6.1\ninitramfs initrd.img-6.1\n")
    consoles = " ".join(f"console={one}" for one in PI3.consoles)
    words = "root=LABEL=UNIBOSROOT rootwait fsck.repair=yes panic=10"
    (boot / "cmdline.txt").write_text(f"{consoles} {words}\n")
    return root


def test_a_whole_tree_has_no_problem(laid):
    assert checked.problems(PI3, laid) == []


def test_releases_lie_side_by_side_and_take_no_room_twice(laid):
    root = laid / "var/lib/unibos-releases"
    assert {one.name for one in (root / "releases/1.2.0").iterdir()} == {"unibos", "_internal"}
    assert (root / "current").readlink() == (root / "good").readlink()
    assert str((root / "good").readlink()) == "releases/1.2.0"
    assert (root / "current/unibos").samefile(laid / "usr/lib/unibos/unibos")
    assert (root / "good/_internal/base").samefile(laid / "usr/lib/unibos/_internal/base")
    for name in ("unibos", "unibos-hub", "unibos-worker"):
        link = laid / "usr/bin" / name
        assert str(link.readlink()) == "/var/lib/unibos-releases/current/unibos"
    units = {path.name for path in (laid / "usr/lib/systemd/system").iterdir()}
    assert {one for one in tree.ON if "unibos-update" in one} <= units


def test_a_release_that_is_missing_or_apts_is_found(laid):
    root = laid / "var/lib/unibos-releases"
    (root / "current/installed-by-apt").touch()
    assert checked.problems(PI3, laid) == ["updates would be left to apt"]
    (root / "good").unlink()
    (root / "current/unibos").unlink()
    found = checked.problems(PI3, laid)
    assert f"{tree.RELEASES}/current leads to no program" in found
    assert f"{tree.RELEASES}/good leads to no program" in found


@pytest.mark.parametrize(
    "name",
    [
        *("vmlinuz-6.1", "initrd.img-6.1", "start.elf", "config.txt", "cmdline.txt"),
        "bcm2837-rpi-3-b.dtb",
    ],
)
def test_a_missing_file_of_the_boot_partition_is_found(laid, name):
    (laid / "boot/firmware" / name).unlink()
    assert checked.problems(PI3, laid)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("etc/ssh/ssh_host_ed25519_key", "a key"),
        ("etc/shadow", "root::19000::::::\n"),
        ("etc/shadow", "root:$y$j9T$abc:19000::::::\n"),
        ("boot/firmware/bcm2837-rpi-3-b.dtb", "no device tree"),
        ("boot/firmware/cmdline.txt", "root=/dev/mmcblk0p2\n"),
        ("boot/firmware/config.txt", "kernel=other\n"),
    ],
)
def test_what_must_not_be_on_a_card_is_found(laid, name, text):
    (laid / name).write_text(text)
    assert checked.problems(PI3, laid)


def test_a_pi_5_needs_no_first_stage_but_its_own_device_tree(laid):
    told = checked.problems(PI5, laid)
    assert "bcm2712-rpi-5-b.dtb is missing" in told
    assert not any("start" in one for one in told)


def member(name, data):
    """One file of a cpio archive in the `newc` format."""
    head = b"070701" + b"".join(
        b"%08X" % value
        for value in (1, 0o100755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    )
    path = head + name.encode() + b"\0"
    path += b"\0" * (-len(path) % 4)
    return path + data + b"\0" * (-len(data) % 4)


def test_a_program_of_another_machine_in_the_initial_file_system_is_found():
    def elf(machine):
        return b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)

    good = member("usr/bin/kmod", elf(183)) + member("init", b"#!/bin/sh\n")
    assert checked.foreign_programs(good + member("TRAILER!!!", b""), "arm64") == []
    bad = good + member("usr/bin/cat", elf(62)) + member("TRAILER!!!", b"")
    assert checked.foreign_programs(bad, "arm64") == ["usr/bin/cat"]


def test_limits_are_written_as_the_board_says(tmp_path):
    tree.write_limits(PI3, tmp_path)
    mounts = (tmp_path / "etc/fstab").read_text()
    assert "noatime,commit=60" in mounts
    assert f"tmpfs /tmp tmpfs nosuid,nodev,mode=1777,size={PI3.tmp_mb}M" in mounts
    log = (tmp_path / "etc/systemd/journald.conf.d/50-unibos.conf").read_text()
    assert f"Storage=volatile\nRuntimeMaxUse={PI3.journal_mb}M\n" in log
    swap = (tmp_path / "etc/systemd/zram-generator.conf").read_text()
    assert f"zram-size = min(ram, {PI3.zram_mb})" in swap
    assert 'CONSOLES="ttyS1,115200 tty1"' in (tmp_path / "etc/default/raspi-firmware").read_text()


def test_what_makes_cards_alike_is_forgotten(tmp_path):
    for name in ("etc/ssh", "var/lib/dbus", "var/lib/systemd", "boot/firmware"):
        (tmp_path / name).mkdir(parents=True)
    gone = ("etc/ssh/ssh_host_rsa_key", "var/lib/systemd/random-seed")
    for name in (*gone, "etc/machine-id", "var/lib/dbus/machine-id"):
        (tmp_path / name).write_text("0123456789abcdef")
    tree.forget(tmp_path)
    assert not any((tmp_path / name).exists() for name in gone)
    assert (tmp_path / "etc/machine-id").read_bytes() == b""
    assert (tmp_path / "var/lib/dbus/machine-id").is_symlink()


def test_a_block_map_names_each_piece_and_its_checksum(tmp_path):
    image = tmp_path / "card.img"
    with image.open("wb") as file:
        file.write(b"a" * 4096)
        file.seek(1 << 20)
        file.write(b"b" * 8192)
        file.truncate(2 << 20)
    text = block_map.block_map(image)
    found = re.findall(r'<Range chksum="([0-9a-f]{64})">([\d-]+)</Range>', text)
    assert found == [
        (hashlib.sha256(b"a" * 4096).hexdigest(), "0"),
        (hashlib.sha256(b"b" * 8192).hexdigest(), "256-257"),
    ]
    assert "<MappedBlocksCount>3</MappedBlocksCount>" in text
    own = re.search("<BmapFileChecksum>(.*)</BmapFileChecksum>", text)[1]
    assert hashlib.sha256(text.replace(own, "0" * 64).encode()).hexdigest() == own


def test_imager_is_told_all_that_it_requires():
    facts = {"extract_size": 1, "extract_sha256": "0" * 64, "image_download_size": 1}
    told = json.loads(published.imager_list({PI3: ("a.img.xz", facts)}, "https://h.example/", 0))
    [entry] = told["os_list"]
    # doc/json-schema/os-list-schema.json of Raspberry Pi Imager 2.0.11, "required".
    required = "name description icon url extract_size extract_sha256 image_download_size"
    assert {*required.split(), "release_date", "devices"} <= set(entry)
    assert entry["init_format"] == "rpi-preseed"
    assert entry["url"] == "https://h.example/a.img.xz"
    assert entry["bmap_url"] == "https://h.example/a.img.bmap"
    assert entry["release_date"] == "1970-01-01"


needed = ("genimage", "mke2fs", "mcopy", "mkfs.vfat")


@pytest.mark.skipif(
    not all(map(shutil.which, needed)), reason="genimage, mke2fs, mtools or mkfs.vfat are missing"
)
def test_a_small_tree_becomes_a_card(tmp_path):
    root = tmp_path / "tree"
    (root / "boot/firmware").mkdir(parents=True)
    (root / "boot/firmware/config.txt").write_text("arm_64bit=1\n")
    (root / "hello").write_text("hello\n")
    image = tmp_path / "card.img"
    card.make(root, image, 1_700_000_000)
    data = image.read_bytes()
    assert data[510:512] == b"\x55\xaa"
    begin = [struct.unpack("<I", data[446 + 16 * one + 8 :][:4])[0] for one in range(2)]
    assert begin == [card.ALIGN_MB * 2048, (card.ALIGN_MB + card.BOOT_MB) * 2048]
    # ext4's magic number, 1 KiB and 56 bytes into the partition.
    assert data[begin[1] * 512 + 1080 :][:2] == b"\x53\xef"
    assert card.boot_partition(image).endswith("@@4M")
