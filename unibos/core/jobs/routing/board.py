"""What a board may run: the queues of each type of worker, as far as they fit the machine.

These are the defaults where ``worker.queues`` and ``worker.max_size_mb`` say nothing.
"""

from unibos.base.board import Model
from unibos.core.jobs.routing.rules import QUEUES

ALL = frozenset(QUEUES)

_TYPES: dict[str, frozenset[str]] = {
    "all": ALL,
    "core": frozenset({"default"}),
    "ocr": frozenset({"ocr"}),
    "media": frozenset({"media"}),
    "sync": frozenset({"sync"}),
    "finance": frozenset({"finance"}),
    "analytics": frozenset({"analytics"}),
    "realtime": frozenset({"realtime"}),
}
_SMALL = frozenset({"default", "sync", "realtime"})
_BOARDS: dict[Model, frozenset[str]] = {
    "zero": _SMALL,
    "zero2w": _SMALL,
    "pi3": _SMALL | {"ocr"},
    "pi4": _SMALL | {"ocr", "media"},
    "pi5": ALL,
    "pc": ALL,
}
_SMALL_MB = 50
_ANY_MB = 1024 * 1024
_LARGE_BOARDS = ("pi5", "pc")


def queues_for(model: Model, type_: str) -> frozenset[str]:
    """The queues that a worker of this type takes jobs from on this board; perhaps none."""
    return _TYPES[type_] & _BOARDS[model]


def max_size_mb_for(model: Model) -> int:
    """The largest input, in MiB, that a job may have to fit the board."""
    return _ANY_MB if model in _LARGE_BOARDS else _SMALL_MB
