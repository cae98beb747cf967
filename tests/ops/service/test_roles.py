"""`unibos enable` and `disable`, with a systemd that only remembers."""

import itertools

import pytest

from unibos.base.board import detect
from unibos.base.errors import Conflict, NotFound, Unavailable
from unibos.ops.service.limits import limits
from unibos.ops.service.roles import Service, Settings
from unibos.ops.service.units import HUB, NODE, WORKER

NEITHER, BOTH = frozenset(), frozenset({"node", "hub"})
ANY = [frozenset(one) for n in range(3) for one in itertools.combinations(("node", "hub"), n)]


class Systemd:
    """Three units; ``broken`` ones do not start."""

    def __init__(self, installed=(NODE, HUB, WORKER)):
        self.installed = installed
        self.enabled, self.active = set(), set()
        self.broken = set()
        self.calls = []

    def __call__(self, words):
        verb, units = words[0], [one for one in words[1:] if one.endswith(".service")]
        if verb == "show":
            return 0, "loaded" if units[0] in self.installed else "not-found"
        if verb == "is-enabled":
            return 0, "enabled" if units[0] in self.enabled else "disabled"
        if verb == "is-active":
            return 0, "active" if units[0] in self.active else "inactive"
        self.calls.append(words)
        return self._change(verb, set(units))

    def _change(self, verb, units):
        if verb == "disable":
            self.enabled -= units
            self.active -= units
        elif verb == "enable":
            self.enabled |= units
        elif verb == "restart":
            self.active -= units
            if units & self.broken:
                return 1, "it does not start"
            self.active |= units
        return 0, ""


@pytest.fixture
def systemd():
    return Systemd()


@pytest.fixture
def service(tmp_path, systemd):
    def make(roles=("node",), *, named=False, **more):
        settings = Settings(frozenset(roles), named, **more)
        return Service(tmp_path, systemd, settings, "[Service]\n")

    return make


def runs(systemd):
    return systemd.enabled, systemd.active


@pytest.mark.parametrize("before", ANY, ids=sorted)
@pytest.mark.parametrize("asked", ANY[1:], ids=sorted)
def test_roles_are_added_and_taken_away(service, systemd, before, asked):
    if before:
        service().enable(before)
    assert service().enable(asked).roles == before | asked == service().roles()
    unit = {HUB} if before | asked == {"hub"} else {NODE}
    assert runs(systemd) == (unit, unit)
    left = before - asked
    assert service().disable(asked).roles == left == service().roles()
    unit = {HUB} if left == {"hub"} else {NODE} if left else set()
    assert runs(systemd) == (unit, unit)


def test_both_are_one_process_that_names_its_roles(service, tmp_path):
    service().enable(["node", "hub"])
    drop_in = tmp_path / "etc/systemd/system/unibos-node.service.d/50-roles.conf"
    assert "\nExecStart=\nExecStart=/usr/bin/unibos serve --role hub --role node\n" in (
        drop_in.read_text()
    )
    service().disable(["hub"])
    assert not drop_in.exists()


WITH_WORKER = [
    frozenset(one) for n in range(4) for one in itertools.combinations(("node", "hub", "worker"), n)
]


@pytest.mark.parametrize("colocated", [True, False])
@pytest.mark.parametrize("before", WITH_WORKER, ids=sorted)
@pytest.mark.parametrize("asked", WITH_WORKER[1:], ids=sorted)
def test_a_worker_is_added_and_taken_away_as_any_other(service, systemd, before, asked, colocated):
    own = service(colocated=colocated)
    if before:
        own.enable(before)
    found = own.enable(asked)
    assert found.roles == before | asked == own.roles()
    assert runs(systemd) == (set(found.units), set(found.units))
    left = own.disable(asked)
    assert left.roles == before - asked == own.roles()
    assert runs(systemd) == (set(left.units), set(left.units))


