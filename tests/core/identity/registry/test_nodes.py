"""Nodes that joined: who they are, how they do, and how their membership ends."""

import pytest

from tests.core.identity.registry.hubs import REPORT, T0, Node, refusal
from unibos.base.errors import StorageFull
from unibos.core.identity.registry import presence
from unibos.core.identity.registry.hub_statement import verify_statement
from unibos.core.identity.registry.membership import verify_membership
from unibos.core.identity.scope import Role
from unibos.core.identity.signing.revocations import read_revocations
from unibos.core.store import nodes, orgs

DAY = 86_400


def revoked_of(hub, org):
    return read_revocations(hub.lists.signed(org), hub.key.id, org).nodes


@pytest.fixture
def written(hub, monkeypatch):
    """How many nodes' reports were written so far."""
    count = []
    keep = nodes.keep_reports

    def counted(tx, told):
        told = list(told)
        count.extend(told)
        keep(tx, told)

    monkeypatch.setattr(nodes, "keep_reports", counted)
    return count


def test_a_machine_is_a_viewer_of_the_org_that_the_registry_says(hub):
    node = hub.node(hub.other)
    scope = node.scope()
    assert (scope.org, scope.role, scope.operator) == (hub.other, Role.VIEWER, False)
    assert (scope.principal.kind, scope.principal.id) == ("node", node.id)
    assert scope.principal.name == "kitchen"
    assert scope.store.org == hub.other


def test_an_instance_that_never_joined_is_nobody(hub):
    hub.node()
    assert refusal(Node(hub).scope) == "machine_token_invalid"
    assert hub.registry._nodes.find("nobody") is None


def test_a_heartbeat_tells_how_a_node_is(hub):
    node = hub.node()
    hub.clock.pass_(DAY)
    node.call(clock=hub.clock.ms + 4000, disk_free=5, disk_total=9, temperature_c=51.5)
    (one,) = hub.listed()
    assert (one.skew_ms, one.disk_free, one.disk_total) == (4000, 5, 9)
    assert one.temperature_c == 51.5
    assert one.seen_at > one.joined_at
    assert hub.run(hub.registry.get(hub.admin(), node.id)) == one


def test_a_heartbeat_hears_what_has_changed(hub):
    node = hub.node()
    first = node.call()
    assert (first.time, first.org.id, first.membership) == (hub.clock.ms, hub.org, None)
    hub.run(hub.keys.rotate())
    hub.run(hub.registry.rename(hub.admin(), node.id, "cellar"))
    other = hub.node(name="hall")
    hub.run(hub.registry.revoke(hub.admin(), other.id))
    hub.change_org(hub.org, plan="team")
    second = node.call()
    assert (second.name, second.org.plan) == ("cellar", "team")
    assert second.keys_version != first.keys_version
    assert second.revocations_version != first.revocations_version
    assert (
        other.id
        in read_revocations(hub.registry.revocations(node.scope()), hub.key.id, hub.org).nodes
    )


def test_nodes_do_not_call_in_step(hub):
    node = hub.node()
    told = {node.call().interval_seconds for _ in range(100)}
    assert min(told) >= 24
    assert max(told) <= 36
    assert len(told) > 5


def test_a_membership_is_renewed_when_a_third_of_it_is_over(hub):
    node = hub.node()
    hub.clock.pass_(30 * DAY)
    assert node.call().membership is None
    hub.clock.pass_(1)
    renewed = node.call().membership
    member = verify_membership(renewed, hub.key.id, hub.clock.ms)
    assert member.expires_at - hub.clock.ms > 89 * DAY * 1000
    assert node.call().membership is None
    hub.crash()
    assert node.call().membership is None


def test_a_membership_from_a_wrong_clock_is_replaced(hub):
    hub.clock.ms += 400 * DAY * 1000
    node = hub.node()
    hub.clock.ms -= 400 * DAY * 1000
    assert verify_membership(node.call().membership, hub.key.id, hub.clock.ms)
    assert node.call().membership is None


def test_a_full_disk_does_not_stop_the_heartbeats(hub, monkeypatch):
    node = hub.node()
    hub.clock.pass_(31 * DAY)

    def full(*_):
        raise StorageFull("storage_full", "The disk is full.")

    monkeypatch.setattr(nodes, "renew", full)
    monkeypatch.setattr(nodes, "keep_reports", full)
    assert node.call(version="0.2.0").membership
    assert hub.listed()[0].version == "0.2.0"


@pytest.mark.parametrize(
    ("silence", "state"),
    [(0, "online"), (89, "online"), (90, "late"), (299, "late"), (300, "offline")],
)
def test_silence_makes_late_then_offline(hub, silence, state):
    node = hub.node()
    node.call()
    hub.clock.pass_(silence)
    assert hub.states() == {"kitchen": state}
    assert hub.registry.counts(hub.org) == {state: 1}
    assert hub.registry.counts(None) == {state: 1}
    assert hub.registry.counts(hub.other) == {}
    node.call()
    assert hub.states() == {"kitchen": "online"}


