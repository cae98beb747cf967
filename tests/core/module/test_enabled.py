"""Modules that an org does not have answer so, and the others answer."""

import asyncio
from dataclasses import replace

import pytest

from unibos.base.errors import Forbidden
from unibos.base.ids import new_id
from unibos.core.identity.scope import Role, system_scope
from unibos.core.module.enabled import Enabled, guarded
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.module.manifest import Module
from unibos.core.store import orgs
from unibos.core.store.store import Store

CALL = Call({}, None, None, {}, "")


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "origin-a")
    yield opened
    opened.close()


async def answer(scope, call):
    return Answer({"org": scope.org})


async def answer_anybody(call):
    return Answer({})


MODULE = Module(
    "papers",
    endpoints=(
        Endpoint("GET", "/papers", answer, "Papers", {200: dict}, Role.VIEWER),
        Endpoint("GET", "/open", answer_anybody, "Open", {200: dict}, None),
    ),
)


def make(store, enabled=None):
    id_ = new_id()
    org = store.write(lambda tx: orgs.create(tx, id_, "Org", "team"), id_)
    enable(store, org, enabled)
    return org


def enable(store, org, enabled):
    changed = replace(org, enabled_modules=enabled)
    store.write(lambda tx: orgs.save(tx, changed), org.id)


def ask(store, endpoint, org):
    return asyncio.run(endpoint.handler(system_scope(store, org.id, "test"), CALL)).body


def test_an_org_has_all_modules_or_those_that_it_was_given(store):
    papers, _ = guarded(MODULE, Enabled(store))
    every, some, none = make(store), make(store, ("notes", "papers")), make(store, ())
    for org in (every, some):
        assert ask(store, papers, org) == {"org": org.id}
    with pytest.raises(Forbidden) as caught:
        ask(store, papers, none)
    assert (caught.value.code, caught.value.facts) == ("module_not_enabled", {"module": "papers"})
    assert Forbidden in papers.errors


def test_a_change_is_seen_at_once(store):
    papers, _ = guarded(MODULE, Enabled(store))
    org, other = make(store), make(store, ())
    assert ask(store, papers, org)
    enable(store, org, ("notes",))
    with pytest.raises(Forbidden):
        ask(store, papers, org)
    enable(store, org, ("papers",))
    assert ask(store, papers, org)
    with pytest.raises(Forbidden):
        ask(store, papers, other)


def test_what_is_known_is_not_asked_again(store, monkeypatch):
    papers, _ = guarded(MODULE, Enabled(store))
    org = make(store)
    scope = system_scope(store, org.id, "test")
    asyncio.run(papers.handler(scope, CALL))
    monkeypatch.setattr(store, "read", None)
    assert asyncio.run(papers.handler(scope, CALL)).body == {"org": org.id}


def test_what_is_open_stays_open(store):
    _, opened = guarded(MODULE, Enabled(store))
    assert opened is MODULE.endpoints[1]
