"""What a program has to know of an update when it starts to serve.

During its trial a new program is reached from this machine only and talks to nobody: nothing that
it acknowledges can be lost when it does not pass and the databases of before are put back.
"""

from collections.abc import Mapping

from unibos.base.errors import Conflict
from unibos.ops.update import place
from unibos.ops.update.state import StateFiles

_ALONE: Mapping[str, object] = {
    "node.host": "127.0.0.1",
    "node.port": "0",
    "hub.host": "127.0.0.1",
    "hub.port": "0",
    "offline": True,
}


def settings_now() -> Mapping[str, object]:
    """The settings that hold before all others: those of a trial while there is one, else none.

    :raises Conflict: ``update_unfinished``, while databases are being put back.
    :raises Damaged: ``update_state_damaged``.
    """
    releases = place.found()
    change = StateFiles(releases.root, releases.system).change() if releases else None
    if change is None or change.phase in ("copying", "finishing"):
        return {}
    if change.phase == "returning":
        raise Conflict(
            "update_unfinished",
            f"The return from {change.new} to {change.old} is not finished.",
            hint="Finish it: sudo unibos update resume",
            old=change.old,
            new=change.new,
        )
    return _ALONE
