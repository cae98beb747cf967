"""Whose request it is when proxies stand between: only those that were declared are believed."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from unibos.base.errors import Forbidden
from unibos.transports.http.answering import send_bytes
from unibos.transports.http.errors import problem

_FORWARDED = b"x-forwarded-for"
Address = IPv4Address | IPv6Address


class Proxies:
    """Addresses and networks (CIDR, RFC 4632) whose ``X-Forwarded-For`` is believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def has(self, address: Address) -> bool:
        """Whether a proxy may have this address."""
        return any(address in network for network in self._networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """The nearest hop that is no declared proxy.

        Each proxy writes the one that it was asked by behind what it got, so what stands left of
        the first hop that is not ours is the client's own word.

        :param peer: who connected.
        :param forwarded: the values of all ``X-Forwarded-For`` headers, in their order.
        """
        nearest = peer
        hops = [hop for value in forwarded for hop in value.split(",")]
        while hops:
            here = _address(nearest)
            if here is None or not self.has(here):
                break
            next_hop = _address(hops.pop())
            if next_hop is None:
                break
            nearest = str(next_hop)
        return nearest


class ProxiedApp:
    """Gives requests that came through declared proxies their client's address.

    :param needed: refuse whoever comes neither through a proxy nor from this machine: what is
        said to this port is not encrypted.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies, *, needed: bool = False) -> None:
        self._app = app
        self._proxies = proxies
        self._needed = needed

    async def __call__(self, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client = asgi.get("client")
        if client is not None:
            if self._needed and not self._may_ask(client[0]):
                await send_bytes(*problem(_https_required()), asgi, send)
                return
            said = [
                value.decode("latin-1") for name, value in asgi["headers"] if name == _FORWARDED
            ]
            asgi["client"] = (self._proxies.client(client[0], said), client[1])
        await self._app(asgi, receive, send)

    def _may_ask(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and (address.is_loopback or self._proxies.has(address))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address that is listened on."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(text: str) -> Address | None:
    """An address, also with a port or in brackets, as some proxies write it."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        found = ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _https_required() -> Forbidden:
    return Forbidden(
        "https_required",
        "This port is for the proxy in front of it, because it is not encrypted.",
        hint="Ask the proxy's https address.",
    )
