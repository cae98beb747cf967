"""What a client says when nobody answers."""

from unibos.base import errors

UNREACHABLE = "unreachable"


def unreachable(address: str, reason: str) -> errors.Unavailable:
    """Nobody answered at ``address``."""
    return errors.Unavailable(
        UNREACHABLE,
        f"No answer from {address}: {reason}",
        hint="Is it running? See `systemctl status unibos-node` and `unibos doctor`.",
        address=address,
        reason=reason,
    )
