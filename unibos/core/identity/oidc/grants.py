"""What a login for a program leads to: a code, a session of its own, tokens, claims."""

from typing import Any

from unibos.base.errors import Forbidden
from unibos.core.identity import admission
from unibos.core.identity.oidc import claims
from unibos.core.identity.oidc.codes import Code, Codes
from unibos.core.identity.sessions import Tools
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.tokens import ACCESS_SECONDS
from unibos.core.store import accounts, clients, orgs
from unibos.core.store.accounts import Account
from unibos.core.store.clients import Client
from unibos.core.store.transaction import Transaction, View


class Grants:
    """What the protocol asks of the hub; a :class:`unibos.core.identity.oidc.protocol.Hub`."""

    def __init__(self, tools: Tools, keys: SigningKeys, codes: Codes) -> None:
        self._tools = tools
        self._keys = keys
        self._codes = codes

    def client(self, id_: str) -> Client | None:
        """A registered program."""
        return self._tools.store.read(lambda view: clients.by_id(view, id_))

    def now(self) -> int:
        """The hub's time, in seconds since 1970."""
        return self._tools.wall() // 1000

    def keep(self, text: str, code: Code) -> None:
        """Remember what a person agreed to."""
        self._codes.keep(text, code)

    def take(self, code: str, client: str) -> Code | None:
        """What a code stands for, once; a second try ends what came of the first."""
        found = self._codes.take(code, client)
        if found is not None and found.uses > 1:
            self._end(found)
            return None
        return found

    def begin(self, code: Code) -> Account | None:
        """Begin the session of a code's person, unless they may not log in any more."""
        now = self._tools.wall()

        def begin(tx: Transaction) -> Account | None:
            user = self._admitted(tx, code.user)
            if user is None or user.verifier != code.password:
                return None
            until = now + ACCESS_SECONDS * 1000
            code.session = accounts.open_session(tx, user.id, now, until).id
            return user

        return self._tools.store.write(begin, code.org)

    def access_token(self, code: Code) -> dict[str, Any]:
        """The answer to a code, without the ID token (RFC 6749, section 5.1)."""
        return {
            "token_type": "Bearer",
            "access_token": claims.access_token(self._keys, code, self.now()),
            "expires_in": ACCESS_SECONDS,
            "scope": code.scope,
        }

    def id_token(self, user: Account, code: Code, access_token: str) -> str:
        """Who logged in, signed for the program."""
        told = self.about(user, code.scope)
        return claims.id_token(self._keys, code, access_token, told, self.now())

    def about(self, user: Account, scope: str) -> dict[str, str]:
        """The claims that a scope opens."""
        return claims.about(user, self.org_name(user.org), scope)

    def member(self, user: str, org: str) -> Account | None:
        """The user's account in the org, if it may work there now."""
        return self._tools.store.read(lambda view: self._admitted(view, user), org)

    def stands(self, granted: claims.Granted) -> bool:
        """Whether the session behind a token, and the program that it is for, are still there."""

        def look(view: View) -> bool:
            client = clients.by_id(view, granted.client)
            session = accounts.session(view, granted.session)
            known = client is not None and client.org == granted.org
            alive = session is not None and session.ended_because is None
            return known and alive

        return self._tools.store.read(look, granted.org)

    def org_name(self, org: str) -> str:
        """What the org is called."""
        found = self._tools.store.read(orgs.find, org)
        return found.name if found else ""

    def _admitted(self, view: View, user: str) -> Account | None:
        account = accounts.find(view, user)
        try:
            fit = account is not None and admission.admits(view, account, self._tools.wall())
        except Forbidden:
            return None
        return account if fit else None

    def _end(self, code: Code) -> None:
        """Somebody copied the code: what came of it is over."""
        if code.session:
            now = self._tools.wall()
            self._tools.store.write(
                lambda tx: accounts.end_session(tx, code.session, now, "code_reused"), code.org
            )