def test_a_wall_clock_that_jumps_declares_nobody_offline(hub):
    hub.node().call()
    hub.clock.ms += 400 * DAY * 1000
    assert hub.states() == {"kitchen": "online"}


def test_a_start_declares_nobody_worse_before_the_time(hub):
    hub.node()
    hub.clock.pass_(DAY)
    hub.node(name="hall").call()
    hub.restart(down=5 * DAY)
    assert hub.states() == {"kitchen": "offline", "hall": "online"}
    hub.clock.pass_(89)
    assert hub.states()["hall"] == "online"
    hub.clock.pass_(1)
    assert hub.states()["hall"] == "late"
    hub.clock.pass_(210)
    assert hub.states()["hall"] == "offline"


def test_restarts_in_a_row_declare_nobody_worse(hub):
    node = hub.node()
    hub.clock.pass_(DAY)
    node.call()
    for _ in range(5):
        hub.restart(down=3600)
        hub.clock.pass_(60)
    assert hub.states() == {"kitchen": "online"}


def test_after_a_crash_the_doubt_is_in_the_nodes_favour(hub):
    node = hub.node()
    hub.clock.pass_(DAY)
    hub.restart()
    assert hub.states() == {"kitchen": "offline"}
    node.call()
    hub.clock.pass_(601)
    node.call()
    hub.clock.ms += DAY * 1000
    hub.crash()
    assert hub.states() == {"kitchen": "online"}


def test_a_quiet_node_costs_no_writes(hub, written):
    node = hub.node()
    for _ in range(2 * 60):
        hub.clock.pass_(30)
        node.call(disk_free=hub.clock.ms % 1000, uptime_seconds=int(hub.clock.up))
    assert written == []
    hub.stop()
    assert len(written) == 1
    hub.start()


def test_another_version_is_written_once_within_ten_minutes(hub, written):
    node = hub.node()
    for _ in range(60):
        hub.clock.pass_(30)
        node.call(version="0.2.0")
    assert len(written) == 1
    hub.crash()
    assert hub.listed()[0].version == "0.2.0"


def test_when_a_node_was_last_seen_is_written_once_it_is_gone(hub, written):
    gone, stays = hub.node(name="gone"), hub.node(name="stays")
    hub.clock.pass_(100)
    gone.call()
    seen = {one.name: one.seen_at for one in hub.listed()}["gone"]
    for _ in range(60):
        hub.clock.pass_(30)
        stays.call()
    assert len(written) == 1
    hub.crash()
    assert {one.name: one.seen_at for one in hub.listed()}["gone"] == seen


def test_a_hub_without_nodes_writes_nothing(hub):
    def state():
        return {path.name: path.read_bytes() for path in hub.folder.iterdir() if path.is_file()}

    hub.restart()
    before = state()
    hub.clock.pass_(3600)
    hub.listed()
    refusal(Node(hub).scope)
    assert state() == before
    hub.restart()
    assert state().keys() == before.keys()
    assert hub.store.read(presence.kept_as_of) == 0


def test_a_revoked_node_is_refused_at_its_next_call(hub):
    node = hub.node()
    scope = node.scope()
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    assert refusal(node.scope) == "node_revoked"
    for ask in (
        lambda: hub.run(hub.registry.heartbeat(scope, REPORT)),
        lambda: hub.run(hub.registry.leave(scope)),
        lambda: hub.registry.revocations(scope),
    ):
        assert refusal(ask) == "node_revoked"
    assert hub.states() == {"kitchen": "revoked"}
    assert revoked_of(hub, hub.org) == {node.id}
    assert revoked_of(hub, hub.other) == frozenset()
    hub.restart()
    assert refusal(node.scope) == "node_revoked"
    assert hub.states() == {"kitchen": "revoked"}


def test_the_refusal_of_a_revoked_node_does_not_depend_on_its_clock(hub):
    node = hub.node()
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    node.ahead = -400 * DAY * 1000
    assert refusal(node.scope) == "node_revoked"


def test_revoking_twice_is_revoking(hub):
    node = hub.node()
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    (first,) = hub.listed()
    hub.clock.pass_(60)
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    assert hub.listed()[0].revoked_at == first.revoked_at


def test_only_a_revoked_node_goes_out_of_the_list(hub):
    node = hub.node()
    assert refusal(lambda: hub.run(hub.registry.remove(hub.admin(), node.id))) == "node_active"
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    hub.run(hub.registry.remove(hub.admin(), node.id))
    assert hub.listed() == []
    assert refusal(node.scope) == "machine_token_invalid"
    assert node.id in revoked_of(hub, hub.org)


