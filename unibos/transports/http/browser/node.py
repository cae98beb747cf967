"""The page at a node's address: what it is and how it is, and before that the form to set it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

from unibos.core.identity.passwords import MIN_CHARACTERS
from unibos.transports.http.browser.frame import TONGUES, alert, page

State = Literal["setup", "setup_at_hub", "ready", "trouble"]

_NAMES = {"en": "English", "tr": "Türkçe"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "what": "This is a UNIBOS node.",
        "address": "Its address is {url}.",
        "setup": "It waits for its first owner, who needs its setup code.",
        "setup_at_hub": "It belongs to a hub that has no owner yet. Set up the hub; then log in"
        " here with the same account.",
        "ready": "It is set up, and it works.",
        "trouble": "Its database does not answer. It is started again by itself; if this lasts,"
        " look at its log with {logs}.",
        "hub_online": "Its hub is within reach.",
        "hub_offline": "Its hub is out of reach. The node goes on without it.",
        "plain": "What you type is not encrypted on its way: do this in your own network only.",
        "code": "Setup code",
        "code_hint": "Twelve digits. They are on a screen at this machine, or there with {logs}.",
        "email": "Your e-mail address",
        "email_hint": "You will log in with it; nothing is sent to it.",
        "name": "Your name",
        "password": "Password",
        "password_hint": "At least {min} characters; a few words that do not belong together are"
        " best. Nobody can tell it to you again.",
        "again": "The same password again",
        "submit": "Set up",
        "next": "What comes next:",
        "next_login": "On a computer with UNIBOS: {login}",
        "next_add": "Then {add} stores a file and {search} finds it.",
        "programs": "For programs: the HTTP API",
        "setup_code_wrong": "This is not the setup code.",
        "setup_done": "Somebody has set this node up already.",
        "passwords_differ": "The two passwords are not the same.",
        "email_invalid": "This is no e-mail address.",
        "name_invalid": "A name has 1 to 200 letters, and no special characters.",
        "password_too_short": "The password is too short: at least {min} characters.",
        "password_too_long": "The password is too long.",
        "password_too_common": "This password is among the first that anybody would try. Please"
        " choose another one.",
        "too_many_attempts": "Too many attempts. Please wait {seconds} seconds.",
        "storage_full": "The disk is full. Nothing was changed.",
        "try_again": "That did not work just now. Please try again.",
    },
    "tr": {
        "what": "Bu bir UNIBOS düğümüdür.",
        "address": "Adresi: {url}",
        "setup": "İlk sahibini bekliyor; bunun için kurulum kodu gerekir.",
        "setup_at_hub": "Henüz sahibi olmayan bir merkeze bağlı. Önce merkezi kurun, sonra burada"
        " aynı hesapla giriş yapın.",
        "ready": "Kuruldu ve çalışıyor.",
        "trouble": "Veritabanı yanıt vermiyor. Kendiliğinden yeniden başlatılır; sürerse günlüğüne"
        " bakın: {logs}",
        "hub_online": "Merkezine ulaşılıyor.",
        "hub_offline": "Merkezine ulaşılamıyor. Düğüm onsuz çalışmayı sürdürür.",
        "plain": "Yazdıklarınız yolda şifrelenmez: bunu yalnızca kendi ağınızda yapın.",
        "code": "Kurulum kodu",
        "code_hint": "On iki rakam. Bu makinenin ekranında ya da makinede {logs} ile görünür.",
        "email": "E-posta adresiniz",
        "email_hint": "Bununla giriş yapacaksınız; bu adrese bir şey gönderilmez.",
        "name": "Adınız",
        "password": "Parola",
        "password_hint": "En az {min} karakter; birbiriyle ilgisiz birkaç sözcük en iyisidir. Kimse"
        " size onu yeniden söyleyemez.",
        "again": "Aynı parola, bir kez daha",
        "submit": "Kur",
        "next": "Bundan sonrası:",
        "next_login": "UNIBOS kurulu bir bilgisayarda: {login}",
        "next_add": "Sonra {add} bir dosyayı saklar, {search} onu bulur.",
        "programs": "Programlar için: HTTP API",
        "setup_code_wrong": "Kurulum kodu bu değil.",
        "setup_done": "Bu düğümü birisi zaten kurmuş.",
        "passwords_differ": "İki parola aynı değil.",
        "email_invalid": "Bu bir e-posta adresi değil.",
        "name_invalid": "Ad 1 ile 200 harf arasında olmalı, özel karakter içermemelidir.",
        "password_too_short": "Parola çok kısa: en az {min} karakter.",
        "password_too_long": "Parola çok uzun.",
        "password_too_common": "Bu parola, herkesin ilk deneyecekleri arasında. Lütfen başka bir"
        " parola seçin.",
        "too_many_attempts": "Çok fazla deneme. Lütfen {seconds} saniye bekleyin.",
        "storage_full": "Disk dolu. Hiçbir şey değiştirilmedi.",
        "try_again": "Şu anda olmadı. Lütfen yeniden deneyin.",
    },
}


@dataclass(frozen=True, slots=True)
class NodePage:
    """What the page shows; nothing of it is secret.

    :param name: what the machine is called.
    :param url: the address under which the browser found it; empty where that is unclear.
    :param hub: whether its hub is within reach; None: it belongs to none.
    :param email: and ``person`` as they were typed before.
    :param problem: the code of what went wrong before; empty at first.
    :param seconds: how long to wait, where that is the problem.
    """

    name: str
    url: str
    state: State
    hub: bool | None = None
    email: str = ""
    person: str = ""
    problem: str = ""
    seconds: int = 0


def node_page(shown: NodePage, tongue: str) -> bytes:
    """The whole page in one language."""
    say = _Words(tongue, shown)
    address = f"<p>{say('address')}</p>" if shown.url else ""
    body = f"{say.problem()}<p>{say('what')} {say(shown.state)}</p>{address}{say.hub()}"
    if shown.state == "setup":
        body += _form(shown, say, tongue)
    elif shown.state == "ready":
        body += _next(shown, say)
    return page(shown.name, body + _switch(tongue), tongue)


class _Words:
    """The words of one language, with what they speak of filled in, as HTML."""

    def __init__(self, tongue: str, shown: NodePage) -> None:
        self._words = _WORDS[tongue]
        self._shown = shown
        marked = {
            "logs": "sudo unibos logs",
            "login": f"unibos login --url {shown.url}",
            "add": "unibos add",
            "search": "unibos search",
        }
        facts: dict[str, object] = {"min": MIN_CHARACTERS, "seconds": shown.seconds}
        facts["url"] = f"<b>{escape(shown.url)}</b>"
        self._facts = facts | {key: f"<code>{escape(text)}</code>" for key, text in marked.items()}

    def __call__(self, key: str) -> str:
        return escape(self._words[key], quote=False).format(**self._facts)

    def problem(self) -> str:
        """What went wrong before."""
        code = self._shown.problem
        if not code:
            return ""
        words = self._words[code if code in self._words else "try_again"]
        return alert(words.format(**self._facts))

    def hub(self) -> str:
        """How it stands with the hub."""
        if self._shown.hub is None:
            return ""
        return f"<p>{self('hub_online' if self._shown.hub else 'hub_offline')}</p>"


def _form(shown: NodePage, say: _Words, tongue: str) -> str:
    plain = shown.url.startswith("http:")
    return (
        f'<form method="post" action="/?lang={tongue}">'
        + _field(say, "code", 'inputmode="numeric" autocomplete="one-time-code"', hint=True)
        + _field(say, "email", 'type="email" autocomplete="username"', shown.email, hint=True)
        + _field(say, "name", 'autocomplete="name" maxlength="200"', shown.person)
        + _field(say, "password", _SECRET, hint=True)
        + _field(say, "again", _SECRET)
        + (f"<p><small>{say('plain')}</small></p>" if plain else "")
        + f'<button type="submit">{say("submit")}</button></form>'
    )


_SECRET = (
    f'type="password" autocomplete="new-password" minlength="{MIN_CHARACTERS}" maxlength="256"'
)


def _field(say: _Words, name: str, how: str, value: str = "", *, hint: bool = False) -> str:
    described = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<label for="{name}">{say(name)}</label>'
        f'<input id="{name}" name="{name}" {how} required{described} value="{escape(value)}">'
        + (f'<small id="{name}-hint">{say(f"{name}_hint")}</small>' if hint else "")
    )


def _next(shown: NodePage, say: _Words) -> str:
    login = f"<li>{say('next_login')}</li>" if shown.url else ""
    return (
        f"<p>{say('next')}</p><ol>{login}<li>{say('next_add')}</li></ol>"
        f'<p><a href="/openapi.json">{say("programs")}</a></p>'
    )


def _switch(tongue: str) -> str:
    """To the same page in the other language."""
    links = [
        f'<a href="/?lang={one}" lang="{one}" hreflang="{one}">{_NAMES[one]}</a>'
        for one in TONGUES
        if one != tongue
    ]
    return f"<nav><p>{' '.join(links)}</p></nav>"
