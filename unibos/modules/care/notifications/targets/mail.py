"""Mailboxes, over a mail server (RFC 5321, RFC 8314)."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import SplitResult, urlsplit

from unibos.modules.care.notifications.targets.answers import not_sent, refused
from unibos.modules.care.notifications.targets.target import News

_SECONDS = 20.0
_SUBMISSION, _SECURED = 587, 465
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Mail:
    """Some mailboxes.

    :param server: ``smtps://host[:465]`` (TLS at once) or ``smtp://host[:587]`` (STARTTLS, but to
        this machine itself).
    :param context: makes the TLS context.
    """

    server: str
    user: str
    password: str = field(repr=False)
    sender: str
    receivers: tuple[str, ...]
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    name: str = "mail"

    def send(self, news: News) -> None:
        """See :class:`Target`."""
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(self._message(news))
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise self._error(min(codes), "it refuses the receivers") from error
        except smtplib.SMTPResponseException as error:
            raise self._error(error.smtp_code, f"it answered with {error.smtp_code}") from error
        except smtplib.SMTPNotSupportedError as error:
            raise refused(self.name, "the server offers no encryption, or no login") from error
        except ssl.SSLCertVerificationError as error:
            raise refused(self.name, "the server's certificate is not to be trusted") from error
        except (OSError, smtplib.SMTPException) as error:
            raise not_sent(self.name, "the server does not answer") from error

    def _connected(self) -> smtplib.SMTP:
        place = urlsplit(self.server)
        host = place.hostname or ""
        if place.scheme == "smtps":
            context = self.context()
            return smtplib.SMTP_SSL(host, place.port or _SECURED, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(host, place.port or _SUBMISSION, timeout=_SECONDS)
        if _needs_encryption(place):
            try:
                server.starttls(context=self.context())
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, news: News) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = f"[UNIBOS] {' '.join(news.title.split())}"
        message["From"] = self.sender
        message["To"] = ", ".join(self.receivers)
        # The same at each try, so that a mailbox can tell a second copy.
        message["Message-ID"] = f"<{news.id}@{self.sender.rpartition('@')[2]}>"
        message["X-Unibos-Level"] = news.level
        message.set_content(f"{news.title}\n\n{news.body}\n\n{news.at} · {news.source}\n")
        return message

    def _error(self, code: int, reason: str) -> Exception:
        # RFC 5321, section 4.2.1: 4yz may pass, 5yz will not.
        return refused(self.name, reason) if code >= 500 else not_sent(self.name, reason)


def _needs_encryption(place: SplitResult) -> bool:
    return place.hostname not in _LOOPBACK
