"""The root tree of an image: Debian with kernel and firmware, made once; then UNIBOS laid into it.

Programs of another architecture run by emulation (binfmt_misc, qemu-user-static).
"""

import os
import shutil
import subprocess
from pathlib import Path

from board import HERE, PACKAGES, Board

ROOT = HERE.parent
_MIRROR = "http://deb.debian.org/debian"
_LEFT_OUT = ("man", "locale", "info", "lintian")
# The kernel's package makes the initial file system; what is configured after it does not anew.
# In a chroot nobody can find out which file system a card's root has, to bring its fsck along.
_INITRAMFS = """
mkdir -p "$1/boot/firmware" "$1/etc/initramfs-tools/conf.d"
echo FSTYPE=ext4 > "$1/etc/initramfs-tools/conf.d/unibos"
printf 'update_initramfs={}\\nbackup_initramfs=no\\n' \
    > "$1/etc/initramfs-tools/update-initramfs.conf"
"""
_PREFER_BACKPORTS = """
mkdir -p "$1/etc/apt/preferences.d"
printf 'Package: linux-*\\nPin: release n=*-backports\\nPin-Priority: 900\\n' \
    > "$1/etc/apt/preferences.d/kernel"
"""
# In a mount namespace of its own: what is mounted is gone when the command ends, however it ends.
_CHROOT = """
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" "$@"
"""
RELEASES = "var/lib/unibos-releases"
_NOT_OF_A_RELEASE = {"installed-by-apt", "unibos-hub", "unibos-worker"}
ON = (
    *("unibos-node.service", "unibos-grow-root.service", "unibos-first-boot.service"),
    *("unibos-console.service", "unibos-console.path"),
    *("unibos-update-resume.service", "unibos-update.timer"),
    *("systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service"),
)
OFF = (
    # SSH is for those who leave a key; the radio is started by its device.
    *("ssh.service", "ssh.socket", "wpa_supplicant.service"),
    # Never ready where there is no network, which is no failure here.
    "systemd-networkd-wait-online.service",
    # They wear the card of a machine that changes only when its owner says so.
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    "e2scrub_reap.service",
)


