"""Whose address a request has, behind proxies and in front of liars."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.box import Running
from unibos.transports.http.proxies import Proxies, is_loopback

OURS = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
        ("127.0.0.1", ["198.51.100.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, _hidden, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("local", ["198.51.100.1"], "local"),
    ],
)
def test_the_nearest_hop_that_is_not_ours(peer, forwarded, client):
    assert OURS.client(peer, forwarded) == client


@given(st.lists(st.text(max_size=40), max_size=5))
def test_who_connects_directly_says_nothing_about_themselves(forwarded):
    assert OURS.client("192.0.2.7", forwarded) == "192.0.2.7"


@given(st.lists(st.text(max_size=40), max_size=5))
def test_what_stands_before_the_proxys_own_word_counts_for_nothing(forwarded):
    assert OURS.client("127.0.0.1", [*forwarded, "198.51.100.1"]) == "198.51.100.1"


def test_what_only_this_machine_reaches():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.0.2.7", "box.local", "")))


def guess(box, forwarded):
    """A try with a wrong password; the answer's code."""
    said = {"email": f"{forwarded}@example.org", "password": "wrong"}
    headers = {"x-forwarded-for": forwarded}
    return httpx2.post(f"{box.url}/api/v1/auth/login", json=said, headers=headers).json()["code"]


def test_a_guesser_who_makes_up_addresses_is_slowed_all_the_same(tmp_path):
    with Running(tmp_path) as box:
        box.set_up()
        codes = [guess(box, f"198.51.100.{number}") for number in range(22)]
    assert codes[:20] == ["login_failed"] * 20
    assert codes[-1] == "too_many_attempts"


def test_behind_a_declared_proxy_each_client_is_slowed_alone(tmp_path):
    with Running(tmp_path, {"node.proxies": "127.0.0.1"}) as box:
        box.set_up()
        codes = [guess(box, f"203.0.113.{number}, 198.51.100.1") for number in range(22)]
        assert codes[-1] == "too_many_attempts"
        assert guess(box, "198.51.100.2") == "login_failed"
