"""First run: a code that whoever can see the box can read, and the owner made with it.

The code lies in ``<data>/setup-code`` as long as the org has no owner, through any number of
restarts, and dies with the owner's making, however that comes about.
"""

import hmac
import logging
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from unibos.base.errors import Conflict, Unauthenticated
from unibos.core.identity import throttle
from unibos.core.identity.login import Login, Person, person_of
from unibos.core.identity.scope import Role
from unibos.core.identity.sessions import Sessions, Tools
from unibos.core.identity.users import Draft, check
from unibos.core.store import accounts
from unibos.core.store.accounts import Account
from unibos.core.store.transaction import Changed, Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

CODE_FILE = "setup-code"
_CODE = re.compile(r"[0-9]{6}-[0-9]{6}")
_IGNORED = str.maketrans("", "", " -\t\r\n")


class Setup:
    """The first run of one instance.

    :param org: the local org.
    :param folder: the data directory.
    :param hub: the address of the hub whose business the owner is; empty: there is none.
    """

    def __init__(
        self, tools: Tools, sessions: Sessions, org: str, folder: Path, hub: str = ""
    ) -> None:
        self._tools = tools
        self._sessions = sessions
        self._org = org
        self._path = folder / CODE_FILE
        self._hub = hub
        self.code: str | None = None
        if hub:
            # The code in the folder, if there is one, is that hub's.
            return
        if self._has_owner():
            self._finish()
        else:
            self.code = self._kept() or self._make()

    def notice(self, changes: list[Changed]) -> None:
        """End the setup once an owner exists; for :meth:`Store.listen`."""
        accounts_changed = any(change.topic == accounts.TOPIC for change in changes)
        if self.code is not None and accounts_changed and self._has_owner():
            self._finish()

    async def with_code(
        self, code: str, email: str, name: str, password: str, address: str
    ) -> Login:
        """See :meth:`Identity.setup`."""
        if self.code is None:
            raise self._no_more()
        keys = throttle.SETUP, throttle.address(address)
        self._tools.throttle.check(*keys)
        if not hmac.compare_digest(_plain(code), _plain(self.code)):
            self._tools.throttle.failed(*keys)
            raise Unauthenticated(
                "setup_code_wrong",
                "This is not the setup code.",
                hint="It stands in the journal, and on the box in the data folder's setup-code.",
            )
        begun = await self._make_owner(check(email, name, password), self._sessions.open)
        return self._sessions.answer(*begun)

    async def without_code(self, email: str, name: str, password: str) -> Person:
        """See :meth:`Identity.setup_without_code`."""
        if self.code is None:
            raise self._no_more()
        return person_of(
            await self._make_owner(check(email, name, password), lambda _, owner: owner)
        )

    async def _make_owner(self, draft: Draft, then: Callable[[Transaction, Account], T]) -> T:
        verifier = await self._tools.passwords.hash(draft.password)

        def make(tx: Transaction) -> T:
            if accounts.has_other(tx, Role.OWNER.value):
                raise _done()
            owner = accounts.create(
                tx, draft.email, draft.email_key, draft.name, verifier, Role.OWNER.value
            )
            return then(tx, owner)

        return await self._tools.store.awrite(make, self._org)

    def _no_more(self) -> Conflict:
        return _at_hub(self._hub) if self._hub else _done()

    def _has_owner(self) -> bool:
        return self._tools.store.read(
            lambda view: accounts.has_other(view, Role.OWNER.value), self._org
        )

    def _kept(self) -> str | None:
        """The code of an earlier start, if it is whole."""
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return text if _CODE.fullmatch(text) else None

    def _make(self) -> str:
        digits = f"{secrets.randbelow(10**12):012d}"
        code = f"{digits[:6]}-{digits[6:]}"
        self._tools.store.system.replace_text(self._path, code + "\n", 0o600)
        return code

    def _finish(self) -> None:
        self.code = None
        try:
            self._tools.store.system.remove(self._path)
        except OSError as error:
            # The code is dead without this; the next start tries again.
            log.warning("the setup code's file could not be removed: %s", error)


def _plain(code: str) -> bytes:
    return code.translate(_IGNORED).encode("utf-8", "replace")


def _done() -> Conflict:
    return Conflict(
        "setup_done",
        "This instance has an owner already.",
        hint="Log in, or have the owner make an account for you.",
    )


def _at_hub(hub: str) -> Conflict:
    return Conflict(
        "setup_at_hub",
        f"The owner of this node's org is made at its hub, {hub}.",
        hint="Set the hub up with `unibos setup` there; then log in here with the same account.",
        hub=hub,
    )
