"""Who takes an instance's jobs: itself, and the workers that are there."""

from dataclasses import replace

from unibos.base.config import Config
from unibos.core.identity.registry.presence import State
from unibos.core.identity.registry.workers import Workers
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import HeavyKind
from unibos.core.store.claimant import Claimant

_THERE = (State.ONLINE.value, State.LATE.value)


def takers(config: Config, jobs: Jobs, workers: Workers, org: str) -> list[Claimant]:
    """Those that could take a job of this org, now or soon."""
    present = [who for _, who, state in workers.claimants(org) if state in _THERE]
    return [_own(config, jobs), *present]


def named_takers(
    config: Config, jobs: Jobs, workers: Workers, org: str
) -> list[tuple[str, Claimant, str]]:
    """All that an org has: name, what they take, and ``ok`` or why they take nothing."""
    own = "ok" if jobs.healthy else "failing"
    found = [("this instance", _own(config, jobs), own)]
    found += [
        (name, who, "ok" if state in _THERE else state)
        for name, who, state in workers.claimants(org)
        if state != State.REVOKED.value
    ]
    return found


def _own(config: Config, jobs: Jobs) -> Claimant:
    own = jobs.claimant
    if config.jobs.heavy:
        return own
    light = {
        name: version
        for name, version in own.kinds.items()
        if not isinstance(jobs.kinds[name], HeavyKind)
    }
    return replace(own, kinds=light)