def test_a_node_leaves_by_itself(hub):
    node = hub.node()
    scope = node.scope()
    hub.run(hub.registry.leave(scope))
    assert hub.listed() == []
    assert refusal(node.scope) == "machine_token_invalid"
    assert refusal(lambda: hub.run(hub.registry.heartbeat(scope, REPORT))) == (
        "machine_token_invalid"
    )
    assert node.id in revoked_of(hub, hub.org)


def test_people_cannot_speak_for_nodes(hub):
    assert refusal(lambda: hub.run(hub.registry.heartbeat(hub.admin(), REPORT))) == "node_required"
    assert refusal(lambda: hub.run(hub.registry.leave(hub.admin()))) == "node_required"


def test_a_name_is_taken_once(hub):
    node, other = hub.node(), hub.node(name="hall")
    taken = hub.registry.rename(hub.admin(), node.id, other.name)
    assert refusal(lambda: hub.run(taken)) == "node_name_taken"
    same = hub.run(hub.registry.rename(hub.admin(), node.id, " kitchen "))
    assert same.name == "kitchen"
    assert refusal(lambda: hub.run(hub.registry.rename(hub.admin(), node.id, "\n"))) == (
        "name_invalid"
    )


def test_another_orgs_nodes_are_not_there(hub):
    node = hub.node()
    stranger = hub.admin(hub.other)
    for ask in (
        lambda: hub.registry.get(stranger, node.id),
        lambda: hub.registry.rename(stranger, node.id, "mine"),
        lambda: hub.registry.revoke(stranger, node.id),
        lambda: hub.registry.remove(stranger, node.id),
    ):
        assert refusal(lambda ask=ask: hub.run(ask())) == "node_not_found"
    assert hub.listed(hub.other) == []
    assert node.scope().org == hub.org


def test_changes_are_for_admins(hub):
    node, member = hub.node(), hub.admin(role=Role.MEMBER)
    for ask in (
        lambda: hub.registry.rename(member, node.id, "mine"),
        lambda: hub.registry.revoke(member, node.id),
        lambda: hub.registry.remove(member, node.id),
    ):
        assert refusal(lambda ask=ask: hub.run(ask())) == "role_required"
    assert len(hub.run(hub.registry.page(member)).items) == 1


def test_the_list_has_pages(hub):
    made = sorted(hub.node(name=f"n{number}").id for number in range(5))
    page = hub.run(hub.registry.page(hub.admin(), 3))
    rest = hub.run(hub.registry.page(hub.admin(), 3, page.next))
    assert [one.id for one in (*page.items, *rest.items)] == made
    assert rest.next is None
    bad = hub.registry.page(hub.admin(), 3, "x" * 65)
    assert refusal(lambda: hub.run(bad)) == "cursor_invalid"


def test_nodes_of_an_org_that_closes_wait(hub):
    node, other = hub.node(), hub.node(hub.other)
    assert node.scope()
    hub.change_org(hub.org, delete_after=T0 + DAY * 1000)
    assert refusal(node.scope) == "org_closing"
    assert other.scope()
    hub.change_org(hub.org, delete_after=None)
    assert node.scope()


def test_nodes_of_an_org_that_is_gone_are_nobody(hub):
    node = hub.node()
    assert node.scope()

    def purge(tx):
        tx.connection.execute("DELETE FROM nodes WHERE org = ?", (tx.org,))
        tx.connection.execute("DELETE FROM join_tokens WHERE org = ?", (tx.org,))
        tx.connection.execute("DELETE FROM orgs WHERE id = ?", (tx.org,))
        tx.changed(orgs.TOPIC, tx.org)

    hub.store.write(purge, hub.org)
    assert refusal(node.scope) == "machine_token_invalid"
    assert hub.registry._nodes.known(hub.org, node.id) is None


def test_memory_grows_by_nodes_that_joined_not_by_what_asks(hub):
    node = hub.node()
    for number in range(1000):
        assert hub.registry._nodes.find(f"nobody-{number}") is None
    assert list(hub.registry._nodes._known) == [node.id]


def test_a_report_of_a_later_version_is_no_trouble(hub):
    node = hub.node()
    rows = [('{"another": "shape"}', T0, hub.org, node.id)]
    hub.crash()
    hub.store.write(lambda tx: nodes.keep_reports(tx, rows))
    hub.restart()
    assert hub.listed()[0].version is None
    node.call()
    assert hub.listed()[0].version == REPORT.version


def test_the_statement_is_the_hubs(hub):
    said = verify_statement(hub.registry.statement(), hub.registry.hub)
    assert (said.tls, said.urls) == ("ab" * 32, ("https://hub.example.org:8000",))
