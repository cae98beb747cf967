"""What was issued before a revocation is over, what is issued later is not, whatever the clock
on the hub's wall does: with random lives of a hub whose clock jumps."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.core.identity.conftest import ADDRESS, EMAIL, PASSWORD, Box
from unibos.base.errors import Unauthenticated
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort
from unibos.core.identity.scope import Role
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations, read_revocations
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts

MEMBER = "member@example.org"
HOUR = 3_600_000
JUMPS = st.sampled_from((0, 1, 7, 900_000, HOUR, 24 * HOUR, 40 * 24 * HOUR, 400 * 24 * HOUR))


class Hub(Box):
    """An instance that signs revocations, whose clock the test sets."""

    def _start(self):
        super()._start()
        SigningKeys(self.store, self.key)
        self.lists = Revocations(self.store, self.key)

    def listed(self):
        org = self.identity.org
        return read_revocations(self.lists.signed(org), self.key.id, org)


class Lives(RuleBasedStateMachine):
    """A member's logins on a hub; each token is remembered with what has become of it."""

    def __init__(self):
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))
        self.folder = Path(tempfile.mkdtemp())
        self.hub = Hub(self.folder)
        self.hub.set_up()
        self.boss = self.hub.identity.local_scope(0)
        self.user = self.hub.member(email=MEMBER).principal.id
        self.role, self.present = Role.MEMBER, True
        self.tokens, self.sessions = [], {}

    def teardown(self):
        self.hub.stop()
        self.hub.runner.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    def keep(self, login):
        claims = self.hub.identity.tools.access.read(login.access_token)
        self.tokens.append(SimpleNamespace(claims=claims, over=False))
        self.sessions[claims.session] = login

    def all_over(self):
        self.tokens_over()
        self.sessions.clear()

    def tokens_over(self):
        for token in self.tokens:
            token.over = True

    @rule(ms=JUMPS, back=st.booleans())
    def clock_jumps(self, ms, back):
        self.hub.clock.ms += -ms if back else ms

    @rule()
    def restart(self):
        self.hub.lists.close()
        self.hub.restart()
        self.boss = self.hub.identity.local_scope(0)

    @precondition(lambda self: self.present)
    @rule()
    def log_in(self):
        self.keep(self.hub.login(MEMBER))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def refresh(self, data):
        login = self.sessions[data.draw(st.sampled_from(sorted(self.sessions)))]
        # The wall clock may say that it has expired.
        with suppress(Unauthenticated):
            self.keep(self.hub.refresh(login.refresh_token))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def log_out(self, data):
        session = data.draw(st.sampled_from(sorted(self.sessions)))
        self.hub.store.write(
            lambda tx: accounts.end_session(tx, session, self.hub.clock.ms, "logout"),
            self.hub.identity.org,
        )
        del self.sessions[session]
        for token in self.tokens:
            token.over = token.over or token.claims.session == session

    @precondition(lambda self: self.present)
    @rule()
    def end_all(self):
        self.hub.run(self.hub.identity.users.end_sessions(self.boss, self.user))
        self.all_over()

    @precondition(lambda self: self.present)
    @rule()
    def change_role(self):
        """Sessions go on, with other tokens: the old ones tell the old role."""
        self.role = Role.VIEWER if self.role is Role.MEMBER else Role.MEMBER
        change = UserChange(role=self.role)
        self.hub.run(self.hub.identity.users.change(self.boss, self.user, change))
        self.tokens_over()

    @precondition(lambda self: self.present)
    @rule()
    def disable(self):
        for disabled in (True, False):
            change = UserChange(disabled=disabled)
            self.hub.run(self.hub.identity.users.change(self.boss, self.user, change))
        self.all_over()

    @precondition(lambda self: self.present)
    @rule()
    def change_password(self):
        """The session that begins with the new password begins in the same transaction."""
        scope = self.hub.scope(self.hub.login(MEMBER))
        change = self.hub.identity.change_password(scope, PASSWORD, PASSWORD, ADDRESS)
        login = self.hub.run(change)
        self.all_over()
        self.keep(login)

    @precondition(lambda self: self.present)
    @rule()
    def remove(self):
        self.hub.run(self.hub.identity.users.remove(self.boss, self.user))
        self.all_over()
        self.present = False

    @rule()
    def somebody_else_logs_out(self):
        """What happens to others makes the list forget what it need not name any more."""
        self.hub.run(self.hub.identity.logout(self.hub.scope(self.hub.login(EMAIL))))

    @invariant()
    def the_list_tells_them_apart(self):
        listed = self.hub.listed()
        for token in self.tokens:
            claims = token.claims
            refused = listed.revoked(claims.user, claims.session, claims.issued_at)
            if token.over:
                assert refused or listed.outlived(claims.issued_at)
            else:
                assert not refused


Lives.TestCase.settings = settings(
    stateful_step_count=20, max_examples=max(30, settings().max_examples // 2)
)
TestLives = Lives.TestCase


def test_a_token_that_is_late_belongs_to_the_time_before(open_box):
    """Between the commit of a login and the signing of its token the account may be shut out."""
    hub = open_box("hub")
    hub.first = hub.set_up()
    SigningKeys(hub.store, hub.key)
    lists = Revocations(hub.store, hub.key)
    org = hub.identity.org
    account = hub.store.read(lambda view: accounts.get(view, hub.first.user.id), org)
    begun = hub.store.write(lambda tx: hub.identity.sessions.open(tx, account), org)
    hub.store.write(lambda tx: accounts.end_sessions(tx, account.id, 0, "revoked"), org)
    hub.clock.advance(seconds=1)
    late = hub.identity.sessions.answer(*begun)
    claims = hub.identity.tools.access.read(late.access_token)
    listed = read_revocations(lists.signed(org), hub.key.id, org)
    assert listed.revoked(claims.user, claims.session, claims.issued_at)
    lists.close()
