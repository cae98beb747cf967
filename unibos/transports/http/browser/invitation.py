"""The page that an invitation's link opens: a name, a password, and in."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from unibos.core.identity.passwords import MIN_CHARACTERS
from unibos.transports.http.browser.frame import alert, page

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Join {org}",
        "intro": "You are invited to {org}. Set a password, and you are in.",
        "email": "Your e-mail address",
        "email_hint": "You will log in with it.",
        "name": "Your name",
        "name_hint": "What the others see.",
        "password": "Password",
        "password_hint": "At least {min} characters; a few words that do not belong together are"
        " best. If you have an account on this hub already, its password.",
        "again": "The same password again",
        "submit": "Join",
        "login_failed": "This address has an account on this hub already, and that is not its"
        " password.",
        "passwords_differ": "The two passwords are not the same.",
        "name_invalid": "A name has 1 to 200 letters, and no special characters.",
        "password_too_short": "The password is too short: at least {min} characters.",
        "password_too_long": "The password is too long.",
        "password_too_common": "This password is among the first that anybody would try. Please"
        " choose another one.",
        "too_many_attempts": "Too many attempts. Please wait {seconds} seconds.",
        "try_again": "That did not work just now. Please try again.",
        "in": "You are in",
        "in_intro": "{name}, you are now a member of {org}.",
        "next": "What comes next:",
        "next_node": "Ask who invited you for the address of the node that you will use.",
        "next_login": "Log in there with {email} and your password.",
        "hub": "The address of the hub is {url}. You need it when something asks for it.",
        "refused": "This link does not work",
        "invitation_not_found": "It was used already, was taken back, or is more than seven days"
        " old. If you used it yourself, you are in: log in as you always do. Otherwise ask for"
        " a new one.",
        "limit_reached": "There is no room for another member just now. Tell who invited you;"
        " your link stays good.",
        "org_closing": "What you are invited to is about to be deleted. Ask who invited you.",
        "wait": "Please wait",
    },
    "tr": {
        "title": "{org}: davet",
        "intro": "{org} sizi davet ediyor. Bir parola belirleyin, içeridesiniz.",
        "email": "E-posta adresiniz",
        "email_hint": "Bununla giriş yapacaksınız.",
        "name": "Adınız",
        "name_hint": "Diğerlerinin göreceği ad.",
        "password": "Parola",
        "password_hint": "En az {min} karakter; birbiriyle ilgisiz birkaç sözcük en iyisidir. Bu"
        " merkezde zaten hesabınız varsa onun parolası.",
        "again": "Aynı parola, bir kez daha",
        "submit": "Katıl",
        "login_failed": "Bu adresin bu merkezde zaten bir hesabı var ve parolası bu değil.",
        "passwords_differ": "İki parola aynı değil.",
        "name_invalid": "Ad 1 ile 200 harf arasında olmalı, özel karakter içermemelidir.",
        "password_too_short": "Parola çok kısa: en az {min} karakter.",
        "password_too_long": "Parola çok uzun.",
        "password_too_common": "Bu parola, herkesin ilk deneyecekleri arasında. Lütfen başka bir"
        " parola seçin.",
        "too_many_attempts": "Çok fazla deneme. Lütfen {seconds} saniye bekleyin.",
        "try_again": "Şu anda olmadı. Lütfen yeniden deneyin.",
        "in": "İçeridesiniz",
        "in_intro": "{name}, artık {org} üyesisiniz.",
        "next": "Bundan sonrası:",
        "next_node": "Sizi davet edenden kullanacağınız düğümün adresini isteyin.",
        "next_login": "Orada {email} adresi ve parolanızla giriş yapın.",
        "hub": "Merkezin adresi: {url}. Bir yerde sorulursa gerekir.",
        "refused": "Bu bağlantı çalışmıyor",
        "invitation_not_found": "Kullanılmış, geri alınmış ya da yedi günden eski. Kendiniz"
        " kullandıysanız içeridesiniz: her zamanki gibi giriş yapın. Değilse yenisini isteyin.",
        "limit_reached": "Şu anda yeni bir üyeye yer yok. Sizi davet edene söyleyin; bağlantınız"
        " geçerli kalır.",
        "org_closing": "Davet edildiğiniz kurum silinmek üzere. Sizi davet edene sorun.",
        "wait": "Lütfen bekleyin",
    },
}


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """What the form shows.

    :param name: as it was typed before.
    :param problem: the code of what went wrong before; empty at first.
    :param seconds: how long to wait, where that is the problem.
    """

    org: str
    email: str
    name: str = ""
    problem: str = ""
    seconds: int = 0


def invitation_page(form: InvitationPage, tongue: str) -> bytes:
    """The form; it is sent to where it came from."""
    words = _Words(tongue, org=form.org, seconds=form.seconds)
    problem = words.known(form.problem, "try_again") if form.problem else ""
    body = (
        f"{alert(problem)}<p>{words('intro')}</p>"
        '<form method="post">'
        f'<label for="email">{words("email")}</label>'
        '<input id="email" type="email" autocomplete="username" readonly'
        f' aria-describedby="email-hint" value="{escape(form.email)}">'
        f'<small id="email-hint">{words("email_hint")}</small>'
        f'<label for="name">{words("name")}</label>'
        '<input id="name" name="name" autocomplete="name" maxlength="200"'
        f' aria-describedby="name-hint" value="{escape(form.name)}">'
        f'<small id="name-hint">{words("name_hint")}</small>'
        f'<label for="password">{words("password")}</label>'
        f"{_secret('password', 'password-hint')}"
        f'<small id="password-hint">{words("password_hint")}</small>'
        f'<label for="again">{words("again")}</label>'
        f"{_secret('again')}"
        f'<button type="submit">{words("submit")}</button></form>'
    )
    return page(words.plain("title"), body, tongue)


def joined_page(org: str, name: str, email: str, url: str, tongue: str) -> bytes:
    """What a new member sees, and does next.

    :param url: the hub's address.
    """
    words = _Words(tongue, org=org, name=name, email=email, url=url)
    body = (
        f"<p>{words('in_intro')}</p><p>{words('next')}</p>"
        f"<ol><li>{words('next_node')}</li><li>{words('next_login')}</li></ol>"
        f"<p>{words('hub')}</p>"
    )
    return page(words.plain("in"), body, tongue)


def refusal_page(code: str, seconds: int, tongue: str) -> bytes:
    """What is seen where there is no form to fill in."""
    words = _Words(tongue, seconds=seconds)
    title = "wait" if code == "too_many_attempts" else "refused"
    return page(words.plain(title), f"<p>{escape(words.known(code, 'try_again'))}</p>", tongue)


class _Words:
    """The words of one language, with what they speak of filled in."""

    def __init__(self, tongue: str, **facts: object) -> None:
        self._words = _WORDS[tongue]
        self._facts = {"min": MIN_CHARACTERS, "org": "", "seconds": 0} | facts

    def plain(self, key: str) -> str:
        """As text."""
        return self._words[key].format(**self._facts)

    def known(self, key: str, otherwise: str) -> str:
        """As text, of the second where there are no words for the first."""
        return self.plain(key if key in self._words else otherwise)

    def __call__(self, key: str) -> str:
        """As HTML; what people have to keep in mind stands out."""
        facts = {name: escape(str(fact)) for name, fact in self._facts.items()}
        marked = {name: f"<b>{facts[name]}</b>" for name in ("email", "url") if name in facts}
        return escape(self._words[key], quote=False).format(**facts | marked)


def _secret(name: str, hint: str = "") -> str:
    described = f' aria-describedby="{hint}"' if hint else ""
    return (
        f'<input id="{name}" name="{name}" type="password" autocomplete="new-password" required'
        f' minlength="{MIN_CHARACTERS}" maxlength="256"{described}>'
    )
