"""A webhook: JSON to an address, signed where there is a secret.

The signature is as in Standard Webhooks 1.0 (headers ``webhook-id``, ``webhook-timestamp``,
``webhook-signature``), so that receivers have libraries for it.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from unibos.base.clock import wall_ms
from unibos.modules.care.notifications.targets.answers import check_status
from unibos.modules.care.notifications.targets.target import News, Post


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address.

    :param secret: signs what is sent; empty: nothing is signed.
    """

    url: str
    secret: str = field(repr=False)
    post: Post
    wall: Callable[[], int] = wall_ms
    name: str = "webhook"

    def send(self, news: News) -> None:
        """See :class:`Target`."""
        body = msgspec.json.encode(
            {
                "type": "notification",
                "timestamp": news.at,
                "data": {
                    "id": news.id,
                    "level": news.level,
                    "title": news.title,
                    "body": news.body,
                    "source": news.source,
                },
            }
        )
        stamp = str(self.wall() // 1000)
        headers = {
            "content-type": "application/json",
            "webhook-id": news.id,
            "webhook-timestamp": stamp,
        }
        if self.secret:
            headers["webhook-signature"] = signature(self.secret, news.id, stamp, body)
        check_status(self.name, self.post(self.url, headers, body))


def signature(secret: str, id_: str, stamp: str, body: bytes) -> str:
    """The header's value: ``v1,`` and the base64 of HMAC-SHA256 over id, time and body."""
    signed = b".".join((id_.encode(), stamp.encode(), body))
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
