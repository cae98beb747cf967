"""Any order of logins, refreshes, thefts, log-outs, waits and restarts, against a model."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from unibos.base.errors import Unauthenticated

PASSWORDS = ("four unrelated words", "another four words")


def attempt(call):
    """What the call returns, or the code of its refusal."""
    try:
        return call(), ""
    except Unauthenticated as refused:
        return None, refused.code


class Model:
    """What should be true of one session."""

    def __init__(self, now):
        self.generation = 1
        self.live = True
        self.expires = now + 30 * 86_400_000


class Rotation(RuleBasedStateMachine):
    logins = Bundle("logins")

    def __init__(self, open_box):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.box = open_box(self.folder)
        self.sessions = {}
        self.access = []
        self.password = 0
        self.note(self.box.set_up())

    def teardown(self):
        self.box.stop()
        self.box.runner.close()
        shutil.rmtree(self.folder)

    @property
    def now(self):
        return self.box.clock.ms

    def note(self, login):
        """A new session, or the next generation of one; a triple of token, session, generation."""
        session, generation, _ = login.refresh_token.split(".")
        model = self.sessions.setdefault(session, Model(self.now))
        model.generation = int(generation)
        self.access.append((login, session, self.now + 900_000))
        return login.refresh_token, session, int(generation)

    @rule(target=logins)
    def login(self):
        return self.note(self.box.login(password=PASSWORDS[self.password]))

    @rule(target=logins, used=logins)
    def refresh(self, used):
        token, session, generation = used
        model = self.sessions[session]
        if not model.live:
            expected = "session_ended"
        elif generation < model.generation:
            expected = "refresh_reused"
            model.live = False
        elif model.expires <= self.now:
            expected = "refresh_expired"
        else:
            expected = ""
        login, code = attempt(lambda: self.box.refresh(token))
        assert code == expected
        if login is None:
            return used
        model.expires = self.now + 30 * 86_400_000
        return self.note(login)

    @rule(used=logins, generation=st.integers(0, 50), cut=st.integers(1, 43))
    def forge(self, used, generation, cut):
        token, session, own = used
        mac = token.rpartition(".")[2]
        forged = [f"{token[:-cut]}", f"{token}x"]
        if generation != own:
            forged.append(f"{session}.{generation}.{mac}")
        for text in forged:
            assert attempt(lambda forged=text: self.box.refresh(forged)) == (
                None,
                "refresh_invalid",
            )

    @rule(everywhere=st.booleans(), pick=st.randoms(use_true_random=False))
    def logout(self, everywhere, pick):
        usable = [entry for entry in self.access if self.expected(entry) == ""]
        if not usable:
            return
        login, session, _ = pick.choice(usable)
        self.box.run(self.box.identity.logout(self.box.scope(login), everywhere=everywhere))
        for name, model in self.sessions.items():
            if everywhere or name == session:
                model.live = False

    @rule(target=logins)
    def change_password(self):
        fresh = self.box.login(password=PASSWORDS[self.password])
        self.note(fresh)
        old, self.password = self.password, 1 - self.password
        login = self.box.run(
            self.box.identity.change_password(
                self.box.scope(fresh), PASSWORDS[old], PASSWORDS[self.password], ""
            )
        )
        for model in self.sessions.values():
            model.live = False
        return self.note(login)

    @rule(seconds=st.sampled_from([1, 600, 900, 86_400, 20 * 86_400, 30 * 86_400]))
    def wait(self, seconds):
        self.box.clock.advance(seconds=seconds)

    @rule()
    def restart(self):
        self.box.restart()

    def expected(self, entry):
        _, session, expires = entry
        live = self.sessions[session].live
        if expires <= self.now:
            return "token_expired"
        return "" if live else "session_ended"

    @invariant()
    def tokens_are_good_exactly_as_long_as_their_session(self):
        for entry in self.access:
            scope, code = attempt(lambda login=entry[0]: self.box.scope(login))
            assert code == self.expected(entry)
            assert scope is None or scope.session == entry[1]


def test_rotation(box):
    run_state_machine_as_test(
        lambda: Rotation(type(box)),
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
