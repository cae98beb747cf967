"""Random lives of a node and its hub: what the node has heard to be over is never taken again.

The model knows the real time, the passwords and what was revoked when. The node's wall clock is
right or late, and its power may be cut.
"""

import tempfile
from pathlib import Path

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.identity.federation.conftest import DAY, MEMBER, START, World
from unibos.base.errors import Error
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort
from unibos.core.store import accounts, hub_users

PASSWORDS = ("four unrelated words", "another four words", "yet another four words")


class Credential:
    """What the hub checked: which password, when; kept until then."""

    def __init__(self, password, checked, until):
        self.password = password
        self.checked = checked
        self.until = until


class Lives(RuleBasedStateMachine):
    """One node, one user, one hub."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.hub = self.world.hub
        self.user = self.hub.add(password=PASSWORDS[0])
        self.password = PASSWORDS[0]
        self.node = self.world.node()
        self.revoked = 0
        self.heard = 0
        self.in_touch = False
        self.floor = START
        self.floor_at = START
        self.credential = None
        self.online = []
        self.offline = []
        self.watched = True
        self.log_in(PASSWORDS[0])

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()
            self.folder.cleanup()

    # The model

    @property
    def least(self):
        """The node's trusted time is this at least."""
        return self.floor + self.world.now - self.floor_at

    def learned(self, time):
        self.floor, self.floor_at = max(self.least, time), self.world.now

    def tick(self):
        self.world.advance(seconds=1)

    # The world

    @rule(days=st.sampled_from([0.02, 14, 31]))
    def time_passes(self, days):
        if self.world.now + days * DAY < START + 85 * DAY:
            self.world.advance(days=days)

    @rule(days=st.sampled_from([0, -1, -45, -4000]))
    def clock_is_set(self, days):
        self.node.skew = days * DAY

    @rule()
    def hub_goes_or_comes(self):
        self.hub.up = not self.hub.up

    @rule()
    def somebody_looks_or_not(self):
        """What nobody asks for leaves no trace that a power cut would spare."""
        self.watched = not self.watched

    @rule()
    def password_changes_at_the_hub(self):
        self.tick()
        number = (PASSWORDS.index(self.password) + 1) % len(PASSWORDS)
        tools = self.hub.identity.tools
        verifier = self.world.run(tools.passwords.hash(PASSWORDS[number]))
        now = self.world.now

        def change(tx):
            accounts.set_verifier(tx, self.user, verifier)
            accounts.end_all_sessions(tx, self.user, now, "password_changed")

        self.hub.write(change)
        self.password, self.revoked = PASSWORDS[number], now
        self.tick()

    @rule()
    def user_is_revoked(self):
        self.tick()
        now = self.world.now
        self.hub.write(lambda tx: accounts.end_sessions(tx, self.user, now, "revoked"))
        self.revoked = now
        self.tick()

    @rule()
    def node_hears(self):
        try:
            self.node.heard()
        except Error:
            assert not self.hub.up
            return
        self.heard, self.in_touch = self.revoked, True
        self.learned(self.world.now)

    @rule()
    def node_restarts(self):
        self.learned(self.node.time.now())
        self.node.restart()
        self.in_touch = False

    @rule()
    def power_is_cut(self):
        kept = self.node.time._kept
        self.node.restart(cut=True)
        self.floor, self.floor_at = kept, self.world.now
        self.in_touch = False

    @rule()
    def logins_are_forgotten(self):
        owner = self.node.federation.local_scope(0)
        self.world.run(self.node.federation.forget_logins(owner))
        self.credential = None
        self.offline.clear()

    # The user

    @rule(right=st.booleans())
    def logs_in(self, right):
        known = self.credential.password if self.credential and not self.hub.up else self.password
        self.log_in(known if right else PASSWORDS[PASSWORDS.index(known) - 1])

    @invariant()
    def nothing_is_taken_that_is_over(self):
        if not (hasattr(self, "watched") and self.watched):
            return
        for login, known in self.offline:
            if self.accepted(login):
                self.may_stand(known)
        for login, issued in self.online:
            if self.accepted(login):
                assert issued >= self.heard
                assert self.least < issued + 900_000 + 1000
        for number, (login, known) in enumerate(self.offline):
            try:
                again = self.node.refresh(login.refresh_token)
            except Error:
                continue
            self.may_stand(known)
            self.offline[number] = again, known
        if self.credential and not self.hub.up:
            self.log_in(self.credential.password)

    def may_stand(self, known):
        assert known.checked >= self.heard
        assert self.least < self.credential.until

    def log_in(self, password):
        try:
            login = self.node.login(MEMBER, password)
        except Error as error:
            self.was_refused(password, error.code)
            return
        event("offline" if login.offline else "online")
        if login.offline:
            known = self.credential
            assert not self.hub.up
            assert password == known.password
            self.may_stand(known)
            self.offline = [*self.offline[-2:], (login, known)]
            return
        assert self.hub.up
        assert password == self.password
        kept = self.node.store.read(
            lambda view: hub_users.find(view, self.user), self.node.identity.org
        )
        self.credential = Credential(password, self.world.now, kept.valid_until)
        self.online = [*self.online[-2:], (login, self.world.now)]

    def was_refused(self, password, code):
        if code == "too_many_attempts":
            return
        assert code == "login_failed"
        if self.hub.up:
            assert password != self.password
            return
        known = self.credential
        if known is None or known.password != password or known.checked < self.heard:
            return
        # Nothing speaks against it but the time, which the node has kept by now.
        event("expired")
        if self.in_touch:
            assert known.until <= self.world.now
        self.learned(known.until)

    def accepted(self, login):
        try:
            self.node.scope(login)
        except Error:
            return False
        return True


Lives.TestCase.settings = settings(
    max_examples=settings().max_examples // 2, stateful_step_count=30, deadline=None
)


class TestLives(Lives.TestCase):
    def setUp(self):
        self.before = passwords.EFFORTS["edge"]
        passwords.EFFORTS["edge"] = Effort(64, 1)
        super().setUp()

    def tearDown(self):
        super().tearDown()
        passwords.EFFORTS["edge"] = self.before