@pytest.mark.parametrize(
    ("role", "unit", "socket"), [("node", NODE, "unibos"), ("hub", HUB, "hub")]
)
def test_a_worker_of_its_own_does_the_heavy_jobs_of_who_is_beside_it(
    service, tmp_path, role, unit, socket
):
    assert service().enable([role, "worker"]).units == (unit, WORKER)
    folder = tmp_path / "etc/systemd/system"
    own = (folder / f"{WORKER}.d/55-worker.conf").read_text()
    assert f"UNIBOS_WORKER_SOURCE=/var/lib/unibos/{socket}.sock" in own
    assert "UNIBOS_JOBS_HEAVY=0" in (folder / f"{unit}.d/55-worker.conf").read_text()
    service().disable(["worker"])
    assert not list(folder.rglob("55-worker.conf"))


def test_a_worker_that_joined_another_leaves_the_node_its_jobs(service, tmp_path):
    service(joined=True).enable(["node", "worker"])
    assert not list(tmp_path.rglob("55-worker.conf"))


@pytest.mark.parametrize("main", [{"node"}, {"hub"}, {"node", "hub"}], ids=sorted)
def test_on_a_small_board_a_worker_is_part_of_the_process(service, tmp_path, main):
    found = service(colocated=True).enable({"worker", *main})
    assert found.units == (HUB if main == {"hub"} else NODE,)
    text = (tmp_path / f"etc/systemd/system/{found.units[0]}.d/50-roles.conf").read_text()
    named = " ".join(f"--role {one}" for one in sorted({"worker", *main}))
    assert f"ExecStart=/usr/bin/unibos serve {named}\n" in text


def test_the_file_of_settings_may_name_a_worker(service, systemd):
    both = {"node", "worker"}
    assert service(both, named=True).enable(both).units == (NODE,)
    assert service(both, named=True).roles() == both
    with pytest.raises(Conflict):
        service(both, named=True).disable(["worker"])
    assert service(["node"], named=True).enable(both).units == (NODE, WORKER)


def test_what_is_so_already_is_left_alone(service, systemd):
    assert service().enable(["node"]).changed
    systemd.calls.clear()
    assert not service().enable(["node"]).changed
    assert not service().disable(["hub"]).changed
    assert systemd.calls == []


def test_a_service_that_was_stopped_is_started(service, systemd):
    service().enable(["node"])
    systemd.active.clear()
    assert service().enable(["node"]).changed
    assert systemd.active == {NODE}


def test_roles_that_do_not_start_leave_all_as_it_was(service, systemd, tmp_path):
    service().enable(["node"])
    systemd.broken = {HUB}
    service().disable(["node"])
    with pytest.raises(Unavailable, match="does not start"):
        service().enable(["hub"])
    assert service().roles() == NEITHER
    assert runs(systemd) == (set(), set())
    assert list(tmp_path.rglob("*.conf")) == []


def test_the_file_of_settings_has_the_last_word(service, systemd):
    with pytest.raises(Conflict, match=r"hub, node") as refused:
        service(BOTH, named=True).enable(["node"])
    assert refused.value.code == "roles_in_settings"
    assert systemd.calls == []
    assert service(BOTH, named=True).enable(BOTH).roles == BOTH
    assert service(BOTH, named=True).disable(BOTH).roles == NEITHER


def test_without_the_units_nothing_is_done(tmp_path):
    systemd = Systemd(installed=())
    with pytest.raises(NotFound) as refused:
        Service(tmp_path, systemd, Settings(frozenset({"node"}), named=False), "").enable(["node"])
    assert refused.value.code == "no_service"
    assert systemd.calls == []


@pytest.mark.parametrize(
    ("profile", "memory", "share"),
    [("edge", "70%", 0.9), ("standard", "75%", 0.8), ("desktop", "50%", 0.8)],
)
def test_limits_follow_the_profile(profile, memory, share):
    board = detect(profile=profile)
    told = limits(board)
    assert f"MemoryMax={memory}" in told
    assert f"CPUQuota={round(board.cores * 100 * share)}%" in told
