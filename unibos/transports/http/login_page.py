"""The page on which people log in to other programs: one form, no script, nothing from elsewhere.

It speaks English and Turkish, by what the program asks for or the browser prefers.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:2rem 1rem;max-width:24rem}"
    "h1{font-size:1.4rem}label{display:block;margin-top:1rem}"
    "input,button{box-sizing:border-box;width:100%;padding:.7rem;font:inherit;"
    "border:1px solid #888;border-radius:.4rem}"
    "button{margin-top:1.5rem;background:#1d5fbf;color:#fff;border:0}"
    "[role=alert]{border-left:.3rem solid #c00;padding:.5rem 1rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Log in",
        "intro": "{client} asks who you are. It learns your name, e-mail address and role in {org}"
        " as far as it asks for them, never your password.",
        "email": "E-mail address",
        "password": "Password",
        "submit": "Log in",
        "login_failed": "The e-mail address or the password is not right.",
        "login_form_stale": "That took too long, or came from elsewhere. Please try again.",
        "too_many_attempts": "Too many attempts. Please wait {seconds} seconds.",
        "login_overloaded": "Too many people are logging in just now. Please try again.",
        "refused": "This cannot be answered",
        "oidc_request_invalid": "The program that sent you here is not registered, or asked in a"
        " way that is not known here. Its operator can tell more from this:",
    },
    "tr": {
        "title": "Giriş",
        "intro": "{client} kim olduğunuzu soruyor. İstediği ölçüde adınızı, e-posta adresinizi ve"
        " {org} içindeki rolünüzü öğrenir; parolanızı asla.",
        "email": "E-posta adresi",
        "password": "Parola",
        "submit": "Giriş yap",
        "login_failed": "E-posta adresi ya da parola doğru değil.",
        "login_form_stale": "Çok uzun sürdü ya da başka yerden geldi. Lütfen yeniden deneyin.",
        "too_many_attempts": "Çok fazla deneme. Lütfen {seconds} saniye bekleyin.",
        "login_overloaded": "Şu anda çok kişi giriş yapıyor. Lütfen yeniden deneyin.",
        "refused": "Bu istek yanıtlanamıyor",
        "oidc_request_invalid": "Sizi buraya gönderen program kayıtlı değil ya da burada"
        " bilinmeyen bir yolla sordu. İşleteni şundan anlayabilir:",
    },
}


@dataclass(frozen=True, slots=True)
class LoginPage:
    """What the form shows.

    :param action: where the form is sent.
    :param mark: what comes back with it, hidden.
    :param problem: the code of what went wrong before; empty at first.
    :param seconds: how long to wait, where that is the problem.
    """

    client: str
    org: str
    action: str
    mark: str
    email: str = ""
    problem: str = ""
    seconds: int = 0


def language(wanted: str, accepted: str) -> str:
    """``en`` or ``tr``.

    :param wanted: languages by preference, space-separated (``ui_locales``).
    :param accepted: the browser's ``Accept-Language`` (RFC 9110, section 12.5.4).
    """
    weighed = []
    for place, item in enumerate(accepted.split(",")[:20]):
        tag, _, weight = item.partition(";")
        weighed.append((-_quality(weight), place, tag.strip()))
    preferred = [*wanted.split(), *(tag for _, _, tag in sorted(weighed))]
    known = (tag.partition("-")[0].lower() for tag in preferred)
    return next((tag for tag in known if tag in _WORDS), "en")


def login_page(page: LoginPage, tongue: str) -> bytes:
    """The form."""
    words = _WORDS[tongue]
    intro = words["intro"].format(client=page.client, org=page.org)
    alert = ""
    if page.problem:
        told = words.get(page.problem, words["login_failed"]).format(seconds=page.seconds)
        alert = f'<p role="alert">{escape(told)}</p>'
    body = (
        f"<h1>{escape(words['title'])}</h1><p>{escape(intro)}</p>{alert}"
        f'<form method="post" action="{escape(page.action)}">'
        f'<input type="hidden" name="mark" value="{escape(page.mark)}">'
        f'<label for="email">{escape(words["email"])}</label>'
        '<input id="email" name="email" type="email" autocomplete="username" required'
        f' maxlength="254" value="{escape(page.email)}">'
        f'<label for="password">{escape(words["password"])}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password"'
        ' required maxlength="1024">'
        f'<button type="submit">{escape(words["submit"])}</button></form>'
    )
    return _whole(words["title"], body, tongue)


def refusal_page(code: str, detail: str, tongue: str) -> bytes:
    """What people see when there is nobody to send them back to."""
    words = _WORDS[tongue]
    told = words.get(code, words["refused"])
    body = f"<h1>{escape(words['refused'])}</h1><p>{escape(told)}</p><p>{escape(detail)}</p>"
    return _whole(words["refused"], body, tongue)


def headers(back: str = "") -> dict[str, str]:
    """The headers of a page.

    :param back: an origin that the form may lead to, by way of the hub: browsers hold redirects
        after a form against ``form-action``, too.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {back}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    return {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}


def _whole(title: str, body: str, tongue: str) -> bytes:
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    ).encode()


def _quality(weight: str) -> float:
    try:
        return float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        return 0.0
