"""A start of a card: the first gives it a name; each takes the settings laid beside it.

The boot partition is what a PC can read and write, so what was done, and what was wrong, is told
there, too: in ``unibos-result.txt``.
"""

import logging
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from unibos.base.board import detect
from unibos.base.config import load
from unibos.base.errors import Error
from unibos.ops.first_boot.erasing import erase
from unibos.ops.first_boot.host import Host, Run
from unibos.ops.first_boot.machine import Wanted, from_imager, from_unibos
from unibos.ops.service.limits import FILE as LIMITS
from unibos.ops.service.limits import limits
from unibos.ops.service.units import HUB, NODE, WORKER

log = logging.getLogger(__name__)

RECORD = Path("var/lib/unibos-image/card")
RESULT = "unibos-result.txt"
_ERASING = "erasing.toml"
_FILES: dict[str, Callable[[str], Wanted]] = {
    "rpi-preseed.toml": from_imager,
    "unibos.toml": from_unibos,
}


def start(root: Path, boot: Path, run: Run, *, card: str, board: str) -> list[str]:
    """Do what this start needs; what was done and what was wrong, a line each.

    :param boot: the boot partition; it may be missing.
    :param card: what the card, :param board: what the board says of itself; empty where it is mute.
    """
    host = Host(root, run)
    told = _known(host, root / RECORD, card, board)
    for cut_short in boot.glob(f"*.{_ERASING}"):
        _finish(cut_short)
    for name, read in _FILES.items():
        if (boot / name).is_file():
            told += _take(host, boot / name, read)
    told += _bound(host, root)
    told.append(f"{host.name()} is at http://{host.name()}.local:8001")
    if boot.is_dir():
        (boot / RESULT).write_text("".join(f"{line}\r\n" for line in told))
    return told


def _bound(host: Host, root: Path) -> list[str]:
    """Give the service the limits of this board; the next start may find the card in another."""
    for unit in (NODE, HUB, WORKER):
        # In memory; what `unibos enable` keeps under /etc comes before it.
        host.write(f"run/systemd/system/{unit}.d/{LIMITS}", limits(detect(root)))
    try:
        host.reload_units()
    except subprocess.CalledProcessError as error:
        # The limits in the units themselves hold.
        log.warning("the limits of the board do not hold: %s", error.stderr)
        return ["The limits of this board do not hold: systemd did not read them."]
    return []


def _known(host: Host, record: Path, card: str, board: str) -> list[str]:
    """Tell a first start from a later one, and a copied card from the one that was copied."""
    if not record.exists():
        host.call(host.own_name())
        host.write(RECORD, f"{card}\n{board}\n")
        return ["first start"]
    before = record.read_text().split("\n")
    if not card or not before[0] or card == before[0]:
        return []
    host.write(RECORD, f"{card}\n{board}\n")
    where = "on another board" if board != before[1] else "on the same board"
    log.warning("this card is a copy, %s; use only one of the two", where)
    return [
        f"This card is a copy of another one, {where}. Both have one identity: keys, host name and"
        " place in sync. Use only one of the two, or flash a fresh card."
    ]


def _take(host: Host, file: Path, read: Callable[[str], Wanted]) -> list[str]:
    try:
        wanted = read(file.read_text(encoding="utf-8-sig"))
        if wanted.service:
            _check(wanted.service)
        done = host.carry_out(wanted.machine)
        if wanted.service:
            host.keep_settings(wanted.service)
            done.append("settings of UNIBOS")
    except Error as error:
        return _wrong(file, " ".join((error.detail, error.hint)).strip())
    except UnicodeDecodeError:
        return _wrong(file, "This is no UTF-8 text.")
    except subprocess.CalledProcessError as error:
        return _wrong(file, f"{error.cmd[0]} failed: {error.stderr.strip()}")
    _finish(file.replace(file.with_name(f"{file.stem}.{_ERASING}")))
    log.info("%s was applied: %s", file.name, ", ".join(done))
    unused = [f"{file.name}: not used: {', '.join(wanted.unused)}"] if wanted.unused else []
    return [f"{file.name}: {', '.join(done) or 'nothing asked'}", *unused]


def _finish(file: Path) -> None:
    """Erase what was read; meanwhile its name keeps it from being read again, erased by half."""
    erase(file)
    file.replace(file.with_name(file.name.replace(_ERASING, "applied.toml")))


def _check(settings: str) -> None:
    """:raises Error: UNIBOS would not start with these settings."""
    # In memory on a card's machine, where /tmp is no file system of the card.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "unibos.toml"
        file.write_text(settings, encoding="utf-8")
        load({}, {}, file)


def _wrong(file: Path, why: str) -> list[str]:
    """The file stays, so that it can be mended; nothing else is held up by it."""
    log.warning("%s was not applied: %s", file.name, why)
    return [f"{file.name} was not applied: {why} Correct it and start again."]
