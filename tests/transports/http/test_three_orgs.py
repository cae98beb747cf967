"""Three orgs of one hub, and random calls of their members with ids of anything that there is.

After every call the rows of the other orgs are as they were, nothing of them was told, nobody gave
or took a role above their own, and every org has an owner who can log in.
"""

import hashlib
import itertools
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.box import PASSWORD, RunningHub
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort

ROLES = ("viewer", "member", "admin", "owner")
KINDS = ("user", "invitation", "org", "slug", "record", "sha256", "token")
NUMBERS = itertools.count()
NAMES = ("acorn", "beech", "cedar")


@dataclass
class Tenant:
    """One org of an example: its word, by which a leak is known, its clients, and its ids."""

    word: str
    org: str
    clients: list
    ids: dict = field(default_factory=lambda: {kind: [] for kind in KINDS})


class Rows:
    """What is stored, read beside the hub."""

    def __init__(self, path):
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        tables = self._all(
            "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND c.name = 'org'"
        )
        self._tables = [name for (name,) in tables]

    def close(self):
        self._connection.close()

    def _all(self, question, *values):
        return self._connection.execute(question, values).fetchall()

    def of(self, org):
        """Every row of an org."""
        found = {
            name: sorted(self._all(f"SELECT * FROM {name} WHERE org = ?", org), key=repr)
            for name in self._tables
        }
        found["orgs"] = self._all("SELECT * FROM orgs WHERE id = ?", org)
        # Whoever is in several orgs may change their own name from each.
        found["users"] = self._all(
            "SELECT id, email, email_key, verifier,"
            " CASE WHEN email LIKE 'traveller%' THEN '' ELSE name END"
            " FROM users WHERE id IN (SELECT user FROM members WHERE org = ?) ORDER BY id",
            org,
        )
        return found

    def members(self, org):
        """User → role, or None for who is shut out."""
        rows = self._all("SELECT user, role, disabled FROM members WHERE org = ?", org)
        return {user: None if disabled else role for user, role, disabled in rows}

    def invited(self, org):
        """Invitation → role."""
        return dict(self._all("SELECT id, role FROM invitations WHERE org = ?", org))


def rank(role):
    return ROLES.index(role) if role else -1


