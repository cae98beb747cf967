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
    own = jobs.claimant
    if not config.jobs.heavy:
        light = {
            name: version
            for name, version in own.kinds.items()
            if not isinstance(jobs.kinds[name], HeavyKind)
        }
        own = replace(own, kinds=light)
    present = [who for _, who, state in workers.claimants(org) if state in _THERE]
    return [own, *present]
