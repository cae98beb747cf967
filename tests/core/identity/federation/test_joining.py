"""Joining, and what is left of it after every way in which it can be cut short."""

from contextlib import suppress

import pytest
from msgspec.structs import replace

from tests.core.identity.federation.boxes import Box, LimitedHub
from tests.core.identity.registry.hubs import Node, refusal
from unibos.base.errors import Damaged
from unibos.core.identity.identity import Identity
from unibos.core.identity.registry.membership import issue_membership
from unibos.core.store import accounts, collections, hub_users, meta, records, search
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema

NOTES = Collection("notes", Schema({"type": "object"}), search=Search("title"))


@pytest.fixture
def hub(tmp_path):
    made = LimitedHub(tmp_path / "hub")
    yield made
    made.stop()
    made.runner.close()


@pytest.fixture
def box(tmp_path, hub):
    made = Box(tmp_path / "node", hub)
    yield made
    with suppress(Exception):
        made.stop()


def users(box):
    return [one.email for one in box.store.read(lambda v: accounts.page(v, "", 9), box.org)]


def test_what_was_there_before_belongs_to_the_org(box, hub):
    home = box.store.org(box.home)
    home.write(lambda tx: collections.declare(tx, NOTES))
    draft = NOTES.draft({"title": "Groceries"})
    made = home.write(lambda tx: records.create(tx, "notes", draft))

    joined = box.join()
    assert (joined.stage, joined.hub_name, joined.node_name) == ("pending", "Hub", "kitchen")
    assert box.restarts == 1
    assert box.org == box.home
    assert box.joining.online is False

    box.restart()
    assert box.state.joined.org.id == box.org == hub.org
    there = box.store.org(hub.org)
    kept = there.read(lambda view: records.get(view, "notes", made.id))
    assert kept == made
    assert [hit.id for hit in there.read(lambda view: search.find(view, "groceries"))] == [made.id]
    assert users(box) == ["owner@example.org"]
    assert (box.org_row().name, box.org_row().plan) == ("smith", "self_hosted")
    assert hub.states() == {"kitchen": "online"}
    before = box.store.org(box.home)
    assert before.read(lambda view: search.find(view, "groceries")) == []


def test_the_membership_is_checked_by_the_hub_s_id_alone(box, hub):
    membership = box.joined().state.membership
    assert (membership.hub, membership.node, membership.org) == (hub.key.id, box.key.id, hub.org)


def test_the_hub_may_call_the_node_otherwise(box, hub):
    hub.node(name="attic")
    assert box.join(name="attic").node_name == "attic-2"


def test_a_second_hub_is_refused(box, hub):
    box.join()
    assert refusal(box.join) == "already_joined"
    box.restart()
    assert refusal(box.join) == "already_joined"


def test_joining_twice_at_the_same_time_is_joining_once(box, hub):
    text = hub.token(uses=2).format()
    first, second = hub.all(box.joining.join(text), box.joining.join(text))
    assert first.stage == "pending"
    assert second.code == "already_joined"
    assert box.restarts == 1


@pytest.mark.parametrize("text", ["", "unibos-join-", "unibos-join-e30", "http://hub", "x" * 9000])
def test_what_is_no_token_goes_nowhere(box, hub, text):
    assert refusal(lambda: hub.run(box.joining.join(text))) == "join_string_invalid"
    assert box.closed == 0


def test_what_the_hub_refuses_changes_nothing(box, hub):
    token = hub.token()
    Node(hub)
    hub.run(Node(hub).enroll(token.secret))
    assert refusal(lambda: box.join(token)) == "join_token_used"
    late = hub.token()
    hub.clock.pass_(3600 * 24 * 40)
    assert refusal(lambda: box.join(late)) == "join_token_expired"
    assert (box.state.kept, box.restarts) == (None, 0)


def test_a_token_that_this_machine_s_clock_believes_expired_is_tried(box, hub):
    box.wall_ms += 400 * 86_400_000
    assert box.join().stage == "pending"


def test_an_answer_that_was_lost_is_asked_for_again(box, hub):
    token = hub.token()
    box.loses_answers = True
    assert refusal(lambda: box.join(token)) == "hub_unreachable"
    assert box.state.kept is None
    box.restart()
    assert box.state.kept is None
    box.loses_answers = False
    assert box.join(token).stage == "pending"
    assert len(hub.listed()) == 1


def test_the_power_fails_before_the_restart(box, hub):
    box.join()
    box.hub.run(box.joining.stop())
    box.store.close()
    box.start()
    assert (box.state.joined.stage, box.org) == ("joined", hub.org)
    box.restart()
    assert (box.state.joined.stage, box.org) == ("joined", hub.org)


def spoilt(hub, box):
    """Answers that do not prove what they say."""
    now = hub.clock.ms
    other = Node(hub)
    raw = other.key.public.public_bytes_raw()
    mine = box.key.public.public_bytes_raw()
    hub.other_list = hub.lists.signed(hub.other)
    return {
        "another node's": {"membership": issue_membership(hub.key, hub.org, raw, now)},
        "another org's": {"membership": issue_membership(hub.key, hub.other, mine, now)},
        "not the hub's": {"membership": issue_membership(other.key, hub.org, mine, now)},
        "expired": {"membership": issue_membership(hub.key, hub.org, mine, now - 10**11)},
        "no membership": {"membership": "none"},
        "no keys": {"keys": "[]"},
        "another org's revocations": {"revocations": hub.other_list},
        "another hub": {"hub": other.key.id},
    }


