"""A topic of an ntfy server (https://docs.ntfy.sh/publish/)."""

from dataclasses import dataclass, field
from email.header import Header

from unibos.modules.care.notifications.targets.answers import check_status
from unibos.modules.care.notifications.targets.target import News, Post

_PRIORITIES = {"info": "3", "warning": "4", "error": "5"}
_TAGS = {"info": "information_source", "warning": "warning", "error": "rotating_light"}


@dataclass(frozen=True, slots=True)
class Ntfy:
    """One topic.

    :param url: of the topic.
    :param token: access token; empty where the topic is open.
    """

    url: str
    token: str = field(repr=False)
    post: Post
    name: str = "ntfy"

    def send(self, news: News) -> None:
        """See :class:`Target`."""
        headers = {
            "title": _header(news.title),
            "priority": _PRIORITIES[news.level],
            "tags": _TAGS[news.level],
            "content-type": "text/plain; charset=utf-8",
        }
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = news.body or news.title
        check_status(self.name, self.post(self.url, headers, body.encode()))


def _header(text: str) -> str:
    """A header holds ASCII only; ntfy reads others as RFC 2047 encodes them."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if plain.isascii() else Header(plain, "utf-8", maxlinelen=10_000).encode()
