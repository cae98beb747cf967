"""The job that tidies up now what chores tidy up in their time."""

from collections.abc import Callable, Mapping
from typing import Any

from unibos.core.jobs.kind import LightKind, Report
from unibos.core.store.jobs import Job
from unibos.core.store.store import OrgStore
from unibos.modules.care.arguments import nothing

Tidying = Callable[[], Mapping[str, Callable[[], int]]]
"""Gives, by name, what tidies up and tells how much there was; asked when the job runs."""


def cleanup(tidying: Tidying) -> LightKind:
    """The job kind ``care.cleanup``."""

    def run(_store: OrgStore, _job: Job, report: Report) -> Any:
        removed = {}
        todo = tidying()
        for number, (name, tidy) in enumerate(todo.items()):
            report(number / len(todo), name)
            removed[name] = tidy()
        return {"removed": removed}

    return LightKind(
        name="care.cleanup", queue="default", locality="node_only", run=run, accept=nothing
    )
