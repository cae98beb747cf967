"""The checks of `unibos doctor` that the running server makes of itself."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from unibos.base.config import Config
from unibos.core.jobs.kind import LightKind, Report
from unibos.core.store.jobs import Job
from unibos.core.store.store import OrgStore
from unibos.modules.care import checks
from unibos.modules.care.arguments import nothing
from unibos.modules.care.checks import Check

Looks = Mapping[str, Callable[[], Check]]


def looks(config: Config) -> Looks:
    """What is looked at, by name; the server and its database answer for themselves already."""
    return {
        "disk": lambda: checks.disk(config.data),
        "permissions": lambda: checks.permissions(config.data),
        "backup": lambda: checks.backup(config.data, time.time()),
        "sqlite": checks.sqlite,
        "tesseract": lambda: checks.tesseract(config.documents.languages),
    }


def health_check(looks: Looks) -> LightKind:
    """The job kind ``care.health_check``: its result is what each check found."""

    def run(_store: OrgStore, _job: Job, report: Report) -> Any:
        found = []
        for number, (name, look) in enumerate(looks.items()):
            report(number / len(looks), name)
            found.append(look())
        return {"state": worst(found), "checks": [told(check) for check in found]}

    return LightKind(
        name="care.health_check", queue="default", locality="node_only", run=run, accept=nothing
    )


def worst(found: list[Check]) -> str:
    """``fail`` before ``warn`` before ``ok``."""
    states = {check.state for check in found}
    return next(state for state in ("fail", "warn", "ok") if state in states or state == "ok")


def told(check: Check) -> dict[str, str]:
    """A check in plain words."""
    facts = dict(check.facts)
    return {
        "name": check.name,
        "state": check.state,
        "said": check.said.format(**facts),
        "todo": check.todo.format(**facts),
    }