class ThreeOrgs(RuleBasedStateMachine):
    def __init__(self, hub):
        super().__init__()
        self.hub = hub
        self.rows = Rows(hub.folder / "hub.db")
        self.tenants = []
        self.secrets = {}
        self.travellers = set()
        self.held = ExitStack()
        self.nobody = self.client()

    def teardown(self):
        self.rows.close()
        self.held.close()

    def client(self, login=None):
        """A connection of one example, for somebody who is logged in or for nobody."""
        headers = {"authorization": f"Bearer {login['access_token']}"} if login else {}
        return self.held.enter_context(
            httpx2.Client(base_url=self.hub.url, headers=headers, timeout=30)
        )

    @initialize()
    def fill(self):
        number = next(NUMBERS)
        for name in NAMES:
            word = f"{name}{number}x"
            asked = {"name": word, "owner": f"owner@{word}.example"}
            made = self.hub.owner.post("/api/v1/orgs", json=asked).json()
            tenant = Tenant(word, made["org"]["id"], [])
            self.tenants.append(tenant)
            tenant.ids["org"].append(tenant.org)
            tenant.ids["slug"].append(word)
            self.note_invitation(tenant, made["invitation"])
            self.join_at_last(tenant, made["invitation"]["secret"])
            for role in ("viewer", "member", "admin"):
                self.join_at_last(tenant, self.invite(tenant, role))
            self.invite(tenant, "owner")
            self.things(tenant)
        traveller = f"traveller{number}@example.net"
        for tenant, role in zip(self.tenants, ("member", "admin", "owner"), strict=True):
            self.join(tenant, self.invite(tenant, role, traveller))
        self.travellers.add(tenant.ids["user"][-1])

    def invite(self, tenant, role, email=""):
        email = email or f"{role}{next(NUMBERS)}@{tenant.word}.example"
        asked = {"email": email, "role": role}
        made = tenant.clients[0].post("/api/v1/invitations", json=asked).json()
        self.note_invitation(tenant, made)
        return made["secret"]

    def note_invitation(self, tenant, made):
        tenant.ids["invitation"].append(made["invitation"]["id"])
        self.secrets[made["secret"]] = tenant

    def join(self, tenant, secret):
        said = {"invitation": secret, "password": PASSWORD}
        answer = self.nobody.post("/api/v1/invitations/accept", json=said)
        if answer.status_code == 200:
            login = answer.json()
            self.secrets.pop(secret)
            tenant.clients.append(self.client(login))
            tenant.ids["user"].append(login["user"]["id"])
        return answer

    def join_at_last(self, tenant, secret):
        """On a busy machine a hub asks who proves a password to come again."""
        while (answer := self.join(tenant, secret)).status_code in (429, 503):
            time.sleep(0.1)
        assert answer.status_code == 200, answer.text

    def things(self, tenant):
        owner, bytes_ = tenant.clients[0], tenant.word.encode()
        sha256 = hashlib.sha256(bytes_).hexdigest()
        owner.put(f"/api/v1/blobs/{sha256}", content=bytes_).raise_for_status()
        owner.post("/api/v1/collections", json={"name": "notes"}).raise_for_status()
        body = {"data": {"title": tenant.word}}
        record = owner.post("/api/v1/collections/notes/records", json=body).json()
        token = owner.post("/api/v1/tokens", json={"label": tenant.word}).json()
        tenant.ids["sha256"].append(sha256)
        tenant.ids["record"].append(record["id"])
        tenant.ids["token"].append(token["id"])

    @rule(data=st.data(), mine=st.integers(0, 2), away=st.sampled_from((0, 0, 1, 2)))
    def manage(self, data, mine, away):
        """Change something about people and orgs, every other time of one's own org."""
        self.ask(data, self.tenants[mine], self.tenants[(mine + away) % 3], MANAGING)

    @rule(data=st.data(), mine=st.integers(0, 2), theirs=st.integers(0, 2))
    def use(self, data, mine, theirs):
        """Read something, or change data."""
        self.ask(data, self.tenants[mine], self.tenants[theirs], USING)

    def ask(self, data, tenant, aimed_at, operations):
        client = data.draw(st.sampled_from(tenant.clients))
        operation = data.draw(st.sampled_from(sorted(operations)))
        chance = data.draw(st.randoms(use_true_random=False))
        ids = {kind: chance.choice(values) for kind, values in aimed_at.ids.items()}
        word = f"{tenant.word}{next(NUMBERS)}"
        method, path, body = operations[operation](ids, chance.choice(ROLES), word)
        asker = self.who(client, tenant)
        if asker[0] in self.travellers and operation in ("my orgs", "switch"):
            return  # They belong to the other orgs, too.
        with Watch(self, tenant, asker, f"{path} {body}") as watch:
            watch.answer = client.request(method, f"/api/v1/{path}", json=body)
        if operation == "invite" and watch.answer.status_code == 201:
            self.note_invitation(tenant, watch.answer.json())

    @precondition(lambda self: self.secrets)
    @rule(data=st.data())
    def accept(self, data):
        secret = data.draw(st.sampled_from(list(self.secrets)))
        tenant = self.secrets[secret]
        with Watch(self, tenant, None, secret) as watch:
            watch.answer = self.join(tenant, secret)

    def who(self, client, tenant):
        """The id of who asks, and their role as it is stored."""
        answer = client.get("/api/v1/me")
        if answer.status_code != 200:
            return "", None
        id_ = answer.json()["id"]
        return id_, self.rows.members(tenant.org).get(id_)

    @invariant()
    def every_org_has_an_owner(self):
        for tenant in self.tenants:
            assert "owner" in self.rows.members(tenant.org).values(), tenant.word


class Watch:
    """Compares what is stored and told before and after one call."""

    def __init__(self, machine, tenant, asker, said):
        self.machine, self.tenant, self.asker, self.said = machine, tenant, asker, said
        self.answer = None

    def __enter__(self):
        rows = self.machine.rows
        self.others = [other for other in self.machine.tenants if other is not self.tenant]
        self.before = {other.org: rows.of(other.org) for other in self.others}
        self.members = rows.members(self.tenant.org)
        self.invited = rows.invited(self.tenant.org)
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        assert self.answer.status_code < 500, self.answer.text
        rows, text = self.machine.rows, self.answer.text
        for other in self.others:
            assert rows.of(other.org) == self.before[other.org]
            known = {other.word, *itertools.chain(*other.ids.values())}
            known -= self.machine.travellers
            told = [one for one in known if one in text and one not in self.said]
            assert told == [], text
        if self.asker is not None:
            self.roles_are_within_reach(rows)

    def roles_are_within_reach(self, rows):
        role = self.asker[1]
        after = rows.members(self.tenant.org)
        for user in {*self.members, *after}:
            old, new = self.members.get(user), after.get(user)
            if old != new:
                assert rank(role) >= max(rank("admin"), rank(old), rank(new)), (old, new)
        invited = rows.invited(self.tenant.org)
        for invitation in {*self.invited, *invited}:
            old, new = self.invited.get(invitation), invited.get(invitation)
            # Those of who lost the right to invite are void, whatever their role.
            if old is None or (new is None and after == self.members):
                assert rank(role) >= max(rank("admin"), rank(old), rank(new))


