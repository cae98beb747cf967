"""Care: a box that checks itself, tidies up, and tells people what they should know."""

from unibos.core.module.manifest import Module
from unibos.modules.care.cleanup import Tidying, cleanup
from unibos.modules.care.health import Looks, health_check
from unibos.modules.care.notifications.collection import NOTIFICATIONS
from unibos.modules.care.notifications.endpoints import endpoints
from unibos.modules.care.notifications.sending import Notifier
from unibos.modules.care.ping import PING


def module(notifier: Notifier, looks: Looks, tidying: Tidying) -> Module:
    """The module.

    :param notifier: with the targets that the settings name.
    :param looks: the checks of a health check.
    """
    return Module(
        "care",
        collections=(NOTIFICATIONS,),
        endpoints=endpoints(notifier),
        jobs=(PING, notifier.kind, health_check(looks), cleanup(tidying)),
    )
