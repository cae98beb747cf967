"""Tell the service manager how far a start or stop has got, and that this process is of use.

The protocol of sd_notify(3), with the watchdog of sd_watchdog_enabled(3).

Nothing happens where nobody asked for it by ``NOTIFY_SOCKET``.
"""

import logging
import os
import socket
import time
from pathlib import Path

from unibos.base.local_socket import address_of

log = logging.getLogger(__name__)

_RELOAD_SECONDS = 900
"""A node that starts anew may have to rewrite a large database, as at its first start."""
_STOP_SECONDS = 30
"""What the end of a stop takes, once the work has ended."""


def ready(status: str) -> None:
    """The start, or the reload, is done; ``status`` is what ``systemctl status`` shows."""
    _tell("READY=1", f"STATUS={status}", *_watchdog(watchdog_seconds()))


def reloading(status: str) -> None:
    """Roles restart within the process; :func:`ready` must follow."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    patience = _watchdog(watchdog_seconds() and _RELOAD_SECONDS)
    _tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}", f"STATUS={status}", *patience)


def watchdog_seconds() -> float | None:
    """How long this process may stay silent before it is killed; None: nobody watches."""
    told, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not told.isdecimal() or int(told) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(told) / 1_000_000


def alive() -> None:
    """This process is of use: the watchdog counts anew."""
    _tell("WATCHDOG=1")


def stopping(status: str, seconds: float = 0) -> None:
    """The stop has begun.

    :param seconds: that it may take beyond the time that the service manager gives anyway.
    """
    more = (f"EXTEND_TIMEOUT_USEC={round((seconds + _STOP_SECONDS) * 1_000_000)}",)
    _tell("STOPPING=1", f"STATUS={status}", *(more if seconds else ()))


def _watchdog(seconds: float | None) -> tuple[str, ...]:
    return (f"WATCHDOG_USEC={round(seconds * 1_000_000)}",) if seconds else ()


def _tell(*lines: str) -> None:
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where:
        return
    message = "\n".join(line.replace("\n", " ") for line in lines).encode()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            if where.startswith("@"):
                # A name in the abstract namespace, see unix(7).
                sender.sendto(message, b"\0" + os.fsencode(where[1:]))
            else:
                with address_of(Path(where)) as address:
                    sender.sendto(message, address)
    except OSError as error:
        log.warning("the service manager could not be told: %s", error)
