"""The page at a hub's address itself: where one is, and no more than that."""

from collections.abc import Mapping
from html import escape

from unibos.transports.http.browser.frame import page

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "what": "This is a UNIBOS hub.",
        "people": "Log in on one of its nodes. If you are invited, open the link that you got.",
        "programs": "For programs: the HTTP API",
    },
    "tr": {
        "what": "Bu bir UNIBOS merkezidir.",
        "people": "Düğümlerinden birinde giriş yapın. Davet edildiyseniz size gelen bağlantıyı"
        " açın.",
        "programs": "Programlar için: HTTP API",
    },
}


def front_page(name: str, tongue: str) -> bytes:
    """What the hub says of itself to everybody.

    :param name: what the hub is called.
    """
    words = _WORDS[tongue]
    body = (
        f"<p>{escape(words['what'])}</p><p>{escape(words['people'])}</p>"
        f'<p><a href="/openapi.json">{escape(words["programs"])}</a></p>'
    )
    return page(name, body, tongue)