@pytest.mark.parametrize(
    "what",
    [
        "another node's",
        "another org's",
        "not the hub's",
        "expired",
        "no membership",
        "no keys",
        "another org's revocations",
        "another hub",
    ],
)
def test_an_answer_that_proves_nothing_is_not_kept(box, hub, what):
    change = spoilt(hub, box)[what]
    box.spoil = lambda answer: replace(answer, **change)
    assert refusal(box.join) == "hub_answer_wrong"
    assert (box.state.kept, box.restarts) == (None, 0)


def test_without_room_on_the_disk_nobody_is_asked(box, hub):
    box.room = False
    assert refusal(box.join) == "no_room_to_join"
    assert hub.listed() == []


def test_a_look_at_a_token_changes_nothing(box, hub):
    token = hub.token()
    seen = hub.run(box.joining.preview(token.format()))
    assert (seen.hub, seen.hub_name, seen.url) == (hub.key.id, "Hub", token.urls[0])
    assert seen.expires_at == token.exp * 1000
    assert (box.state.kept, hub.listed()) == (None, [])
    assert box.join(token).stage == "pending"


def hub_user(box):
    def keep(tx):
        hub_users.save(
            tx,
            hub_users.HubUser(
                "u", "member@example.org", "member@example.org", "Member", "member", "v", 1, 2
            ),
        )

    box.store.write(keep, box.org)


def test_leaving_keeps_everything_but_the_hub(box, hub):
    hub.change_org(hub.org, max_users=3, plan="starter", enabled_modules=("notes",))
    box.joined()
    hub_user(box)
    assert (box.org_row().max_users, box.org_row().enabled_modules) == (3, ("notes",))
    box.leave()
    assert (box.state.kept, box.restarts) == (None, 2)
    box.restart()
    assert (box.state.kept, box.joining.link, box.org) == (None, None, hub.org)
    assert users(box) == ["owner@example.org"]
    assert box.store.read(hub_users.ids, box.org) == []
    assert (box.org_row().plan, box.org_row().max_users) == ("self_hosted", None)
    assert box.org_row().enabled_modules is None
    assert hub.listed() == []


def test_leaving_without_the_hub_has_to_be_meant(box, hub):
    box.joined()
    box.unplugged = True
    assert refusal(box.leave) == "hub_unreachable"
    assert box.state.joined is not None
    box.leave(force=True)
    assert box.state.kept is None
    assert refusal(box.leave) == "not_joined"


def test_who_left_may_join_another_org(box, hub):
    box.joined()
    box.leave()
    box.restart()
    box.join(hub.token(hub.other))
    box.restart()
    assert (box.org, users(box)) == (hub.other, ["owner@example.org"])


def test_joining_the_same_org_again_rewrites_nothing(box, hub):
    box.joined()
    box.leave()
    box.restart()
    assert box.joined().org == hub.org
    assert users(box) == ["owner@example.org"]


def test_a_revoked_node_keeps_its_own(box, hub, tmp_path):
    box.joined()
    hub_user(box)
    hub.run(hub.registry.revoke(hub.admin(), box.key.id))
    assert refusal(box.beat) == "node_revoked"
    assert (box.state.kept.stage, box.state.joined, box.restarts) == ("revoked", None, 2)
    box.restart()
    assert (box.state.kept.stage, box.joining.link) == ("revoked", None)
    assert box.store.read(hub_users.ids, box.org) == []
    assert (box.org, users(box)) == (hub.org, ["owner@example.org"])
    assert refusal(box.beat) == "not_joined"


def test_a_revoked_node_may_join_anew_or_forget(box, hub):
    box.joined()
    hub.run(hub.registry.revoke(hub.admin(), box.key.id))
    assert refusal(box.beat) == "node_revoked"
    box.restart()
    box.joined()
    assert box.state.joined.hub == hub.key.id
    hub.run(hub.registry.revoke(hub.admin(), box.key.id))
    box.leave()
    assert box.state.kept is None


def test_who_lost_every_owner_with_the_hub_gets_a_setup_code(box, hub):
    box.joined()
    box.store.write(lambda tx: accounts.remove(tx, box.owner.id), box.org)
    hub.run(hub.registry.revoke(hub.admin(), box.key.id))
    assert refusal(box.beat) == "node_revoked"
    box.restart()
    identity = Identity(box.store, box.key, box.folder)
    assert identity.setup_code is not None
    identity.close()


def test_a_copied_database_makes_nobody_a_member(box, hub, caplog):
    box.joined()
    box.stop()
    (box.folder / "instance.key").unlink()
    box.key = type(box.key).open(box.folder)
    box.start()
    assert box.state.joined is None
    assert "another instance's" in caplog.text


def test_a_state_that_cannot_be_read_is_damage(box):
    box.store.write(lambda tx: meta.put(tx, "hub", '{"stage": "odd"}'))
    box.store.close()
    with pytest.raises(Damaged):
        box.start()
