"""The child that a heavy job runs in: no database, no server, only the modules' kinds of jobs."""

import sys

from unibos.base.config import Documents, Media
from unibos.core.jobs.child import serve_child
from unibos.core.jobs.kind import JobKind
from unibos.roles.modules import modules


def run_job() -> None:
    """Read one job from standard input, do it, and tell how it went."""
    sys.exit(serve_child(_kinds))


def _kinds() -> list[JobKind]:
    # What a job needs of the configuration travels with the job, so the defaults do here; the file
    # may hold secrets, and what a child reads may be hostile.
    return [kind for module in modules(Documents(), Media()) for kind in module.jobs]
