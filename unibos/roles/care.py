"""How a node looks after itself: its own jobs, its notifications, and what becomes one."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from unibos.base.config import Config
from unibos.base.config.settings import Notifications
from unibos.base.errors import Misconfigured
from unibos.core.jobs.kind import JobKind
from unibos.core.jobs.queue import Chore
from unibos.core.module.manifest import Module
from unibos.core.store.store import Store
from unibos.modules.care import manifest
from unibos.modules.care.cleanup import Tidying
from unibos.modules.care.health import Looks, looks
from unibos.modules.care.notifications.sending import Notifier
from unibos.modules.care.notifications.targets.mail import Mail
from unibos.modules.care.notifications.targets.ntfy import Ntfy
from unibos.modules.care.notifications.targets.target import Target
from unibos.modules.care.notifications.targets.webhook import Webhook
from unibos.modules.care.troubles import Troubles, telling
from unibos.transports.http.posting import post


@dataclass(frozen=True, slots=True)
class Care:
    """What a node has of this."""

    notifier: Notifier
    looks: Looks
    module: Module

    def telling(self, kinds: tuple[JobKind, ...]) -> tuple[JobKind, ...]:
        """The kinds, which notify when one of their jobs fails for good."""
        return tuple(telling(kind, self.notifier) for kind in kinds)

    def chore(self, store: Store, org: str) -> Chore:
        """What notifies of failing checks."""
        return Chore(
            "look for troubles", "*/10", Troubles(store.org(org), self.notifier, self.looks).look
        )


def care(config: Config, tidying: Tidying) -> Care:
    """What the settings ask for.

    :raises Misconfigured: ``notification_target_wrong``.
    """
    notifier = Notifier(targets(config.notifications))
    looked = looks(config)
    return Care(notifier, looked, manifest.module(notifier, looked, tidying))


def targets(wanted: Notifications) -> list[Target]:
    """Where notifications go.

    :raises Misconfigured: ``notification_target_wrong``.
    """
    found: list[Target] = []
    if wanted.ntfy:
        _check(wanted.ntfy, "ntfy", ("http", "https"))
        found.append(Ntfy(wanted.ntfy, wanted.ntfy_token, post))
    if wanted.webhook:
        _check(wanted.webhook, "webhook", ("http", "https"))
        found.append(Webhook(wanted.webhook, wanted.webhook_secret, post))
    if wanted.smtp:
        _check(wanted.smtp, "smtp", ("smtp", "smtps"))
        if not wanted.mail_from or not wanted.mail_to:
            raise _wrong("smtp", "it needs notifications.mail_from and notifications.mail_to too")
        found.append(
            Mail(
                wanted.smtp,
                wanted.smtp_user,
                wanted.smtp_password,
                wanted.mail_from,
                wanted.mail_to,
            )
        )
    return found


def _check(url: str, name: str, schemes: tuple[str, ...]) -> None:
    try:
        place = urlsplit(url)
        fine = place.scheme in schemes and bool(place.hostname) and not place.username
        fine = fine and (place.port is None or place.port > 0)
    except ValueError:
        fine = False
    if not fine:
        raise _wrong(name, f"it must begin with {' or '.join(f'{each}://' for each in schemes)}")


def _wrong(name: str, reason: str) -> Misconfigured:
    return Misconfigured(
        "notification_target_wrong",
        f"notifications.{name} is no target: {reason}.",
        hint="See unibos config show.",
    )
