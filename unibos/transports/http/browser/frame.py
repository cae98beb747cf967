"""What all pages have in common: their look, their headers, and the choice of a language."""

import base64
import hashlib
from html import escape

TONGUES = ("en", "tr")

_STYLE = (
    ":root{color-scheme:light dark;--line:#767676;--soft:#595959;--blue:#1a56b0;--red:#b3261e}"
    "@media(prefers-color-scheme:dark){"
    ":root{--line:#8f8f8f;--soft:#b5b5b5;--blue:#8ab4f8;--red:#f2867c}button{color:#06182f}}"
    "*{box-sizing:border-box}"
    "body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0 auto;padding:2rem 1.25rem;"
    "max-width:27rem;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}"
    "p,ol{margin:0 0 1rem}ol{padding-left:1.5rem}"
    "label{display:block;font-weight:600;margin:1.25rem 0 .25rem}"
    "small{display:block;color:var(--soft);font-size:.9rem;line-height:1.4;margin-top:.25rem}"
    "input,button{width:100%;padding:.75rem;font:inherit;border-radius:.5rem}"
    "input{border:1px solid var(--line)}"
    "input:read-only{border-style:dashed;color:var(--soft)}"
    "button{margin-top:1.75rem;background:var(--blue);border:1px solid transparent;"
    "font-weight:600;cursor:pointer}"
    "@media(prefers-color-scheme:light){button{color:#fff}}"
    ":focus-visible{outline:3px solid var(--blue);outline-offset:2px}"
    "a{color:var(--blue)}nav{margin-top:2rem}nav a{display:inline-block;padding:.5rem 0}"
    "[role=alert]{border-left:.3rem solid var(--red);padding:.25rem 0 .25rem .9rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(title: str, body: str, tongue: str) -> bytes:
    """A whole page.

    :param title: plain text, also the heading.
    :param body: HTML.
    """
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def alert(text: str) -> str:
    """What went wrong, told first, and read out by a screen reader; empty for nothing."""
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def headers(back: str = "") -> dict[str, str]:
    """The headers of a page; no search engine keeps it.

    :param back: an origin that the form may lead to, by way of the hub: browsers hold redirects
        after a form against ``form-action``, too.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {back}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "x-robots-tag": "noindex, nofollow",
    }


def language(accepted: str, wanted: str = "") -> str:
    """``en`` or ``tr``.

    :param accepted: the browser's ``Accept-Language`` (RFC 9110, section 12.5.4).
    :param wanted: languages by preference that go before, space-separated (``ui_locales``).
    """
    weighed = []
    for place, item in enumerate(accepted.split(",")[:20]):
        tag, _, weight = item.partition(";")
        weighed.append((-_quality(weight), place, tag.strip()))
    preferred = [*wanted.split(), *(tag for _, _, tag in sorted(weighed))]
    known = (tag.partition("-")[0].lower() for tag in preferred)
    return next((tag for tag in known if tag in TONGUES), "en")


def _quality(weight: str) -> float:
    try:
        return float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        return 0.0
