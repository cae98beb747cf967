"""What every target is, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A notification on its way out.

    :param id: the record's; the same at each try, so that a receiver can tell a second copy.
    :param at: when it was made (ISO 8601).
    """

    id: str
    level: Level
    title: str
    body: str
    source: str
    at: str


class Target(Protocol):
    """A place outside that takes notifications."""

    @property
    def name(self) -> str:
        """What it is called in records and answers."""
        ...

    def send(self, news: News) -> None:
        """Have it taken; blocks for some seconds at most.

        :raises Invalid: ``notification_refused``: the place will not take it, however often.
        :raises Unavailable: ``notification_not_sent``: perhaps later.
        """
        ...


class Post(Protocol):
    """Sends one HTTP POST (RFC 9110, section 9.3.3)."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The answer's status; redirects are not followed.

        :raises Unavailable: ``notification_not_sent``: nobody answered in time.
        """
        ...
