import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import TooMany
from unibos.core.identity import throttle
from unibos.core.identity.throttle import Kind, Throttle

OWNER = throttle.account("owner@example.org")
HERE = throttle.address("192.0.2.7")


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


def wait(slow, *keys):
    """Seconds to wait before the next try; 0 when it may pass."""
    try:
        slow.check(*keys)
    except TooMany as refused:
        return refused.facts["retry_after"]
    return 0


def test_free_tries_then_doubling_up_to_the_cap(time):
    slow = Throttle(time)
    waits = []
    for _ in range(16):
        waits.append(wait(slow, OWNER))
        time.now += waits[-1]
        slow.failed(OWNER)
    assert waits[:5] == [0, 0, 0, 0, 0]
    assert waits[5:9] == [1, 2, 4, 8]
    assert waits[-1] == Kind.ACCOUNT.cap


def test_address_has_more_free_tries_and_a_longer_wait(time):
    slow = Throttle(time)
    for _ in range(Kind.ADDRESS.free - 1):
        slow.failed(HERE)
    assert wait(slow, HERE) == 0
    for _ in range(30):
        slow.failed(HERE)
    assert wait(slow, HERE) == Kind.ADDRESS.cap
    assert wait(slow, OWNER) == 0
    assert wait(slow, OWNER, HERE) == Kind.ADDRESS.cap


def test_refused_try_does_not_make_it_longer(time):
    slow = Throttle(time)
    for _ in range(8):
        slow.failed(OWNER)
    before = wait(slow, OWNER)
    assert before == 8
    with pytest.raises(TooMany) as refused:
        slow.check(HERE, OWNER)
    assert refused.value.code == "too_many_attempts"
    assert refused.value.facts == {"retry_after": before}
    time.now += before - 0.5
    assert wait(slow, OWNER) == 1
    time.now += 0.5
    assert wait(slow, OWNER) == 0


def test_success_clears_the_account_and_not_the_address(time):
    slow = Throttle(time)
    for _ in range(40):
        slow.failed(OWNER, HERE)
    slow.logged_in("owner@example.org", "192.0.2.7")
    assert wait(slow, OWNER) == 0
    assert wait(slow, HERE) > 0


def test_guesses_from_elsewhere_do_not_keep_the_owner_out(time):
    slow = Throttle(time)
    slow.logged_in("owner@example.org", "192.0.2.7")
    for _ in range(40):
        slow.failed(*slow.of_login("owner@example.org", "198.51.100.1"))
    assert wait(slow, *slow.of_login("owner@example.org", "192.0.2.8")) == Kind.ACCOUNT.cap
    assert wait(slow, *slow.of_login("owner@example.org", "192.0.2.7")) == 0
    # Nobody gets at that counter by what they type as an address.
    for typed in ("owner@example.org 192.0.2.7", "192.0.2.7 owner@example.org"):
        for _ in range(40):
            slow.failed(throttle.account(typed))
    assert wait(slow, *slow.of_login("owner@example.org", "192.0.2.7")) == 0


def test_guesses_from_a_known_address_are_slowed_like_any(time):
    slow = Throttle(time)
    slow.failed(OWNER)
    slow.logged_in("owner@example.org", "192.0.2.7")
    keys = slow.of_login("owner@example.org", "192.0.2.7")
    for _ in range(Kind.FAMILIAR.free):
        assert wait(slow, *keys) == 0
        slow.failed(*keys)
    assert wait(slow, *keys) > 0
    assert wait(slow, OWNER) == 0


def test_known_addresses_are_bounded_and_the_oldest_go_first(time):
    slow = Throttle(time, limit=3)
    for number in range(4):
        slow.logged_in(f"{number}@example.org", "192.0.2.7")
    familiar = [slow.of_login(f"{n}@example.org", "192.0.2.7")[0][0] for n in range(4)]
    assert familiar == [Kind.ACCOUNT, Kind.FAMILIAR, Kind.FAMILIAR, Kind.FAMILIAR]


def test_failures_fade(time):
    slow = Throttle(time)
    for _ in range(5):
        slow.failed(OWNER)
    time.now += 5 * throttle.FADE_SECONDS
    for _ in range(4):
        slow.failed(OWNER)
    assert wait(slow, OWNER) == 0
    slow.failed(OWNER)
    assert wait(slow, OWNER) == 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100_000)), max_size=60))
def test_wait_never_exceeds_the_cap(steps):
    time = Time()
    slow = Throttle(time)
    for fails, passes in steps:
        if fails:
            slow.failed(OWNER)
        time.now += passes
        assert 0 <= wait(slow, OWNER) <= Kind.ACCOUNT.cap


def test_memory_is_bounded_and_the_oldest_go_first(time):
    slow = Throttle(time, limit=10)
    for _ in range(6):
        slow.failed(OWNER)
    for number in range(9):
        slow.failed(throttle.account(f"{number}@example.org"))
    assert wait(slow, OWNER) > 0
    slow.failed(throttle.account("one.more@example.org"))
    assert wait(slow, OWNER) == 0
    assert len(slow._counts) == 10


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%wlan0", True),
        ("", "", True),
        ("", "192.0.2.7", False),
        ("unix", "socket", False),
    ],
)
def test_addresses_that_count_as_one(one, other, same):
    assert (throttle.address(one) == throttle.address(other)) is same


def test_account_and_address_never_share_a_counter(time):
    slow = Throttle(time)
    for _ in range(30):
        slow.failed(throttle.account("192.0.2.7"))
    assert wait(slow, HERE) == 0


def test_failure_that_is_taken_back_was_none():
    clock = [0.0]
    slow = Throttle(lambda: clock[0])
    key, other = throttle.account("a"), throttle.address("192.0.2.1")
    for _ in range(100):
        slow.check(key, other)
        slow.failed(key, other)
        slow.undo(key, other)
    for _ in range(5):
        slow.failed(key)
    with pytest.raises(TooMany):
        slow.check(key)
    slow.undo(key)
    slow.check(key)
    slow.undo(other)
    slow.check(other)
