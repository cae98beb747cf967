import jwt
import pytest

from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.scope import Role
from unibos.core.identity.signing.jwk import public_jwk
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations, read_revocations
from unibos.core.identity.tokens import AccessReader, OwnIssuer
from unibos.core.identity.users import UserChange
from unibos.core.store import revocations as rows

DAY = 86_400_000


@pytest.fixture
def hub(owned):
    """An instance with signing keys, and so with nodes that want to be told."""
    SigningKeys(owned.store, owned.key, wall=owned.clock.wall)
    owned.lists = Revocations(owned.store, owned.key)
    owned.org = owned.identity.org
    return owned


def read(hub):
    return read_revocations(hub.lists.signed(hub.org), hub.key.id, hub.org)


def issued_at(hub, login):
    return AccessReader(OwnIssuer(hub.key)).read(login.access_token).issued_at


def test_nobody_is_revoked_at_first(hub):
    known = read(hub)
    assert (known.org, known.users, known.sessions, known.nodes) == (
        hub.org,
        {},
        frozenset(),
        frozenset(),
    )
    assert known.version == hub.lists.version(hub.org)
    assert hub.clock.ms <= known.issued_at <= hub.clock.ms + 10


def test_a_changed_password_ends_what_was_issued_before_it(hub):
    scope = hub.scope(hub.first)
    again = hub.run(
        hub.identity.change_password(scope, "four unrelated words", "four other words", "")
    )
    known = read(hub)
    assert known.revoked(hub.first.user.id, scope.session, issued_at(hub, hub.first))
    session = hub.scope(again).session
    assert not known.revoked(again.user.id, session, issued_at(hub, again))
    assert not known.revoked("another", session, 0)


def test_logging_out_ends_one_session(hub):
    other = hub.login()
    scope = hub.scope(other)
    hub.run(hub.identity.logout(scope))
    known = read(hub)
    assert known.sessions == {scope.session}
    assert known.users == {}
    assert known.revoked(other.user.id, scope.session, hub.clock.ms)
    kept = hub.scope(hub.first).session
    assert not known.revoked(hub.first.user.id, kept, issued_at(hub, hub.first))


@pytest.mark.parametrize("cause", ["everywhere", "disabled", "removed", "role", "ended"])
def test_what_ends_an_account_ends_all_of_it(hub, cause):
    boss, users = hub.identity.local_scope(0), hub.identity.users
    scope = hub.member(Role.ADMIN)
    id_ = scope.principal.id
    login = hub.login("member@example.org")
    act = {
        "everywhere": lambda: hub.identity.logout(scope, everywhere=True),
        "disabled": lambda: users.change(boss, id_, UserChange(disabled=True)),
        "removed": lambda: users.remove(boss, id_),
        "role": lambda: users.change(boss, id_, UserChange(role=Role.VIEWER)),
        "ended": lambda: users.end_sessions(boss, id_),
    }[cause]
    hub.run(act())
    known = read(hub)
    assert set(known.users) == {id_}
    assert known.revoked(id_, "any", issued_at(hub, login))
    assert not known.revoked(id_, "any", issued_at(hub, hub.login()))


def test_a_new_name_ends_nothing(hub):
    scope = hub.member()
    before = hub.lists.version(hub.org)
    hub.run(hub.identity.users.change(scope, scope.principal.id, UserChange(name="New")))
    assert hub.lists.version(hub.org) == before


def test_a_refused_change_revokes_nobody(hub):
    boss = hub.identity.local_scope(0)
    with pytest.raises(Exception, match="last owner"):
        hub.run(hub.identity.users.remove(boss, hub.first.user.id))
    assert read(hub).users == {}


def test_a_node_keeps_no_list(owned):
    owned.run(owned.identity.logout(owned.scope(owned.first), everywhere=True))
    assert owned.store.read(rows.listing, owned.identity.org)[0] == []


