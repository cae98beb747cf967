"""The page on which people log in to other programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from unibos.transports.http.browser.frame import alert, page

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


def login_page(form: LoginPage, tongue: str) -> bytes:
    """The form."""
    words = _WORDS[tongue]
    intro = words["intro"].format(client=form.client, org=form.org)
    problem = ""
    if form.problem:
        problem = words.get(form.problem, words["login_failed"]).format(seconds=form.seconds)
    body = (
        f"{alert(problem)}<p>{escape(intro)}</p>"
        f'<form method="post" action="{escape(form.action)}">'
        f'<input type="hidden" name="mark" value="{escape(form.mark)}">'
        f'<label for="email">{escape(words["email"])}</label>'
        '<input id="email" name="email" type="email" autocomplete="username" required'
        f' maxlength="254" value="{escape(form.email)}">'
        f'<label for="password">{escape(words["password"])}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password"'
        ' required maxlength="1024">'
        f'<button type="submit">{escape(words["submit"])}</button></form>'
    )
    return page(words["title"], body, tongue)


def refusal_page(code: str, detail: str, tongue: str) -> bytes:
    """What people see when there is nobody to send them back to."""
    words = _WORDS[tongue]
    told = words.get(code, words["refused"])
    body = f"<p>{escape(told)}</p><p>{escape(detail)}</p>"
    return page(words["refused"], body, tongue)
