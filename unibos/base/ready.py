"""Tell the service manager how far a start or stop has got: the protocol of sd_notify(3).

Nothing happens where nobody asked for it by ``NOTIFY_SOCKET``.
"""

import logging
import os
import socket
import time
from pathlib import Path

from unibos.base.local_socket import address_of

log = logging.getLogger(__name__)


def ready(status: str) -> None:
    """The start, or the reload, is done; ``status`` is what ``systemctl status`` shows."""
    _tell("READY=1", f"STATUS={status}")


def reloading(status: str) -> None:
    """Roles restart within the process; :func:`ready` must follow."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    _tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}", f"STATUS={status}")


def stopping(status: str) -> None:
    """The stop has begun."""
    _tell("STOPPING=1", f"STATUS={status}")


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
