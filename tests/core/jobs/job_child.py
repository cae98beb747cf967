"""A program that is nothing but a child: what ``unibos run-job`` is for the real one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from unibos.core.jobs.child import serve_child


def kinds():
    from tests.core.jobs.job_kinds import KINDS

    return KINDS


sys.exit(serve_child(kinds))