def _post(path, **body):
    return "POST", path, body


MANAGING = {
    "give a role": lambda ids, role, word: ("PATCH", f"users/{ids['user']}", {"role": role}),
    "shut out": lambda ids, role, word: ("PATCH", f"users/{ids['user']}", {"disabled": True}),
    "let in": lambda ids, role, word: ("PATCH", f"users/{ids['user']}", {"disabled": False}),
    "rename": lambda ids, role, word: ("PATCH", f"users/{ids['user']}", {"name": word}),
    "give an address": lambda ids, role, word: (
        "PATCH",
        f"users/{ids['user']}",
        {"email": f"{word}@example.org"},
    ),
    "set a password": lambda ids, role, word: (
        "PUT",
        f"users/{ids['user']}/password",
        {"password": "taken over by force"},
    ),
    "end sessions": lambda ids, role, word: ("DELETE", f"users/{ids['user']}/sessions", None),
    "remove a user": lambda ids, role, word: ("DELETE", f"users/{ids['user']}", None),
    "make a user": lambda ids, role, word: _post(
        "users", email=f"{word}@example.org", name=word, password=PASSWORD, role=role
    ),
    "invite": lambda ids, role, word: _post("invitations", email=f"{word}@example.org", role=role),
    "revoke": lambda ids, role, word: ("DELETE", f"invitations/{ids['invitation']}", None),
    "name an org": lambda ids, role, word: ("PATCH", f"orgs/{ids['org']}", {"name": word}),
    "limit an org": lambda ids, role, word: ("PATCH", f"orgs/{ids['slug']}", {"max_users": 99}),
    "give away": lambda ids, role, word: _post(f"orgs/{ids['org']}/transfer", user=ids["user"]),
    "close": lambda ids, role, word: ("DELETE", f"orgs/{ids['org']}?slug={ids['slug']}", None),
    "open": lambda ids, role, word: _post(f"orgs/{ids['slug']}/restore"),
    "make an org": lambda ids, role, word: _post("orgs", name=word, owner=f"{word}@example.org"),
    "switch": lambda ids, role, word: _post("auth/org", org=ids["slug"]),
}
USING = {
    "list users": lambda ids, role, word: ("GET", "users", None),
    "read a user": lambda ids, role, word: ("GET", f"users/{ids['user']}", None),
    "list invitations": lambda ids, role, word: ("GET", "invitations", None),
    "list orgs": lambda ids, role, word: ("GET", "orgs", None),
    "my orgs": lambda ids, role, word: ("GET", "me/orgs", None),
    "read an org": lambda ids, role, word: ("GET", f"orgs/{ids['org']}", None),
    "read by slug": lambda ids, role, word: ("GET", f"orgs/{ids['slug']}", None),
    "read a record": lambda ids, role, word: (
        "GET",
        f"collections/notes/records/{ids['record']}",
        None,
    ),
    "write a record": lambda ids, role, word: (
        "PATCH",
        f"collections/notes/records/{ids['record']}",
        {"data": {"title": word}},
    ),
    "delete a record": lambda ids, role, word: (
        "DELETE",
        f"collections/notes/records/{ids['record']}",
        None,
    ),
    "search": lambda ids, role, word: ("GET", f"search?q={ids['slug']}", None),
    "read a blob": lambda ids, role, word: ("GET", f"blobs/{ids['sha256']}", None),
    "list tokens": lambda ids, role, word: ("GET", "tokens", None),
    "revoke a token": lambda ids, role, word: ("DELETE", f"tokens/{ids['token']}", None),
    "list nodes": lambda ids, role, word: ("GET", "nodes", None),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))
        with RunningHub(tmp_path_factory.mktemp("hub")) as running:
            running.set_up()
            yield running


def test_three_orgs(hub):
    run_state_machine_as_test(
        lambda: ThreeOrgs(hub),
        settings=settings(
            max_examples=settings().max_examples // 10,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_calls_are_understood(hub):
    """An operation that is always refused as malformed would test nothing."""
    machine = ThreeOrgs(hub)
    machine.fill()
    tenant = machine.tenants[0]
    machine.invite(tenant, "member")
    ids = {kind: values[-1] for kind, values in tenant.ids.items()}
    for name, operation in (MANAGING | USING).items():
        method, path, body = operation(ids, "member", f"{tenant.word}{name.replace(' ', '')}")
        answer = tenant.clients[0].request(method, f"/api/v1/{path}", json=body)
        assert isinstance(answer, httpx2.Response)
        assert answer.status_code not in (400, 404, 405, 415, 422), f"{name}: {answer.text}"
        if name == "remove a user":
            ids["user"] = tenant.ids["user"][-2]
    machine.teardown()
