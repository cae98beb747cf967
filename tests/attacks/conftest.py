"""A hub with two orgs and their nodes, for attackers to try."""

from contextlib import ExitStack
from types import SimpleNamespace

import httpx2
import pytest

from tests.box import PASSWORD, Running, RunningHub
from tests.machine import Machine
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort

MEMBER = "member@example.org"
STRANGER = "stranger@example.net"


@pytest.fixture(scope="module", autouse=True)
def cheap_hashes():
    """What is tried here is how often a hash is made, never how dear it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A hub with the orgs Home and Other; nodes ``one`` and ``two`` are Home's, ``theirs`` is
    Other's. A member of Home has logged in on ``one``."""
    with ExitStack() as stack:

        def run(kind, name):
            return stack.enter_context(kind(tmp_path_factory.mktemp(name)))

        hub = run(RunningHub, "hub")
        hub.set_up()
        other = hub.second_org("Other", STRANGER)
        invited = hub.owner.post("/api/v1/invitations", json={"email": MEMBER}).json()
        member = hub.accept(invited["secret"])
        one, two, theirs = (run(Running, name) for name in ("one", "two", "theirs"))
        one.set_up()
        for node, asker in ((one, hub.owner), (two, hub.owner), (theirs, other.client)):
            node.join(hub.join_token(asker))
        login = one.log_in(MEMBER)
        yield SimpleNamespace(
            hub=hub, one=one, two=two, theirs=theirs, other=other, member=member, login=login
        )


@pytest.fixture
def hub(tmp_path):
    """A hub of its own, for attacks that leave traces."""
    with RunningHub(tmp_path / "hub") as running:
        running.set_up()
        yield running


@pytest.fixture
def machine(hub, tmp_path):
    """A node of that hub's own org."""
    found = Machine(tmp_path / "machine", hub.client())
    found.enroll(hub.join_token()).raise_for_status()
    return found


def code(answer: httpx2.Response) -> tuple[int, str]:
    """What an answer refuses with."""
    return answer.status_code, answer.json().get("code")


def sent_as_it_is(machine: Machine, method: str, path: str, body: str) -> httpx2.Response:
    """A JSON body that no encoder made, sent by a node or a worker."""

    def send(token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return machine._client.request(method, path, content=body.encode(), headers=headers)

    answer = send(machine.token())
    if answer.status_code == 401:
        # The source's clock is another one.
        answer = send(machine.token(answer.json()["time"]))
    return answer


def me(box, token: str) -> tuple[int, str]:
    """What a token opens."""
    return code(nobody(box).get("/api/v1/me", headers={"authorization": f"Bearer {token}"}))


def log_in(box, email: str, password: str = PASSWORD, **headers: str) -> httpx2.Response:
    """A login, whatever comes of it."""
    said = {"email": email, "password": password}
    return nobody(box).post("/api/v1/auth/login", json=said, headers=headers)


def nobody(box) -> httpx2.Client:
    """Who has not logged in; always the same client, for many tries."""
    if not hasattr(box, "nobody"):
        box.nobody = box.client()
    return box.nobody
