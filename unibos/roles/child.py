"""The child that a heavy job runs in: no database, no server, only the modules' kinds of jobs."""

import sys

from unibos.base.config import load
from unibos.core.jobs.child import serve_child
from unibos.core.jobs.kind import JobKind
from unibos.roles.modules import modules


def run_job() -> None:
    """Read one job from standard input, do it, and tell how it went."""
    sys.exit(serve_child(_kinds))


def _kinds() -> list[JobKind]:
    # What a job needs of the configuration travels with the job: the defaults do here.
    return [kind for module in modules(load({}, {}, None)) for kind in module.jobs]
