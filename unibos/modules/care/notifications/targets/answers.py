"""What a target's answer means for a notification."""

from unibos.base.errors import Invalid, Unavailable

_LATER = (408, 425, 429)


def check_status(target: str, status: int) -> None:
    """Take an HTTP status (RFC 9110, section 15) for what it says.

    :raises Invalid: ``notification_refused``: asking again would change nothing.
    :raises Unavailable: ``notification_not_sent``.
    """
    if 200 <= status < 300:
        return
    if 300 <= status < 500 and status not in _LATER:
        raise refused(target, f"it answered with {status}")
    raise not_sent(target, f"it answered with {status}")


def refused(target: str, reason: str) -> Invalid:
    """The error where a target will never take it."""
    return Invalid(
        "notification_refused",
        f"The target {target} refuses the notification: {reason}.",
        hint="Check the settings of notifications: unibos config show",
    )


def not_sent(target: str, reason: str) -> Unavailable:
    """The error where a target may take it later."""
    return Unavailable(
        "notification_not_sent", f"The notification did not reach the target {target}: {reason}."
    )