def base(board: Board, cache: Path) -> Path:
    """Debian for this board, without UNIBOS; made once for all boards that share it."""
    made = cache / board.tree
    if made.exists():
        return made
    partial = cache / f"{board.tree}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    command = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
        f"--architectures={board.architecture}",
        '--aptopt=APT::Install-Recommends "false"',
        *("--dpkgopt=force-confold", "--dpkgopt=force-confdef"),
        *(f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in (*_LEFT_OUT, "doc")),
        # Licences go along with what they are for.
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-include=/usr/share/doc/unibos/*",
        f"--include={','.join((*PACKAGES, board.kernel))}",
        f"--setup-hook={_INITRAMFS.format('no').strip()}",
        *([f"--setup-hook={_PREFER_BACKPORTS.strip()}"] if board.backports else []),
        f"--essential-hook='{HERE}/native-tools' lend \"$1\"",
        f"--customize-hook='{HERE}/native-tools' return \"$1\"",
        f"--customize-hook={_INITRAMFS.format('yes').strip()}",
        *(board.suite, str(partial), *_built_from(board)),
    ]
    subprocess.run(command, check=True)
    for path in (partial / "etc/apt/sources.list.d").iterdir():
        path.unlink()
    kept = "".join(f"{line}\n" for line in sources(board))
    (partial / "etc/apt/sources.list").write_text(kept)
    partial.rename(made)
    return made


def _built_from(board: Board) -> list[str]:
    """Where the packages come from while building; a file is told as packaging/foreign.py does."""
    file = Path(os.environ.get("UNIBOS_DEBIAN_SOURCES", "/nowhere"), f"{board.suite}.list")
    return [str(file)] if file.exists() else sources(board)


def sources(board: Board) -> list[str]:
    """Where the packages come from, as sources.list(5) has it; the card keeps this list."""
    areas = "main non-free-firmware"
    places = [
        (_MIRROR, board.suite),
        (_MIRROR, f"{board.suite}-updates"),
        (f"{_MIRROR}-security", f"{board.suite}-security"),
    ]
    if board.backports:
        places.append((_MIRROR, f"{board.suite}-backports"))
    return [f"deb {mirror} {suite} {areas}" for mirror, suite in places]


def lay(board: Board, below: Path, package: Path, target: Path, time: int) -> None:
    """Make the board's tree out of the common one and the Debian package of UNIBOS.

    :param time: what a machine without a clock takes for now, at the least.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(("cp", "-a", "--reflink=auto", str(below), str(target)), check=True)
    shutil.copyfile(package, target / "unibos.deb")
    inside(target, "dpkg", "--install", "/unibos.deb")
    (target / "unibos.deb").unlink()
    overlay(target)
    side_by_side(target, _version(package))
    write_limits(board, target)
    subprocess.run(("systemctl", f"--root={target}", "--quiet", "enable", *ON), check=True)
    there = [unit for unit in OFF if any(_unit_files(target, unit))]
    subprocess.run(("systemctl", f"--root={target}", "--quiet", "disable", *there), check=True)
    if board.device_trees:
        hook = "/etc/kernel/postinst.d/z50-raspi-firmware"
        inside(target, "env", "DEB_MAINT_PARAMS=configure", hook)
    forget(target)
    epoch = target / "usr/lib/clock-epoch"
    epoch.touch()
    os.utime(epoch, (time, time))


def inside(tree: Path, *command: str) -> None:
    """Run a command in a tree as root."""
    clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
    quiet = ("DEBIAN_FRONTEND=noninteractive", "HOME=/root")
    subprocess.run(
        (*("unshare", "--mount", "sh", "-c", _CHROOT), str(tree), *clean, *quiet, *command),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def overlay(tree: Path) -> None:
    """Lay over what every board has."""
    source = HERE / "overlay"
    for path in sorted(source.rglob("*")):
        place = tree / path.relative_to(source)
        if path.is_dir():
            place.mkdir(mode=0o755, exist_ok=True)
        else:
            shutil.copyfile(path, place)
            place.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    documents = tree / "usr/share/doc/unibos"
    shutil.copyfile(ROOT / "docs/firmware.md", documents / "firmware.md")


def side_by_side(root: Path, version: str) -> None:
    """Have the card keep its releases side by side, so that it can update itself and go back.

    The package's files stay, as hard links: they take no room, and dpkg finds what it installed.
    """
    installed, releases = root / "usr/lib/unibos", root / RELEASES
    release = releases / "releases" / version
    release.parent.mkdir(mode=0o755, parents=True)
    shutil.copytree(
        installed,
        release,
        symlinks=True,
        copy_function=os.link,
        # The one says that updates come by apt; the other names are links, made below.
        ignore=lambda folder, _: _NOT_OF_A_RELEASE if Path(folder) == installed else (),
    )
    for name in ("current", "good"):
        (releases / name).symlink_to(f"releases/{version}")
    for name in ("unibos", "unibos-hub", "unibos-worker"):
        called = root / "usr/bin" / name
        called.unlink()
        called.symlink_to(f"/{RELEASES}/current/unibos")
    for unit in (ROOT / "systemd/update").iterdir():
        place = root / "usr/lib/systemd/system" / unit.name
        shutil.copyfile(unit, place)
        place.chmod(0o644)


def write_limits(board: Board, tree: Path) -> None:
    """Write what depends on the board."""
    # commit: what no program syncs is written once a minute.
    mounts = (
        "LABEL=UNIBOSROOT / ext4 noatime,commit=60,errors=remount-ro,x-systemd.growfs 0 1",
        "LABEL=UNIBOSBOOT /boot/firmware vfat noatime,nofail,umask=0077,flush 0 2",
        f"tmpfs /tmp tmpfs nosuid,nodev,mode=1777,size={board.tmp_mb}M 0 0",
    )
    written = {
        "etc/fstab": "\n".join(mounts),
        "etc/hostname": "unibos",
        "etc/systemd/zram-generator.conf": (
            f"[zram0]\nzram-size = min(ram, {board.zram_mb})\ncompression-algorithm = lz4"
        ),
        "etc/systemd/journald.conf.d/50-unibos.conf": (
            "# In memory: a log is not worth the wear of the card.\n"
            f"[Journal]\nStorage=volatile\nRuntimeMaxUse={board.journal_mb}M"
        ),
        "etc/default/raspi-firmware": (
            f'ROOTPART=LABEL=UNIBOSROOT\nCONSOLES="{" ".join(board.consoles)}"\nCMA={board.cma}'
        ),
        "etc/default/raspi-extra-cmdline": "panic=10",
        "etc/default/raspi-firmware-custom": "\n".join(board.config) or "# Nothing of this board.",
    }
    for name, text in written.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(f"{text}\n")


def forget(tree: Path) -> None:
    """Remove what must differ from card to card, and what building left behind."""
    # Empty, not missing: systemd fills it in, and takes the start for none that asks questions.
    (tree / "etc/machine-id").write_text("")
    dbus = tree / "var/lib/dbus/machine-id"
    dbus.unlink(missing_ok=True)
    dbus.parent.mkdir(parents=True, exist_ok=True)
    dbus.symlink_to("/etc/machine-id")
    for pattern in (
        *("etc/ssh/ssh_host_*", "var/lib/systemd/random-seed", "var/log/**/*.log"),
        *("var/cache/apt/*.bin", "var/lib/apt/lists/*_dists_*", "var/cache/debconf/*-old"),
        *("etc/resolv.conf.*", "boot/firmware/.keep"),
    ):
        for path in tree.glob(pattern):
            path.unlink()
    resolv = tree / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    resolv.symlink_to("/run/systemd/resolve/stub-resolv.conf")


def kernels(tree: Path) -> list[str]:
    """The versions of the kernels in a tree."""
    return sorted(path.name for path in (tree / "lib/modules").iterdir())


def packages(tree: Path) -> str:
    """Every package and its version, as the release notes list them."""
    asked = ("dpkg-query", f"--admindir={tree}/var/lib/dpkg", "--show")
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def _version(package: Path) -> str:
    asked = ("dpkg-deb", "--field", str(package), "Version")
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def _unit_files(tree: Path, unit: str) -> list[Path]:
    places = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
    return [tree / place / unit for place in places if (tree / place / unit).exists()]
