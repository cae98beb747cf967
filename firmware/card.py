"""A card's image out of a tree: no loop device and no mount, so nothing is left behind by a crash.

genimage makes the FAT partition with mtools, the ext4 one with `mke2fs -d`, and the table.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BOOT_MB = 256
ALIGN_MB = 4
"""Where the boot partition begins; the erase blocks of common cards divide it."""
_SPARE_MB = 128
"""Room in the root partition for the first start, before it grows."""
# The same numbers on every card: they name a file system, not a machine.
_UUID = "756e6962-6f73-4000-8000-726f6f740001"
_CONFIG = """
image boot.vfat {{
  vfat {{ label = "UNIBOSBOOT" extraargs = "-i 0B00B005 --invariant" }}
  size = {boot}M mountpoint = "/boot/firmware"
}}
image root.ext4 {{
  ext4 {{ use-mke2fs = true label = "UNIBOSROOT"
    extraargs = "-U {uuid} -E hash_seed={uuid},lazy_itable_init=0,lazy_journal_init=0 -m 1" }}
  size = {root}M mountpoint = "/"
}}
image card.img {{
  hdimage {{ partition-table-type = "mbr" disk-signature = 0x55424f53 align = {align}M }}
  partition boot {{ partition-type = 0xC bootable = "true" image = "boot.vfat" }}
  partition root {{ partition-type = 0x83 image = "root.ext4" }}
}}
"""


def make(tree: Path, image: Path, time: int) -> None:
    """Write the image of a card.

    :param time: that the file systems say they were made at, in seconds since 1970.
    :raises SystemExit: it can't be made; the reason is shown.
    """
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        work = Path(folder)
        for name in ("in", "temporary", "out"):
            (work / name).mkdir()
        (work / "genimage.cfg").write_text(
            _CONFIG.format(boot=BOOT_MB, root=_root_mb(tree), align=ALIGN_MB, uuid=_UUID)
        )
        done = subprocess.run(
            (
                *("genimage", "--config", str(work / "genimage.cfg"), "--rootpath", str(tree)),
                *("--inputpath", str(work / "in"), "--tmppath", str(work / "temporary")),
                *("--outputpath", str(work / "out")),
            ),
            env=os.environ | {"SOURCE_DATE_EPOCH": str(time)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        shutil.move(work / "out/card.img", image)


def boot_partition(image: Path) -> str:
    """The boot partition as mtools name it."""
    return f"{image}@@{ALIGN_MB}M"


def _root_mb(tree: Path) -> int:
    """What the files take in blocks of 4 KiB, and what ext4 and the first start need beside it."""
    used = 0
    for folder, _, names in os.walk(tree):
        if not folder.startswith(f"{tree}/boot/firmware"):
            sizes = (os.lstat(f"{folder}/{name}").st_size for name in names)
            used += 4096 + sum(-(-size // 4096) * 4096 for size in sizes)
    return -(-int(used / 2**20 * 1.08 + 64 + _SPARE_MB) // ALIGN_MB) * ALIGN_MB
