"""The one client of the HTTP API, over the local socket or over the network.

Over the socket the server knows its caller by peer credentials; over the network a login (or a
token from the environment) is sent along and refreshed when it ends.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import httpx2

from unibos.base.clock import wall_ms
from unibos.base.errors import Error, Invalid, Unauthenticated
from unibos.base.local_socket import address_of
from unibos.base.problems import error_of
from unibos.clients.files import PIECE, Counted, Progress, name_in
from unibos.clients.login import Login, Logins
from unibos.clients.paths import LOGIN, REFRESH
from unibos.clients.problems import UNREACHABLE, unreachable
from unibos.clients.trust import context

_TIMEOUT = httpx2.Timeout(60, connect=5)
# Storing a large file on a slow card takes its time; so does the first word of a stream.
_PATIENT = httpx2.Timeout(600, connect=5)
_SPARE_MS = 30_000
_RECONNECTS = 5

_Part = TypeVar("_Part")


class Page(NamedTuple):
    """Some items of a list, and where the next ones begin (``None`` at the end)."""

    items: list[dict[str, Any]]
    next: str | None


class Sent(NamedTuple):
    """What came of a file that was sent; not new: the same bytes were there before."""

    answer: dict[str, Any]
    is_new: bool


class Event(NamedTuple):
    """A server-sent event."""

    id: str
    name: str
    data: Any


class Api:
    """The API of one instance. Every method raises the kinds of :mod:`unibos.base.errors`.

    :param address: ``http(s)://…``, or the path of a local socket.
    :param login: who asks, over the network.
    :param logins: where a refreshed login is kept.
    :param token: an access token to use as it is, in place of a login.
    :param language: of the answers, as in ``Accept-Language``.
    :param certificate: PEM of the only certificate to trust, in place of the public ones; the
        login's when absent.
    :param org: id or slug of the org to act in, over a hub's local socket.
    """

    def __init__(
        self,
        address: str | Path,
        *,
        login: Login | None = None,
        logins: Logins | None = None,
        token: str = "",
        language: str = "en",
        certificate: str = "",
        org: str = "",
    ) -> None:
        self.address = str(address)
        self._login, self._logins, self._token = login, logins, token
        self._language = language
        self._org = org
        self._certificate = certificate or (login.certificate if login else "")
        self._held = ExitStack()
        socket = None
        if isinstance(address, Path):
            with _reachable(self.address):
                socket = self._held.enter_context(address_of(address))
        self._client = httpx2.Client(
            base_url="http://local" if socket else self.address,
            transport=httpx2.HTTPTransport(
                uds=socket,
                verify=context(self.address, self._certificate),
            ),
            timeout=_TIMEOUT,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._held.close()

    def get(self, path: str, **params: object) -> Any:
        """Read one thing; parameters that are ``None`` are left out."""
        return _decoded(self._ask("GET", path, params=_given(params)))

    def post(self, path: str, body: object = None, *, patient: bool = False) -> Any:
        """Send ``body`` as JSON; the decoded answer, ``None`` when it is empty.

        :param patient: the answer may take as long as much work does.
        """
        timeout = _PATIENT if patient else _TIMEOUT
        return _decoded(self._ask("POST", path, json=body, timeout=timeout))

    def change(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        match: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """``PUT``, ``PATCH`` or ``DELETE``; with ``match`` only if the ETag is still that."""
        headers = {**(headers or {}), **({"If-Match": match} if match else {})}
        return _decoded(self._ask(method, path, json=body, headers=headers))

    def page(self, path: str, limit: int, **params: object) -> Page:
        """The first ``limit`` items of a list, over as many pages as that takes."""
        items: list[dict[str, Any]] = []
        cursor = params.pop("cursor", None)
        while True:
            asked = min(limit - len(items), 100)
            answer = self.get(path, limit=asked, cursor=cursor, **params)
            items += answer["items"]
            cursor = answer.get("next")
            if cursor is None or len(items) >= limit:
                return Page(items, cursor)

    def each(self, path: str, **params: object) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            items, cursor = self.page(path, 100, cursor=cursor, **params)
            yield from items
            if cursor is None:
                return

    def upload(
        self, path: str, file: IO[bytes], name: str, progress: Progress, media_type: str | None
    ) -> Sent:
        """Send a file as the multipart member ``file``, in pieces."""
        counted = Counted(file, progress)
        member = (name, counted, media_type or "application/octet-stream")
        response = self._ask("POST", path, files={"file": member}, timeout=_PATIENT)
        return Sent(_decoded(response), is_new=response.status_code == httpx2.codes.CREATED)

    def send(self, path: str, chunks: Iterable[bytes], headers: Mapping[str, str]) -> Any:
        """``PUT`` bytes while they are made; the decoded answer."""
        asked = {"Content-Type": "application/octet-stream", **headers}
        return _decoded(self._ask("PUT", path, content=chunks, headers=asked, timeout=_PATIENT))

    def stream(self, path: str, headers: Mapping[str, str]) -> Generator[bytes]:
        """The answer's bytes while they come; close it where not all are wanted.

        :raises Unavailable: ``unreachable``, also when the answer ends too early.
        """
        return self._stream(path, headers, lambda response: response.iter_bytes(PIECE))

    def download(self, path: str, sink: IO[bytes]) -> str:
        """Write the answer's bytes to ``sink``; the name that the server gives them, or nothing.

        :raises Unavailable: ``unreachable``, also when the answer ends too early.
        """
        name = ""

        def pieces(response: httpx2.Response) -> Iterator[bytes]:
            nonlocal name
            name = name_in(response.headers.get("content-disposition", ""))
            return response.iter_bytes(PIECE)

        for piece in self._stream(path, {}, pieces):
            sink.write(piece)
        return name

    def events(self, path: str, *, wait_s: float = 1) -> Iterator[Event]:
        """Server-sent events until the server ends the stream; a broken one is resumed.

        :param wait_s: seconds before a reconnect.
        """
        last_id, failures = "", 0
        while True:
            headers = {"Accept": "text/event-stream"}
            if last_id:
                headers["Last-Event-ID"] = last_id
            try:
                for event in self._stream(path, headers, httpx2.EventSource):
                    failures = 0
                    last_id = event.id or last_id
                    yield Event(event.id, event.event, event.json() if event.data else None)
            except Error as error:
                failures += 1
                if error.code != UNREACHABLE or failures > _RECONNECTS:
                    raise
                time.sleep(wait_s)
            else:
                return

    def sign_in(self, email: str, password: str, org: str = "") -> Login:
        """Log in and go on under that login; whoever wants to keep it stores it.

        :param org: id or slug of the org to log in to; empty: the oldest that admits the user.
        """
        said = {"email": email, "password": password}
        answer = self.post(LOGIN, said | ({"org": org} if org else {}))
        return self.signed_in(answer)

    def signed_in(self, answer: Mapping[str, Any]) -> Login:
        """Go on under the login that the server has just given."""
        self._login = Login(
            url=self.address,
            email=answer["user"]["email"],
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            expires_ms=wall_ms() + int(answer["expires_in"]) * 1000,
            certificate=self._certificate,
        )
        return self._login

    def _ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = options.pop("headers", {}) | self._headers()
        if "json" in options and options["json"] is None:
            del options["json"]
        with _reachable(self.address):
            response = self._client.request(method, path, headers=headers, **options)
        if response.is_error:
            raise _problem(response)
        return response

    def _stream(
        self,
        path: str,
        headers: Mapping[str, str],
        parts: Callable[[httpx2.Response], Iterable[_Part]],
    ) -> Generator[_Part]:
        asked = {**headers, **self._headers()}
        with (
            _reachable(self.address),
            self._client.stream("GET", path, headers=asked, timeout=_PATIENT) as response,
        ):
            if response.is_error:
                response.read()
                raise _problem(response)
            yield from parts(response)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Language": self._language}
        if self._org:
            headers["Unibos-Org"] = self._org
        if self._login and self._login.expires_ms - _SPARE_MS < wall_ms():
            self._refresh(self._login)
        token = self._login.access_token if self._login else self._token
        return headers | ({"Authorization": f"Bearer {token}"} if token else {})

    def _refresh(self, old: Login) -> None:
        if self._logins is None:
            return
        with self._logins.locked():
            kept = self._logins.find(old.url)
            if kept and kept.access_token != old.access_token:
                self._login = kept
                return
            self._login = None
            body = {"refresh_token": old.refresh_token}
            try:
                answer = self.post(REFRESH, body)
            except (Unauthenticated, Invalid):
                raise Unauthenticated(
                    "login_ended", "The login has ended.", hint="Log in: unibos login"
                ) from None
            answer.setdefault("user", {"email": old.email})
            self._logins.keep(self.signed_in(answer))


@contextmanager
def _reachable(address: str) -> Iterator[None]:
    try:
        yield
    except (httpx2.TransportError, OSError) as error:
        raise unreachable(address, str(error) or type(error).__name__) from error


def _problem(response: httpx2.Response) -> Error:
    try:
        return error_of(response.status_code, response.json())
    except ValueError:
        return error_of(response.status_code, None)


def _decoded(response: httpx2.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise Error("no_unibos", "What answered is no UNIBOS.", hint="Check the address.") from None


def _given(params: Mapping[str, object]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if value is not None}
