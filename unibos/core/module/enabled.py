"""Which modules an org has: all, unless its hub's operator chose some of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from unibos.base.errors import Forbidden
from unibos.core.identity.scope import Scope
from unibos.core.module.endpoint import AnyAnswer, Call, Endpoint
from unibos.core.module.manifest import Module
from unibos.core.store import orgs
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed


class Enabled:
    """Remembers what each org has; whatever changes an org's row makes it look again.

    :param store: of the instance; it is listened to for as long as it is open.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, ...] | None] = {}
        store.listen(self._notice)

    def require(self, scope: Scope, module: str) -> None:
        """Let the question pass if the asker's org has the module.

        :raises Forbidden: ``module_not_enabled``; ``facts["module"]`` names it.
        """
        enabled = self._of(scope.org)
        if enabled is not None and module not in enabled:
            raise Forbidden(
                "module_not_enabled",
                f"This org does not have the module {module}.",
                hint="The hub's operator can enable it: sudo unibos hub orgs set SLUG --modules …",
                module=module,
            )

    def _of(self, org: str) -> tuple[str, ...] | None:
        known = self._known
        if org not in known:
            found = self._store.read(orgs.find, org)
            # What changes after this look puts another dict in place of this one.
            known[org] = found.enabled_modules if found else None
        return known[org]

    def _notice(self, changes: list[Changed]) -> None:
        if any(change.topic == orgs.TOPIC and change.id == change.org for change in changes):
            self._known = {}


def guarded(module: Module, enabled: Enabled) -> Iterator[Endpoint]:
    """The module's endpoints, for those orgs only that have the module."""
    for endpoint in module.endpoints:
        if endpoint.role is None:
            yield endpoint
        else:
            yield _guarded(module.name, endpoint, enabled)


def _guarded(module: str, endpoint: Endpoint, enabled: Enabled) -> Endpoint:
    handler: Any = endpoint.handler

    async def guard(scope: Scope, call: Call) -> AnyAnswer:
        enabled.require(scope, module)
        answer: AnyAnswer = await handler(scope, call)
        return answer

    return replace(endpoint, handler=guard, errors=(*endpoint.errors, Forbidden))
