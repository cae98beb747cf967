import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unibos.core.identity.federation.trusted_time import STEP_MS, TrustedTime, boot_seconds
from unibos.core.store.store import Store

START = 1_767_225_600_000
DAY = 86_400_000


class Machine:
    """One box: real time passes, its wall clock shows what it likes, its store survives."""

    def __init__(self, store):
        self.store = store
        self.real = START
        self.skew = 0
        self.booted = START
        self.boot()

    def boot(self):
        self.booted = self.real
        self.time = TrustedTime(self.store, self.wall, self.monotonic)

    def wall(self):
        return max(0, self.real + self.skew)

    def monotonic(self):
        return (self.real - self.booted) / 1000

    def restart(self):
        self.time.keep(self.time.now())
        self.boot()


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "tester")
    yield opened
    opened.close()


@pytest.fixture
def machine(store):
    return Machine(store)


def test_without_a_hub_the_wall_clock_counts(machine):
    assert machine.time.now() == START
    machine.real += 5000
    assert machine.time() == START + 5000


def test_clock_that_is_set_back_changes_nothing(machine):
    machine.time.now()
    machine.skew = -30 * DAY
    machine.real += 1000
    assert machine.time.now() == START + 1000


def test_clock_set_back_across_a_restart_changes_nothing(machine):
    machine.real += DAY
    machine.restart()
    machine.skew = -30 * DAY
    machine.real += 5000
    assert machine.time.now() == START + DAY + 5000


def test_hub_is_believed_more_than_a_clock_that_runs_ahead(machine):
    machine.skew = 400 * DAY
    machine.restart()
    assert machine.time.now() == START + 400 * DAY
    machine.time.heard(START)
    machine.real += 2000
    assert machine.time.now() == START + 2000
    machine.skew = 0
    machine.restart()
    assert machine.time.now() == START + 2000


def test_hub_is_believed_more_than_a_clock_that_is_late(machine):
    machine.skew = -10 * DAY
    machine.boot()
    machine.time.heard(START + 7)
    assert machine.time.now() == START + 7


def test_expiry_that_was_told_is_kept_at_once(machine):
    machine.time.keep()
    machine.real += STEP_MS // 2
    expired = machine.real - 10
    machine.time.now()
    machine.time.keep(expired)
    machine.boot()
    machine.skew = -DAY
    machine.boot()
    assert machine.time.now() >= expired


def test_it_writes_once_a_minute_at_most_and_never_when_idle(machine):
    log = machine.store.path.with_name("node.db-wal")

    def written():
        return log.stat().st_size

    before = written()
    for _ in range(5):
        machine.time.now()
    assert written() == before
    machine.time.keep()
    once = written()
    assert once > before
    for _ in range(50):
        machine.real += 1000
        machine.time.keep()
    assert written() == once
    machine.real += STEP_MS
    machine.time.keep()
    assert written() > once


def test_seconds_since_boot_go_on():
    first = boot_seconds()
    assert 0 < first <= boot_seconds()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 40 * DAY)),
        st.tuples(st.just("set clock"), st.integers(-400 * DAY, 0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("hear"), st.just(0)),
        st.tuples(st.just("refuse"), st.just(0)),
        st.tuples(st.just("power cut"), st.just(0)),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("time"), "node", "tester")
    yield opened
    opened.close()


@given(steps)
@settings(max_examples=60, deadline=None)
def test_late_clocks_never_turn_it_back_past_what_was_kept(shared_store, story):
    shared_store.write(lambda tx: tx.connection.execute("DELETE FROM meta"))
    machine = Machine(shared_store)
    refused = 0
    for step, amount in story:
        before = machine.time.now()
        if step == "pass":
            machine.real += amount
        elif step == "set clock":
            machine.skew = amount
        elif step == "restart":
            machine.restart()
        elif step == "power cut":
            machine.boot()
            before = refused
        elif step == "hear":
            machine.time.heard(machine.real)
        else:
            refused = before
            machine.time.keep(refused)
        now = machine.time.now()
        assert now >= before
        assert now >= refused
        assert now <= machine.real
        if step == "hear":
            assert now == machine.real


@given(st.lists(st.integers(-400 * DAY, 4000 * DAY), max_size=8), st.booleans())
@settings(max_examples=40, deadline=None)
def test_whatever_the_clock_said_before_the_hub_puts_it_right(shared_store, skews, cut):
    shared_store.write(lambda tx: tx.connection.execute("DELETE FROM meta"))
    machine = Machine(shared_store)
    for skew in skews:
        machine.skew = skew
        machine.real += 1000
        machine.restart()
    machine.time.heard(machine.real)
    assert machine.time.now() == machine.real
    machine.time.keep()
    machine.skew = 0
    machine.boot() if cut else machine.restart()
    assert machine.time.now() == machine.real
