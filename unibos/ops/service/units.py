"""The units of the Debian package, and the words of ``systemctl`` about them."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from unibos.base.errors import NotFound, Unavailable

NODE, HUB = "unibos-node.service", "unibos-hub.service"
WORKER = "unibos-worker.service"

Systemctl = Callable[[Sequence[str]], tuple[int, str]]
"""Exit code and what was said."""


def here(words: Sequence[str]) -> tuple[int, str]:
    """Ask this machine's systemd.

    :raises NotFound: ``no_systemd``.
    """
    if not Path("/run/systemd/system").is_dir():
        raise no_systemd()
    try:
        done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    except OSError as error:
        raise no_systemd() from error
    return done.returncode, (done.stdout or done.stderr).strip()


def no_systemd() -> NotFound:
    """There is nobody who could start services."""
    return NotFound(
        "no_systemd",
        "This machine does not run systemd, so there are no services.",
        hint="Start it by hand: unibos serve --role node",
    )


def must(systemctl: Systemctl, *words: str) -> None:
    """Have something done.

    :raises Unavailable: ``service_failed``.
    """
    status, said = systemctl(words)
    if status != 0:
        why = said or f"exit code {status}"
        raise Unavailable(
            "service_failed",
            f"systemctl {' '.join(words)}: {why}",
            hint="The log says why: unibos logs",
            why=why,
        )
