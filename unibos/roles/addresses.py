"""The addresses that a hub tells its nodes to reach it at, and hub and node their workers."""

import socket
from collections.abc import Callable
from contextlib import suppress

from unibos.base.config import Hub, Node
from unibos.transports.http.proxies import is_loopback

# Of a network for documentation (RFC 5737): connecting a datagram socket sends nothing, it only
# has the kernel choose the address that it would send from.
_ELSEWHERE = ("192.0.2.1", 9)

Addresses = Callable[[], tuple[str, ...]]
"""Gives them as they are now, best first."""


def announced(wanted: Hub, scheme: str, port: int) -> tuple[str, ...]:
    """The hub's addresses, best first: those of the settings, else what the machine is called.

    :param port: the one that is listened on.
    """
    if wanted.public_urls:
        return tuple(url.rstrip("/") for url in wanted.public_urls)
    if is_loopback(wanted.host):
        names = [wanted.host]
    elif wanted.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        names = _names_of_machine()
    else:
        names = [wanted.host]
    return tuple(f"{scheme}://{_bracketed(name)}:{port}" for name in names)


def announced_by_node(wanted: Node, scheme: str, port: int) -> tuple[str, ...]:
    """A node's addresses for workers, best first.

    Plain HTTP is for workers of the same machine alone: nobody on the way may read along.

    :param port: the one that is listened on.
    """
    anywhere = wanted.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    if scheme == "https":
        names = _names_of_machine() if anywhere else [wanted.host]
    else:
        names = ["127.0.0.1"] if anywhere else [wanted.host] * is_loopback(wanted.host)
    return tuple(f"{scheme}://{_bracketed(name)}:{port}" for name in names)


def _names_of_machine() -> list[str]:
    host = socket.gethostname().lower()
    # A name outlives an address; without a domain it is found by multicast DNS.
    names = [host if "." in host else f"{host}.local"]
    with (
        suppress(OSError),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    ):
        probe.connect(_ELSEWHERE)
        names.append(probe.getsockname()[0])
    return names


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
