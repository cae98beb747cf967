"""What another instance says in an error, and a node passes on to whoever asked it."""

import pytest

from tests.attacks.conftest import code, me
from unibos.base.problems import error_of
from unibos.transports.http.errors import problem

SPLIT = "1\r\nset-cookie: a=b"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, {"code": "too_many_attempts", "retry_after": SPLIT}),
        (503, {"code": "x", "retry_after": {"a": 1}}),
        (422, {"code": "range_unsatisfiable", "size": SPLIT}),
        (422, {"code": "range_unsatisfiable"}),
        (403, {"code": SPLIT, "detail": SPLIT, "hint": SPLIT, SPLIT: SPLIT}),
        (401, {"self": 1, "code": None, "detail": [1], "status": 200, "kind": "x"}),
        (599, "no problem document"),
        (200, None),
    ],
)
def test_no_header_is_made_of_it(status, told):
    answered, body, headers = problem(error_of(status, told))
    assert answered >= 400
    assert b"<script" not in body
    assert all(b"\r" not in part and b"\n" not in part for header in headers for part in header)


def test_a_right_that_the_hub_took_back_is_gone_on_the_node(home):
    """The token says the old role until it expires; the node hears that it is over."""
    email = "demoted@example.org"
    invited = home.hub.owner.post("/api/v1/invitations", json={"email": email}).json()
    id_ = home.hub.accept(invited["secret"]).login["user"]["id"]
    login = home.one.log_in(email)
    assert me(home.one, login["access_token"])[0] == 200
    change = home.hub.owner.patch(f"/api/v1/users/{id_}", json={"role": "viewer"})
    assert change.status_code == 200, change.text
    home.one.local().post("/api/v1/hub/check").raise_for_status()
    assert me(home.one, login["access_token"]) == (401, "session_ended")
    again = home.one.log_in(email)
    assert again["user"]["role"] == "viewer"
    written = home.one.client(again["access_token"]).post(
        "/api/v1/collections/notes/records", json={"data": {}}
    )
    assert code(written) == (403, "role_required")
