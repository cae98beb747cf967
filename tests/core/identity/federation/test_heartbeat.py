"""Heartbeats: what a node hears by them, what it keeps of it, and their pace."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.identity.federation.boxes import Box, LimitedHub
from tests.core.identity.registry.hubs import Node, refusal
from unibos.core.identity.federation.heartbeat import LONGEST_WAIT_S, Heartbeat
from unibos.core.identity.link import Pulse
from unibos.core.identity.registry.membership import RENEWED_MS, issue_membership
from unibos.core.identity.signing.revocations import read_revocations
from unibos.core.store import revocations


@pytest.fixture
def hub(tmp_path):
    made = LimitedHub(tmp_path / "hub")
    yield made
    made.stop()
    made.runner.close()


@pytest.fixture
def box(tmp_path, hub):
    """A node that joined, before its first heartbeat."""
    made = Box(tmp_path / "node", hub).joined()
    yield made
    with suppress(Exception):
        made.stop()


def told(box):
    """What listeners of the state hear."""
    heard = []
    box.state.listen(heard.append)
    return heard


def test_an_idle_heartbeat_writes_nothing(box):
    heard = told(box)
    box.beat()
    before = box.written()
    for _ in range(20):
        box.hub.clock.pass_(30)
        box.up += 30
        box.beat()
    assert (box.written(), heard, box.asked) == (before, [], [])


def test_the_hub_hears_how_the_node_is(box, hub):
    box.beat()
    assert [(one.name, one.state.value, one.board) for one in hub.listed()] == [
        ("kitchen", "online", "pi4")
    ]


def test_new_keys_are_fetched_once(box, hub):
    heard = told(box)
    hub.run(hub.keys.rotate())
    box.beat()
    box.beat()
    assert box.asked == ["keys"]
    assert box.state.joined.keys == hub.keys.jwks()
    assert heard == [box.state.joined]
    box.restart()
    assert box.state.joined.keys == hub.keys.jwks()


def test_a_new_list_of_revocations_is_fetched_once(box, hub):
    hub.store.write(lambda tx: revocations.revoke_user(tx, "u"), hub.org)
    box.beat()
    box.beat()
    assert box.asked == ["revocations"]
    kept = read_revocations(box.state.joined.revocations, hub.key.id, hub.org)
    assert kept.revoked("u", "s", hub.clock.ms - 1)


def test_a_name_and_limits_come_along(box, hub):
    heard = told(box)
    hub.run(hub.registry.rename(hub.admin(), box.key.id, "pantry"))
    hub.change_org(hub.org, name="Smiths", max_storage_gb=5, enabled_modules=("notes",))
    box.beat()
    assert box.state.joined.node_name == "pantry"
    row = box.org_row()
    assert (row.name, row.max_storage_gb, row.enabled_modules) == ("Smiths", 5, ("notes",))
    assert len(heard) == 1


def test_a_membership_renews_itself(box, hub):
    before = box.state.membership.expires_at
    hub.clock.pass_((before - hub.clock.ms - RENEWED_MS) / 1000 + 60)
    box.beat()
    assert box.state.membership.expires_at > before
    box.restart()
    assert box.state.membership.expires_at > before


def pulses(change):
    return lambda answer: replace(answer, **change) if isinstance(answer, Pulse) else answer


def test_what_is_not_the_hub_s_is_not_kept(box, hub):
    before = box.state.joined
    raw = Node(hub).key.public.public_bytes_raw()
    other = issue_membership(hub.key, hub.org, raw, hub.clock.ms)
    for change, code in (
        ({"org": hub.facts(hub.other)}, "hub_answer_wrong"),
        ({"membership": other}, "hub_answer_wrong"),
        ({"membership": "none"}, "statement_invalid"),
    ):
        box.spoil = pulses(change)
        assert refusal(box.beat) == code
        assert (box.joining.online, box.joining.contact.trouble) == (False, code)
    foreign = hub.lists.signed(hub.other)
    box.spoil = lambda answer: (
        foreign if isinstance(answer, str) else replace(answer, revocations_version="new")
    )
    assert refusal(box.beat) == "statement_invalid"
    box.spoil = lambda answer: (
        "[]" if isinstance(answer, str) else replace(answer, keys_version="new")
    )
    assert refusal(box.beat) == "jwks_invalid"
    assert box.state.joined == before
    box.spoil = lambda answer: answer
    box.beat()
    assert (box.joining.online, box.joining.contact.trouble) == (True, "")


def test_where_the_hub_was_reached_is_not_forgotten(box):
    box.joining.contact.url = "https://192.0.2.1:8000"
    box.spoil = pulses({"urls": ["https://new.example.org"]})
    box.beat()
    assert box.state.joined.urls == ["https://new.example.org", "https://192.0.2.1:8000"]
    box.joining.contact.url = "https://new.example.org"
    box.beat()
    assert box.state.joined.urls == ["https://new.example.org"]
    box.spoil = pulses({"urls": []})
    box.joining.contact.url = ""
    box.beat()
    assert box.state.joined.urls == ["https://new.example.org"]


def test_a_certificate_that_was_pinned_anew_is_kept(box):
    box.joining.contact.certificate = "PEM"
    box.beat()
    assert box.state.joined.certificate == "PEM"


def test_online_is_what_was_answered_lately(box, hub):
    assert box.joining.online is False
    box.beat()
    contact = box.joining.contact
    assert box.joining.online is True
    assert (contact.last_ms, contact.skew_ms) == (hub.clock.ms, box.wall_ms - hub.clock.ms)
    silence = 3 * contact.interval_seconds
    contact._at -= silence - 5
    assert box.joining.online is True
    contact._at -= 10
    assert box.joining.online is False
    box.beat()
    box.unplugged = True
    assert refusal(box.beat) == "hub_unreachable"
    assert (box.joining.online, contact.trouble) == (False, "hub_unreachable")


def test_the_node_goes_by_the_hub_s_time(box, hub):
    hub.clock.pass_(1_000_000)
    box.beat()
    assert box.time.now() == hub.clock.ms


def test_trouble_is_told_once(box, caplog):
    caplog.set_level("INFO")
    box.unplugged = True
    for _ in range(3):
        assert refusal(box.beat) == "hub_unreachable"
    box.unplugged = False
    box.beat()
    assert caplog.text.count("no heartbeat") == 1
    assert caplog.text.count("the hub is back") == 1


def test_it_begins_at_once_and_ends_when_told(box, hub):
    async def live():
        box.joining.start()
        await asyncio.wait_for(box.beats.wait(), 30)

    hub.run(live())
    box.restart()
    assert box.closed == 2


def test_what_else_reached_the_hub_has_it_asked_at_once(box, hub):
    box.unplugged = True

    async def live():
        box.joining.start()
        while not box.joining.contact.trouble:
            await asyncio.sleep(0)
        box.unplugged = False
        box.joining.contact.reached()
        while not box.joining.online:
            box.beats.clear()
            await asyncio.wait_for(box.beats.wait(), 30)

    hub.run(live())


def test_a_defect_does_not_end_it(box, hub, caplog, monkeypatch):
    monkeypatch.setattr(Heartbeat, "wait_s", lambda _: 0)
    broken = iter([ValueError("odd")])

    def spoil(answer):
        for error in broken:
            raise error
        return answer

    box.spoil = spoil

    async def live():
        box.joining.start()
        while not box.joining.online:
            box.beats.clear()
            await asyncio.wait_for(box.beats.wait(), 30)

    hub.run(live())
    assert "the heartbeat failed" in caplog.text


def test_it_ends_with_the_membership(box, hub, monkeypatch):
    monkeypatch.setattr(Heartbeat, "wait_s", lambda _: 0)
    hub.run(hub.registry.revoke(hub.admin(), box.key.id))

    async def live():
        box.joining.start()
        await asyncio.wait_for(box.joining._heartbeat._task, 30)

    hub.run(live())
    assert (box.state.kept.stage, box.restarts) == ("revoked", 2)


@given(interval=st.integers(1, 3600), failures=st.integers(0, 1000))
def test_the_pace_is_the_hub_s_and_slower_while_it_is_away(interval, failures):
    class Pace:
        interval_seconds = interval

    heartbeat = Heartbeat(None, None, Pace, None, None)
    heartbeat._failures = failures
    wait = heartbeat.wait_s()
    if failures:
        assert interval / 2 <= wait <= max(LONGEST_WAIT_S, interval)
    else:
        assert wait == interval


def test_nodes_do_not_come_back_at_the_same_moment():
    class Pace:
        interval_seconds = 30

    heartbeat = Heartbeat(None, None, Pace, None, None)
    heartbeat._failures = 9
    assert len({round(heartbeat.wait_s(), 3) for _ in range(100)}) > 90