def test_a_node_is_revoked_and_joins_again(hub):
    hub.store.write(lambda tx: rows.revoke_node(tx, "node"), hub.org)
    assert read(hub).nodes == {"node"}
    hub.store.write(lambda tx: rows.pardon_node(tx, "node"), hub.org)
    assert read(hub).nodes == frozenset()


def test_version_and_text_stay_until_something_changes(hub):
    version, text = hub.lists.version(hub.org), hub.lists.signed(hub.org)
    hub.clock.advance(seconds=5)
    hub.login()
    assert (hub.lists.version(hub.org), hub.lists.signed(hub.org)) == (version, text)
    hub.run(hub.identity.logout(hub.scope(hub.first)))
    assert hub.lists.version(hub.org) != version
    again = Revocations(hub.store, hub.key)
    assert again.version(hub.org) == hub.lists.version(hub.org) == read(hub).version
    again.close()


def test_lists_are_an_orgs_own(hub):
    hub.run(hub.identity.logout(hub.scope(hub.first), everywhere=True))
    other = read_revocations(hub.lists.signed("other"), hub.key.id, "other")
    assert other.users == {}


def test_what_can_no_longer_matter_is_forgotten(hub):
    scope = hub.scope(hub.login())
    hub.run(hub.identity.logout(scope))
    member = hub.member()
    hub.run(hub.identity.logout(member, everywhere=True))
    hub.clock.advance(days=1)
    hub.restart()
    hub.login()
    hub.lists = Revocations(hub.store, hub.key)
    assert read(hub).sessions == frozenset()
    assert set(read(hub).users) == {member.principal.id}
    hub.clock.advance(days=31)
    hub.store.write(lambda tx: rows.revoke_session(tx, "s"), hub.org)
    counted = hub.store.read(
        lambda view: view.connection.execute("SELECT kind, id FROM revocations").fetchall()
    )
    assert counted == [("session", "s")]


def test_the_list_is_bounded(hub, monkeypatch):
    monkeypatch.setattr(rows, "MAX_SESSIONS", 3)
    for number in range(5):
        hub.store.write(lambda tx, n=number: rows.revoke_session(tx, f"s{n}"), hub.org)
    assert read(hub).sessions == {"s2", "s3", "s4"}


def test_a_clock_that_goes_back_pardons_nobody(hub):
    hub.store.write(lambda tx: rows.revoke_user(tx, "user"), hub.org)
    first = read(hub)
    hub.clock.ms -= DAY
    hub.store.write(lambda tx: rows.revoke_user(tx, "user"), hub.org)
    again = read(hub)
    assert first.users["user"] < again.users["user"]
    assert first.issued_at < again.issued_at


def forged(hub, **changes):
    key = changes.pop("key", hub.key)
    kind = changes.pop("typ", "revocations+jwt")
    jwk = changes.pop("jwk", public_jwk(key.public))
    claims = {
        "iss": hub.key.id,
        "org": hub.org,
        "iat": 1,
        "version": "v",
        "users": {},
        "sessions": [],
        "nodes": [],
    } | changes
    return jwt.encode(claims, key.private, "EdDSA", headers={"typ": kind, "jwk": jwk})


def test_only_the_hub_signs_lists_and_only_for_the_org(hub, tmp_path):
    other = InstanceKey.open(tmp_path / "other")
    assert read_revocations(forged(hub), hub.key.id, hub.org).version == "v"
    for token in (
        forged(hub, key=other),
        forged(hub, key=other, iss=other.id),
        forged(hub, key=other, jwk=public_jwk(hub.key.public)),
        forged(hub, iss="other"),
        forged(hub, org="other"),
        forged(hub, typ="at+jwt"),
        forged(hub, users=[]),
        forged(hub, users={"a": "b"}),
        forged(hub, iat="now"),
        forged(hub, jwk=7),
        "",
        "a.b.c",
        "x" * 5_000_000,
    ):
        with pytest.raises(Unauthenticated) as error:
            read_revocations(token, hub.key.id, hub.org)
        assert error.value.code == "statement_invalid"
