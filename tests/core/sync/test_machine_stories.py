"""Stories that the state machine found, each as short as it gets."""

from unibos.core.store.definitions import Export

from .machine_world import Trouble
from .test_machine import Machine

NEW = {"a": "new", "b": "new"}


def story(focus, *steps):
    """Play steps of the machine, then let all heal."""
    machine = Machine()
    machine.begin(focus=[focus], work=[], shared=False)
    try:
        for name, more in steps:
            getattr(machine, name)(**more)
    except BaseException:
        machine.world.close()
        raise
    machine.teardown()


def test_a_peer_that_lets_nothing_go_any_more_is_not_asked_for_it():
    story(
        "notes",
        ("meet", {"work": [("a", (0, 0, "put", NEW))], "rounds": [(("a", "b"), LOST)]}),
        ("policy", {"name": "b", "number": 0, "wanted": Export.LOCAL}),
    )


LOST = Trouble("cut", 1, "answered")
