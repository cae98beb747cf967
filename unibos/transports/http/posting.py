"""One HTTP POST to a place of the operator's choice, such as a webhook."""

from collections.abc import Mapping

from unibos import __version__
from unibos.base.errors import Unavailable

_CONNECT_S = 5.0
_SILENT_S = 15.0


def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send it, and give the answer's status; blocks, so call it on a thread.

    Redirects are not followed: the settings name the place. What it answers beyond the status is
    of no interest.

    :raises Unavailable: ``notification_not_sent``.
    """
    import httpx2

    timeout = httpx2.Timeout(_SILENT_S, connect=_CONNECT_S)
    told = {"user-agent": f"unibos/{__version__}", **headers}
    try:
        with (
            httpx2.Client(trust_env=False, follow_redirects=False, timeout=timeout) as client,
            client.stream("POST", url, headers=told, content=body) as response,
        ):
            return int(response.status_code)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unavailable(
            "notification_not_sent",
            f"Nobody took the notification ({type(error).__name__}).",
            hint="Check the settings of notifications: unibos config show",
        ) from error
