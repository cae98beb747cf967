"""What runs a hub's jobs: those that its nodes hand over."""

from unibos.base.config import Config
from unibos.core.identity.keys import InstanceKey
from unibos.core.jobs.handing.relay import relays
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options
from unibos.core.store.claimant import Claimant
from unibos.core.store.store import Store
from unibos.roles.modules import modules
from unibos.roles.own_jobs import rules_of


def hub_jobs(config: Config, key: InstanceKey, store: Store) -> Jobs:
    """The jobs of a hub, which does them itself where it is a worker, too."""
    kinds = [kind for module in modules(config.documents, config.media) for kind in module.jobs]
    options = Options(
        folder=config.data / "hub-work",
        heavy=config.jobs.heavy,
        memory_mb=config.jobs.memory_mb,
        keep_days=config.jobs.keep_days,
        grace_hours=config.blobs.grace_hours,
    )
    queues = None if "worker" in config.role else frozenset[str]()
    here = Claimant(owner=key.id, place="hub", kinds={}, queues=queues)
    rules = rules_of(config, kinds)
    return Jobs(store, relays(kinds), options, owner=key.id, claimant=here, rules=rules)
