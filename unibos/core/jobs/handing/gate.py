"""What keeps to the owner's word on how far data may travel; a port, for jobs know no policies."""

from collections.abc import Callable
from typing import Protocol

from unibos.core.store.job import Job
from unibos.core.store.transaction import View

MayGo = Callable[[Job], bool]


class Gate(Protocol):
    """Asked before each byte of a job leaves, and again when a policy has changed."""

    def at(self, view: View) -> MayGo:
        """Which jobs may go to the hub, by the policies of the moment; good as long as the view
        is."""
        ...
